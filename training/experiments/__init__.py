"""Experiments: starting, running, following, resuming and registering training runs."""
