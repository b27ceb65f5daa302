"""Tests of the classifier's admin."""
