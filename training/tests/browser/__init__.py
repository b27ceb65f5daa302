"""Tests of the training pages in a real Chromium."""
