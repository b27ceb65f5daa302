"""Pages: the list of keys, one key, a new key."""
