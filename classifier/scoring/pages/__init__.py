"""Pages: the box that classifies a text, the verdict and the words behind it."""
