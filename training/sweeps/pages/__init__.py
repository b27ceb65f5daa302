"""Pages: sweeps."""
