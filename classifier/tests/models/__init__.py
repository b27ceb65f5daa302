"""Tests of the classifier's models."""
