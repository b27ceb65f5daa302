"""Comments: submission, edits, what they answer to, search, one's own."""
