"""Pages: the review queue and what is decided there."""
