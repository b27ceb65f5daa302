"""supervisord whose logs may fail: `python -m toxicsite.launcher.supervisord -n -c FILE`.

The original ends when it cannot write a line of a log, and takes down every program that it runs: a full disk would
stop the site for good. Here such a line is left out, and once there is room again the log says how many were. Nothing
else is changed.
"""

import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, cast

from supervisor import loggers
from supervisor.supervisord import main


class ForgivingFileHandler(loggers.RotatingFileHandler):  # type: ignore[misc]
    """A log file without a buffer that is opened again when it has to be, and never raises OSError."""

    def __init__(self, filename: str, mode: str = "ab", maxBytes: int = 0, backupCount: int = 0) -> None:  # noqa: N803
        loggers.Handler.__init__(self)
        self.baseFilename, self.maxBytes, self.backupCount = filename, maxBytes, backupCount
        self.stream: FileIO | None = None
        self.left_out = 0
        with suppress(OSError):
            self._opened()

    def emit(self, record: Any) -> None:
        message = record.msg
        if not (isinstance(message, bytes) and self.fmt == "%(message)s"):
            message = (self.fmt % record.asdict()).encode("utf-8", "backslashreplace")
        try:
            if self.left_out:
                _write_whole(self._opened(), b"\n(%d pieces are missing here)\n" % self.left_out)
                self.left_out = 0
            _write_whole(self._opened(), message)
        except OSError:
            self.left_out += 1
            self.close()
        with suppress(OSError):
            self.doRollover()

    def flush(self) -> None:
        """Do nothing, since no line waits in a buffer."""

    def close(self) -> None:
        if self.stream is not None:
            with suppress(OSError):
                self.stream.close()
            self.stream = None

    def reopen(self) -> None:
        self.close()
        with suppress(OSError):
            self._opened()

    def doRollover(self) -> None:  # noqa: N802 (supervisor's name)
        if not 0 < self.maxBytes <= self._opened().tell():
            return
        self.close()
        names = [self.baseFilename, *(f"{self.baseFilename}.{n}" for n in range(1, self.backupCount + 1))]
        for older, newer in reversed(list(zip(names[1:], names, strict=False))):
            self.removeAndRename(newer, older)

    def _opened(self) -> FileIO:
        if self.stream is None:
            self.stream = Path(self.baseFilename).open("ab", buffering=0)  # noqa: SIM115 (it stays open)
        return self.stream


class ForgivingOutput:
    """Standard output or error, which go to a file, too."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def run() -> None:
    """Be supervisord, with handlers of ours in the place where it looks for its own."""
    loggers.FileHandler = loggers.RotatingFileHandler = ForgivingFileHandler
    sys.stdout, sys.stderr = cast(Any, ForgivingOutput(sys.stdout)), cast(Any, ForgivingOutput(sys.stderr))
    main()


def _write_whole(stream: FileIO, data: bytes) -> None:
    """Write all of `data`; a disk that is nearly full takes it in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


if __name__ == "__main__":
    run()
