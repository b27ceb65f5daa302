"""Thresholds that are hardly ever meant: a page asks before it saves them. Programs and commands are not asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from classifier.inference.bands import PRIMARY, REMOVE, REVIEW
from classifier.web.formatting import label_title, percent

LOWEST, HIGHEST = 0.05, 0.99
REMOVES_UNSURE = 0.5
"""From a probability below this on, a removal without a person is more often wrong than right by the model itself."""


def extreme_thresholds(fields: Mapping[str, Any]) -> list[str]:
    """Say in sentences what is unusual about the thresholds of a policy, also those of single languages."""
    sentences = list(_of(fields["bands"], fields["automatic"], ""))
    for language, bands in fields["language_bands"].items():
        sentences += _of(bands, fields["automatic"], f"Texts in {language}: ")
    return sentences


def _of(bands: Mapping[str, Mapping[str, Any]], automatic: Any, where: str) -> Iterator[str]:
    for label, limits in bands.items():
        name = "The main label" if label == PRIMARY else label_title(label)
        review, remove = (_number(limits.get(band)) for band in (REVIEW, REMOVE))
        itself = REMOVE in automatic
        if remove is not None and remove < LOWEST:
            what = "removed without a person" if itself else "in the band remove"
            yield f"{where}{name}, remove from {percent(remove)}: nearly every comment is {what}."
        elif remove is not None and itself and remove < REMOVES_UNSURE:
            yield (
                f"{where}{name}, remove from {percent(remove)}: comments go without a person where the model itself "
                "thinks that they are rather harmless."
            )
        if review is not None and review < LOWEST:
            yield f"{where}{name}, review from {percent(review)}: nearly every comment waits for a person."
        lowest = min((limit for limit in (review, remove) if limit is not None), default=None)
        if lowest is not None and lowest > HIGHEST and limits.get(REVIEW) in (None, review):
            yield f"{where}{name}, from {percent(lowest)} only: hardly any comment ever reaches this."


def _number(limit: Any) -> float | None:
    return float(limit) if isinstance(limit, int | float) and not isinstance(limit, bool) else None
