"""The pages: each view parses, asks one service or selector, and renders."""
