"""Endpoints: webhooks and their deliveries."""
