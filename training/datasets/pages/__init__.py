"""Pages: datasets and their rows."""
