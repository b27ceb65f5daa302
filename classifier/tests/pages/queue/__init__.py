"""Tests of the review queue's pages."""
