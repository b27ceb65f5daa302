"""Reading, sampling, batching and describing data."""
