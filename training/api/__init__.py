"""The REST API of training under /api/v1/: the verbs of its pages and commands, one module a thing."""
