"""Encoders: loading, choosing and copying layers, adapters, prediction, calibration."""
