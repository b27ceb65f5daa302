"""The mixture that the starter learns from: which rows of which sources, and rows made by rule."""
