"""The search space and objectives of sweeps."""
