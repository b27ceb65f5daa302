"""Quotas of keys, what they used, and the pages about them."""
