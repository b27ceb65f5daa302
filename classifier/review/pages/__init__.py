"""Pages: the review queue and its decisions."""
