"""The verbs of training's commands, a few a module; the commands only gather them."""
