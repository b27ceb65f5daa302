"""Why a comment waits: a list of reasons, of each kind at most one."""

from collections.abc import Mapping, Sequence
from typing import Any


def reasons_with(reasons: Sequence[Mapping[str, Any]], **reason: Any) -> list[dict[str, Any]]:
    """Queue reasons with this one, in the place of an earlier one of its kind."""
    return [*(dict(one) for one in reasons if one.get("kind") != reason["kind"]), reason]
