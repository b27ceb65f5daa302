"""Read what a page or a program asks of a comparison: attribute, threshold, key, period, model version."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ModelVersion, ReferenceService, Transfer, User
from classifier.references.pairs import ANY_VERSION, ComparisonChoice, attributes_of, keys_of

THRESHOLD = 0.8
FIELDS = ("attribute", "threshold", "key", "begin", "end", "version")
NAME_CHARACTERS = 100


def comparison_choice(
    data: Mapping[str, Any],
    *,
    service: ReferenceService | None = None,
    file: Transfer | None = None,
    known: Iterable[str],
    by: User | None,
) -> tuple[ComparisonChoice, list[ValidationProblem]]:
    """Return the choice and the problems of the values that cannot be read; the default replaces each of them.

    `known` are the attributes of the wire, in the order in which they are offered.
    """
    given = {name: str(data.get(name) or "").strip() for name in FIELDS}
    problems: list[ValidationProblem] = []
    whole = ComparisonChoice(service=service, file=file)
    begin, end = (_day(given[name], name, problems) for name in ("begin", "end"))
    if begin is not None and end is not None and begin > end:
        problems.append(ValidationProblem("end", "The last day is before the first.", "invalid"))
        end = None
    api_key = None
    if given["key"]:
        api_key = next((key for key in keys_of(whole, by) if str(key.pk) == given["key"]), None)
        if api_key is None:
            problems.append(
                ValidationProblem("key", "No call of this comparison has this key.", "invalid_choice")
            )
    version, any_version = None, given["version"] == ANY_VERSION
    if given["version"] and not any_version:
        version = ModelVersion.objects.defer("manifest").filter(version=given["version"]).first()
        if version is None:
            problems.append(ValidationProblem("version", "There is no such version.", "invalid_choice"))
    attribute = given["attribute"]
    if len(attribute) > NAME_CHARACTERS or "\x00" in attribute:
        problems.append(ValidationProblem("attribute", "There is no such attribute.", "invalid_choice"))
        attribute = ""
    if not attribute:
        order = list(known)
        attribute = next(iter(attributes_of(whole, by, order)), order[0] if order else "")
    choice = ComparisonChoice(
        service=service,
        file=file,
        attribute=attribute,
        threshold=_threshold(given["threshold"], problems),
        api_key=api_key,
        begin=begin,
        end=end,
        version=version,
        any_version=any_version,
    )
    return choice, problems


def comparison_choice_checked(data: Mapping[str, Any], **about: Any) -> ComparisonChoice:
    """Return the choice as comparison_choice does. Raises InvalidInput with every value that cannot be read."""
    choice, problems = comparison_choice(data, **about)
    if problems:
        raise InvalidInput(problems)
    return choice


def _threshold(text: str, problems: list[ValidationProblem]) -> float:
    if not text:
        return THRESHOLD
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if 0 <= value <= 1:
        return value
    problems.append(ValidationProblem("threshold", "This must be a number from 0 to 1.", "out_of_range"))
    return THRESHOLD


def _day(text: str, name: str, problems: list[ValidationProblem]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or day.year == date.max.year:
        problems.append(ValidationProblem(name, "This must be a day such as 2026-11-24.", "invalid"))
        return None
    return day
