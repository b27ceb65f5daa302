"""Notices that a comment has its verdict: published by the worker after commit, heard by whoever waits for it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from redis.client import PubSub

from classifier.models import Comment, CommentStatus
from classifier.scoring.heartbeat import a_worker_lives
from toxicsite.lib.broker import BLOCK_SLICE_SECONDS, NoBroker, broker_errors, client, key

_of_thread = threading.local()


def announce(comment_ids: Sequence[int]) -> None:
    """Publish that these comments have left `pending`."""
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        for comment_id in comment_ids:
            pipe.publish(_channel(comment_id), "")
        pipe.execute()


@contextmanager
def comment_subscription(comment_id: int) -> Iterator[Callable[[float], bool]]:
    """Listen for the verdict on a comment; the given function waits that many seconds and says whether it came.

    The subscription stands before the block runs, so looking at the database inside it misses nothing. A thread
    keeps its connection from one subscription to the next.
    """
    channel = _channel(comment_id).encode()
    with broker_errors():
        listener = _listener()

        def heard(seconds: float, kind: str = "message") -> bool:
            """Whether a message of this kind came on our channel; those of earlier subscriptions are passed over."""
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                message = listener.get_message(timeout=min(left, BLOCK_SLICE_SECONDS))
                if message and message["type"] == kind and message["channel"] == channel:
                    return True
            return False

        try:
            listener.subscribe(channel)
            if not heard(BLOCK_SLICE_SECONDS, "subscribe"):
                raise NoBroker("Redis does not answer.")
            yield heard
            listener.unsubscribe(channel)
        except BaseException:
            listener.close()
            _of_thread.listener = None
            raise


def _listener() -> PubSub:
    """This thread's own; a fresh one when Redis was changed under us (in tests) or failed."""
    listener: PubSub | None = getattr(_of_thread, "listener", None)
    if listener is None or listener.connection_pool is not client().connection_pool:
        listener = _of_thread.listener = client().pubsub()
    return listener


def _channel(comment_id: int) -> str:
    return key(f"comment:{comment_id}")


def comment_wait(*, comment_id: int, deadline: float) -> Comment:
    """Wait up to `deadline` seconds for the verdict; return the comment, still pending when none came.

    Returns at once when no worker is there to wait for.
    """
    end = time.monotonic() + deadline
    try:
        with comment_subscription(comment_id) as heard:
            if _is_pending(comment_id) and a_worker_lives():
                heard(end - time.monotonic())
    except NoBroker:
        pass  # nobody can tell us; what the database says now is the honest answer
    return Comment.objects.with_verdict().get(pk=comment_id)


def _is_pending(comment_id: int) -> bool:
    status = Comment.objects.filter(pk=comment_id).values_list("status", flat=True).get()
    return status == CommentStatus.PENDING
