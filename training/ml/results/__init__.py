"""Recorded runs, their plots and the results page."""
