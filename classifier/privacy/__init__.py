"""Retention, erasure and what an author may ask for."""
