"""Perspective's wire format, `commentanalyzer` v1alpha1."""
