"""Tests of the classifier's services."""
