"""Endpoints: datasets."""
