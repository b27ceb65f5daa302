"""The toolkit of training's endpoints."""
