"""Logs of calls to Perspective as rows: the text of a comment, and the summary score of each attribute.

Format: request and response of `comments:analyze` of the Perspective Comment Analyzer API (`comment.text`,
`attributeScores.NAME.summaryScore.value`), side by side in one object, or below `request` and `response`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from classifier.inference.files.rows import FileRow


def perspective_row(row: FileRow) -> FileRow:
    """Return a row of a log as {"text": …, attribute: score}; any other row as it is."""
    values = row.values
    if values is None:
        return row
    answer = _part(values, "response") or values
    scores = answer.get("attributeScores")
    if not isinstance(scores, Mapping):
        return row
    flat: dict[str, Any] = {"text": _text(_part(values, "request") or values)}
    for name, score in scores.items():
        summary = score.get("summaryScore") if isinstance(score, Mapping) else None
        if isinstance(summary, Mapping):
            flat[str(name)] = summary.get("value")
    return replace(row, values=flat)


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    part = values.get(name)
    return part if isinstance(part, Mapping) else None


def _text(request: Mapping[str, Any]) -> Any:
    comment = request.get("comment")
    return comment.get("text") if isinstance(comment, Mapping) else comment or request.get("text")
