"""What a backup or a restore could not do, in a sentence for the operator."""


class BackupError(Exception):
    """The backup or restore cannot be done; nothing was changed."""
