"""How a run's process says what came of it: by its exit code, and by one sentence that says what to do.

Texts of comments never get into a sentence.
"""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass

DONE, FAILED, STOPPED, NO_ROOM = 0, 2, 3, 4  # exit codes
LESS_MEMORY = "lower loop.token_budget or data.max_length, or turn on loop.gradient_checkpointing, and resume"
KILLED = f"The run was killed by the system, most likely because memory ran out: {LESS_MEMORY}."
LONGEST = 300
# What torch says when an allocation fails; on a CPU it is a plain RuntimeError.
NO_MEMORY = re.compile(
    r"out of memory|can't allocate|cannot allocate|DefaultCPUAllocator|not enough memory|CUBLAS_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
# What pyarrow and datasets raise on a file that is not what its name says; their messages may quote its content.
BROKEN_FILES = {
    "ArrowInvalid",
    "DatasetGenerationError",
    "DatasetGenerationCastError",
    "DataFilesNotFoundError",
}
# What gloo, NCCL and torch's store say when the process at the other end is gone.
LOST_PEER = re.compile(
    r"connection (was )?(closed|reset)|broken pipe|timed out|socket timeout|remote process exited|NCCL",
    re.IGNORECASE,
)
DISK_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """`kind` is for programs, `message` for people."""

    kind: str
    message: str


def failure(error: BaseException) -> Failure:
    """Return what `error`, or what caused it, means for the person who started the run."""
    from training.ml.config import ConfigError
    from training.ml.data.tables import DataError
    from training.ml.encoders.layers import LayerSelectionError
    from training.ml.encoders.loading import BaseModelError

    chain = list(_chain(error))
    if any(_is_disk_full(cause) for cause in chain):
        return Failure(
            "disk", "The disk is full: free some space, then resume; the run goes on from its checkpoint."
        )
    if any(_is_out_of_memory(cause) for cause in chain):
        return Failure("memory", f"Memory ran out: {LESS_MEMORY}.")
    if any(type(cause).__name__ in BROKEN_FILES for cause in chain):
        return Failure("data", "The dataset's files are damaged or hold no table: make the dataset again.")
    if isinstance(error, DataError):
        return Failure("data", f"The dataset cannot be used: {_short(error)}")
    if isinstance(error, BaseModelError):
        return Failure("teacher", f"The teacher or base model cannot be loaded: {_short(error)}")
    if isinstance(error, (ConfigError, LayerSelectionError)):
        return Failure("config", f"The configuration does not fit: {_short(error)}")
    if isinstance(error, FloatingPointError):
        return Failure(
            "loss", f"The loss is no longer a finite number: lower loop.learning_rate. ({_short(error)})"
        )
    if isinstance(error, PermissionError):
        return Failure("files", f"A file may not be read or written: {error.filename or 'see the log'}.")
    return Failure("unknown", f"The run stopped on an unexpected {type(error).__name__}; its log says where.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return DISK_FULL.search(str(error)) is not None  # safetensors and arrow report it in words only


def is_lost_peer(error: BaseException) -> bool:
    """Return whether `error` only says that another process of a run on several devices is gone."""
    return (
        isinstance(error, RuntimeError)
        and not _is_out_of_memory(error)
        and LOST_PEER.search(str(error)) is not None
    )


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)) is not None


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} …"
