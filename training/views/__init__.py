"""The pages about training: each view parses, asks one service or selector, and renders."""
