"""Webhooks: events, the outbox, delivery, retries, signatures."""
