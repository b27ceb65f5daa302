"""Endpoints: compared calls and score maps."""
