"""A finished model as a folder: weights, manifest, model card, provenance."""
