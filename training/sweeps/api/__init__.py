"""Endpoints: sweeps."""
