"""Pages: the dashboard."""
