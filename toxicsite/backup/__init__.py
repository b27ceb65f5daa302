"""Backup and restore of a whole installation: the database, the folders of artifacts, and the secret key by choice."""
