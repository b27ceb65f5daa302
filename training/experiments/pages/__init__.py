"""Pages: experiments and their comparison."""
