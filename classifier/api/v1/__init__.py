"""Version 1 of the API: comments and scoring, one module an endpoint."""
