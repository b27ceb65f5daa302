"""Messages that a comment has its verdict: published by the worker after commit, received by callers that wait."""

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
    """Listen for the verdict on a comment; the yielded function waits up to some seconds and returns whether it came.

    The subscription is active before the block runs, so a block that reads the database misses nothing. A thread keeps
    its connection from one subscription to the next.
    """
    channel = _channel(comment_id).encode()
    with broker_errors():
        listener = _listener()

        def heard(seconds: float, kind: str = "message") -> bool:
            """Wait for a message of this kind on our channel; messages of earlier subscriptions are skipped."""
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
    """Return this thread's listener, or a new one if the Redis client was replaced (in tests) or has failed."""
    listener: PubSub | None = getattr(_of_thread, "listener", None)
    if listener is None or listener.connection_pool is not client().connection_pool:
        listener = _of_thread.listener = client().pubsub()
    return listener


def _channel(comment_id: int) -> str:
    return key(f"comment:{comment_id}")


def comment_wait(*, comment_id: int, deadline: float) -> Comment:
    """Wait up to `deadline` seconds for the verdict; return the comment, still pending if none came.

    Returns at once if no worker is alive.
    """
    end = time.monotonic() + deadline
    try:
        with comment_subscription(comment_id) as heard:
            if _is_pending(comment_id) and a_worker_lives():
                heard(end - time.monotonic())
    except NoBroker:
        pass  # no message can reach us; the answer is what the database says now
    return Comment.objects.with_verdict().get(pk=comment_id)


def _is_pending(comment_id: int) -> bool:
    status = Comment.objects.filter(pk=comment_id).values_list("status", flat=True).get()
    return status == CommentStatus.PENDING
