"""Pages: a person's notices, and the channels."""
