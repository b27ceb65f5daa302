"""Endpoints: submit, list, read and follow comments."""
