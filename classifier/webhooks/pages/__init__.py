"""Pages: webhooks and their deliveries."""
