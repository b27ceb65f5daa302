"""Tests of the classifier's worker."""
