"""Frozen datasets: reading what people bring, cutting splits, mixing, and the parquet files that never change."""
