"""Users: their roles, the sources they see, signing in."""
