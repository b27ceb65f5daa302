"""Notices that a comment has its verdict: published by the worker after commit, heard by whoever waits."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from toxicsite.lib.broker import BLOCK_SLICE_SECONDS, broker_errors, client, key


def announce(comment_ids: Sequence[int]) -> None:
    """Publish that these comments have left `pending`."""
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        for comment_id in comment_ids:
            pipe.publish(_channel(comment_id), "")
        pipe.execute()


@contextmanager
def comment_subscription(comment_id: int) -> Iterator[Callable[[float], bool]]:
    """Listen for the verdict on a comment; the given function waits that many seconds and says whether it came.

    The subscription stands before the block runs, so looking at the database inside it misses nothing.
    """
    with broker_errors(), client().pubsub(ignore_subscribe_messages=False) as listener:
        listener.subscribe(_channel(comment_id))
        listener.get_message(timeout=BLOCK_SLICE_SECONDS)  # the confirmation

        def heard(seconds: float) -> bool:
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                message = listener.get_message(timeout=min(left, BLOCK_SLICE_SECONDS))
                if message and message["type"] == "message":
                    return True
            return False

        yield heard


def _channel(comment_id: int) -> str:
    return key(f"comment:{comment_id}")
