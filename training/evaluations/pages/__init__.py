"""Pages: evaluations and test suites."""
