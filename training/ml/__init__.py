"""Learning code: data, layer selection, losses, recipes, evaluation, export. Pure Python, no Django."""
