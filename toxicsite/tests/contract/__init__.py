"""What users and programs rely on, as the last release had it: URL names, the API, commands, settings."""
