"""Turning text into probabilities: pure Python, shared by the worker, the commands and training."""
