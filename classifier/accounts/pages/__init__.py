"""Pages: signing in, users and their roles."""
