"""Comments: submission, edits, context, search, and the list of one's own."""
