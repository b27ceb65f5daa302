"""Tests of what the benchmarks print and feed on; nothing here measures."""
