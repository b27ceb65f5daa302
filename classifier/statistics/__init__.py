"""Numbers of the site by day and source: the dashboard and drift."""
