"""The toolkit of training's pages."""
