"""Datasets: uploads, hub data, mixtures, decisions of moderators, corrected labels."""
