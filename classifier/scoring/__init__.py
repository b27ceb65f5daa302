"""From a text to its verdict: the worker, requests that wait, comments that are pending."""
