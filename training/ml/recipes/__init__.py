"""The recipes, each told in one file: config, data, model, loop, report."""
