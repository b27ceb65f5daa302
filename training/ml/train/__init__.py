"""The training loop, its losses, and sharing batches among devices."""
