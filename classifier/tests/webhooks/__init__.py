"""Webhooks: what is kept for whom, what is sent where, and what is done when nobody takes it."""
