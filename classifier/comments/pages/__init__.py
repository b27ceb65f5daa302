"""Pages: the list of comments and one comment."""
