"""Retraining from decisions, at once or by a plan."""
