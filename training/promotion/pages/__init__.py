"""Pages: model versions and their shadow."""
