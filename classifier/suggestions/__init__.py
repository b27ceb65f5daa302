"""Suggested scores from clients, for training."""
