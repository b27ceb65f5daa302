"""From a text to its verdict: the worker, synchronous requests, and comments that are pending."""
