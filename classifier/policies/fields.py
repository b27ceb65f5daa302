"""Checks of the fields of a policy, which find every problem at once and name its field."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from classifier.core.validation import SLUG, InvalidInput, ValidationProblem
from classifier.inference.bands import (
    PRIMARY,
    REMOVE,
    REVIEW,
    BandsError,
    check_automatic,
    check_bands,
    drawn_at,
)
from classifier.inference.language import UNDETERMINED, base_language, normal_tag
from classifier.inference.marked_text import LEAVE_OUTS
from classifier.model_versions.assembly import assembly_of
from classifier.models import ConcernMode, FailMode, ModelVersion, TextFormat, UnknownLanguage
from classifier.models.policy import CONCERN_TEXT_CHARACTERS

NOTE_CHARACTERS = 500
TITLE_CHARACTERS = 100
REASONS_MAX = 50
LANGUAGES_MAX = 50
APPEAL_DAYS_MAX = 3_650


def policy_check(
    *,
    bands: Any,
    automatic: Any,
    fail_mode: Any,
    unknown_language: Any,
    concern: Any,
    concern_text: Any,
    nudge_threshold: Any,
    reasons: Any,
    reason_required: Any,
    appeal_days: Any,
    text_format: Any = TextFormat.TEXT,
    leave_out: Any = (),
    language_bands: Any = None,
    note: Any = "",
) -> dict[str, Any]:
    """Return the fields of a policy as they are stored. Raises InvalidInput with the problems of all fields."""
    fields, problems = _written(
        ("bands", check_bands, bands),
        ("automatic", check_automatic, automatic),
        ("fail_mode", _fail_mode, fail_mode),
        ("unknown_language", _unknown_language, unknown_language),
        ("concern", _concern, concern),
        ("concern_text", _concern_text, concern_text),
        ("nudge_threshold", _nudge_threshold, nudge_threshold),
        ("reasons", _reasons, reasons),
        ("appeal_days", _appeal_days, appeal_days),
        ("text_format", _text_format, text_format),
        ("leave_out", _leave_out, leave_out),
        ("language_bands", policy_languages, {} if language_bands is None else language_bands),
        ("note", _note, note),
    )
    fields["reason_required"] = bool(reason_required)
    problems += _below_the_model(fields.get("bands", {}))
    for language, own in fields.get("language_bands", {}).items():
        problems += _below_the_model(own, language)
    if not problems and reason_required and not fields["reasons"]:
        message = "Name at least one reason, or do not require one."
        problems.append(ValidationProblem("reasons", message, "required"))
    if problems:
        raise InvalidInput(problems)
    return fields


def draft_check(*, bands: Any, automatic: Any, note: Any = "") -> dict[str, Any]:
    """Return the fields of a draft as they are stored. Raises InvalidInput with all problems."""
    fields, problems = _written(
        ("bands", check_bands, bands), ("automatic", check_automatic, automatic), ("note", _note, note)
    )
    problems += _below_the_model(fields.get("bands", {}))
    if problems:
        raise InvalidInput(problems)
    return fields


def _written(
    *checks: tuple[str, Callable[[Any], Any], Any],
) -> tuple[dict[str, Any], list[ValidationProblem]]:
    """Return the values that pass their checks, as they are stored, and the problems of the others."""
    fields: dict[str, Any] = {}
    problems: list[ValidationProblem] = []
    for name, check, value in checks:
        try:
            fields[name] = check(value)
        except BandsError as error:
            problems.append(ValidationProblem(error.field, error.message, error.code))
        except InvalidInput as error:
            problems.extend(error.problems)
    return fields, problems


def policy_languages(value: Any) -> dict[str, Any]:
    """Return the bands by language, each under the tag that texts in it have. Raises InvalidInput and BandsError."""
    if not isinstance(value, Mapping):
        raise _refuse("language_bands", "This must be an object of languages.", "invalid_type")
    if len(value) > LANGUAGES_MAX:
        raise _refuse("language_bands", f"At most {LANGUAGES_MAX} languages are allowed.", "max_items")
    checked: dict[str, Any] = {}
    for tag, bands in value.items():
        path = f"language_bands.{tag}"
        try:
            language = base_language(normal_tag(tag))
        except (ValueError, AttributeError):
            raise _refuse(path, "This must be a language tag, such as de.", "invalid") from None
        if language.startswith(UNDETERMINED):
            raise _refuse(path, "Undetermined texts have the thresholds of all.", "invalid")
        if language in checked:
            raise _refuse(path, "This language is named twice.", "duplicate")
        checked[language] = check_bands(bands, path)
    return checked


def _below_the_model(bands: Mapping[str, Mapping[str, Any]], language: str = "") -> list[ValidationProblem]:
    """Find labels where the model that judges draws one threshold and removing would begin before review."""
    mixed = {
        label: limits
        for label, limits in bands.items()
        if any(isinstance(limit, str) for limit in limits.values()) and None not in limits.values()
    }
    active = ModelVersion.objects.active() if mixed else None
    if active is not None and language:
        active = assembly_of(active).version_for(language)
    if active is None:
        return []
    problems = []
    path = f"language_bands.{language}" if language else "bands"
    points = active.operating_points
    for label, limits in mixed.items():
        name = active.primary_label if label == PRIMARY else label
        own = active.thresholds.get(name)
        if own is None:
            continue
        review, remove = (drawn_at(limits[band], own, points.get(name)) for band in (REVIEW, REMOVE))
        if remove < review:
            message = (
                f"Removing begins at {remove:g}, before review at {review:g} (the model's own threshold is {own:g}); "
                "it must be at or above it."
            )
            problems.append(ValidationProblem(f"{path}.{label}.{REMOVE}", message, "below_review"))
    return problems


def _refuse(field: str, message: str, code: str) -> InvalidInput:
    return InvalidInput([ValidationProblem(field, message, code)])


def _fail_mode(value: Any) -> str:
    if value not in FailMode.values:
        raise _refuse("fail_mode", "This must be open or closed.", "invalid_choice")
    return str(value)


def _unknown_language(value: Any) -> str:
    if value not in UnknownLanguage.values:
        raise _refuse("unknown_language", "This must be review or judge.", "invalid_choice")
    return str(value)


def _concern(value: Any) -> str:
    if value not in ConcernMode.values:
        raise _refuse("concern", "This must be review or nothing.", "invalid_choice")
    return str(value)


def _concern_text(value: Any) -> str:
    text = value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""
    if not isinstance(value, str) or "\x00" in text:
        raise _refuse("concern_text", "This must be text.", "invalid_type")
    if len(text) > CONCERN_TEXT_CHARACTERS:
        message = f"At most {CONCERN_TEXT_CHARACTERS:,} characters are allowed."
        raise _refuse("concern_text", message, "max_length")
    return text


def _nudge_threshold(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse("nudge_threshold", "This must be a number from 0 to 1, or null.", "invalid_type")
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise _refuse("nudge_threshold", "This must be a number from 0 to 1.", "out_of_range")
    return float(value)


def _appeal_days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse("appeal_days", "This must be a whole number of days.", "invalid_type")
    if not 0 <= value <= APPEAL_DAYS_MAX:
        raise _refuse("appeal_days", f"This must be from 0 to {APPEAL_DAYS_MAX:,} days.", "out_of_range")
    return value


def _text_format(value: Any) -> str:
    if value not in TextFormat.values:
        choices = ", ".join(TextFormat.values)
        raise _refuse("text_format", f"This must be one of {choices}.", "invalid_choice")
    return str(value)


def _leave_out(value: Any) -> list[str]:
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise _refuse("leave_out", "This must be a list.", "invalid_type")
    given = list(value)
    if any(kind not in LEAVE_OUTS for kind in given):
        choices = ", ".join(LEAVE_OUTS)
        raise _refuse("leave_out", f"What may be left out is {choices}.", "invalid_choice")
    return [kind for kind in LEAVE_OUTS if kind in given]


def _note(value: Any) -> str:
    note = value.strip() if isinstance(value, str) else ""
    if not isinstance(value, str) or "\x00" in note:
        raise _refuse("note", "This must be text.", "invalid_type")
    if len(note) > NOTE_CHARACTERS:
        raise _refuse("note", f"At most {NOTE_CHARACTERS} characters are allowed.", "max_length")
    return note


def _reasons(value: Any) -> list[dict[str, str]]:
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise _refuse("reasons", "This must be a list of reasons.", "invalid_type")
    by_code: dict[str, dict[str, str]] = {}
    for index, reason in enumerate(value):
        path = f"reasons[{index}]"
        if not isinstance(reason, Mapping) or set(reason) != {"code", "title"}:
            raise _refuse(path, "A reason has a code and a title.", "invalid_type")
        code, title = reason["code"], reason["title"]
        if not isinstance(code, str) or not SLUG.match(code):
            message = "A code has 1 to 64 letters, digits, hyphens or underscores."
            raise _refuse(f"{path}.code", message, "invalid")
        if (
            not isinstance(title, str)
            or not title.strip()
            or len(title) > TITLE_CHARACTERS
            or "\x00" in title
        ):
            raise _refuse(f"{path}.title", f"A title has 1 to {TITLE_CHARACTERS} characters.", "invalid")
        if code in by_code:
            raise _refuse(f"{path}.code", "This code is used twice.", "duplicate")
        by_code[code] = {"code": code, "title": title.strip()}
    if len(by_code) > REASONS_MAX:
        raise _refuse("reasons", f"At most {REASONS_MAX} reasons are allowed.", "max_items")
    return list(by_code.values())
