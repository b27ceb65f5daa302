"""Formats for English, the one language of this site."""
