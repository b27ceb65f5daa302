"""Sweeps: hyper-parameter search over experiments."""
