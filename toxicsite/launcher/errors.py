"""The one exception that ends a launcher command: a sentence for the person at the terminal, no traceback."""


class LauncherError(Exception):
    """The command cannot go on; the message is one sentence that says why and what helps."""
