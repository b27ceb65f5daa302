"""Pages: reference services, comparisons, score maps."""
