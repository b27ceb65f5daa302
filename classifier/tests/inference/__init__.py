"""Tests of the pure inference room."""
