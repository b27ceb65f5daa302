"""Evaluations and test suites of model versions."""
