"""Endpoints: model versions."""
