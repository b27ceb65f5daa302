"""Chaos: faults at random into a running site under load, and a count of what was lost, doubled or stuck."""
