"""What can go wrong between a model's folder and a score, named for what happened."""


class InferenceError(Exception):
    """The parent of every error in this package; its text is a sentence for the person who runs the site."""


class ArtifactInvalid(InferenceError):
    """The folder is not a model that this program reads: a file, a field or a tensor is missing, foreign or odd."""


class ArtifactMismatch(InferenceError):
    """A file's bytes are not the ones that the manifest promises."""


class BackendUnavailable(InferenceError):
    """The chosen way to run a model does not exist on this machine or not for this architecture."""


class TextTooLong(InferenceError):
    """A text needs more windows than the limit allows; nothing of it was scored."""

    def __init__(self, index: int, windows: int, limit: int) -> None:
        super().__init__(
            f"text {index} needs {windows} windows to be scored whole, the limit is {limit} (max_windows)"
        )
        self.index, self.windows, self.limit = index, windows, limit


class ScoreNotFinite(InferenceError):
    """The model answered with something that is not a number."""
