"""Endpoints: experiments, recipes, plans."""
