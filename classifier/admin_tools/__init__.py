"""The toolkit of the Django administration: one read-only admin that features declare, columns, filters and actions."""
