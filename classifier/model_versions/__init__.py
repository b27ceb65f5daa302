"""Model versions: registering, activating, rolling back, scoring silently beside the active one."""
