"""One story a file: config, data, model, loop, report."""
