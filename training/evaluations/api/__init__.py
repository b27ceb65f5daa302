"""Endpoints: evaluations and test suites."""
