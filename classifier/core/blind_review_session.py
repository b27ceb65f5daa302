"""Know whether this session is in the middle of a blind review."""

from collections.abc import Mapping
from typing import Any

SESSION_KEY = "queue"  # where a session remembers somebody's work in the queue


def blind_review_open(session: Mapping[str, Any]) -> int | None:
    """The comment that a session shows for a blind review just now."""
    look = (session.get(SESSION_KEY) or {}).get("look")
    return look if isinstance(look, int) else None
