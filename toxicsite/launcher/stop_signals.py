"""The signals that ask a launcher to stop: Ctrl-C, a terminal that goes away, SIGTERM."""

import signal
from collections.abc import Callable
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_stop_signals(handler: Callable[[int, FrameType | None], object]) -> None:
    """Let `handler` answer every one of them."""
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def ignore_stop_signals() -> None:
    """Do nothing on any of them; SIG_IGN would be inherited by children, and races with a signal on its way."""
    on_stop_signals(lambda number, frame: None)
