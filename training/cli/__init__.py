"""The toolkit of training's commands."""
