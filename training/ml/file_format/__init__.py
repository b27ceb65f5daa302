"""Frozen datasets: reading uploaded files, cutting splits, mixing, and the parquet files that never change."""
