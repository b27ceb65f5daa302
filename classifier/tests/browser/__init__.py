"""Tests of the pages in a real Chromium, with a real worker."""
