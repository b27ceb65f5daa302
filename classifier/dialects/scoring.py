"""Texts of a dialect through the same worker as everybody's, and what keeps them from it as a refusal."""

from collections.abc import Callable, Sequence

from django.conf import settings

from classifier.core.error_kinds import ErrorKind
from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import InvalidInput
from classifier.dialects.errors import DialectError, dialect_error
from classifier.models import ModelVersion
from classifier.scoring.score_texts import ScoredText, TextProblem, score_texts

RETRY = {"Retry-After": "5"}


Unless = Callable[[], bool] | None


def scored(texts: Sequence[str], *, names: Sequence[str], unless: Unless = None) -> list[ScoredText]:
    """The verdict on every text, or a refusal; `names` say where in the body each text stands.

    Where `unless` becomes true the verdict is not waited for any longer.
    """
    found = []
    for each, name in zip(scored_or_not(texts, names=names, unless=unless), names, strict=True):
        if isinstance(each, TextProblem):
            kind = ErrorKind.UNPROCESSABLE if each.code == "too_long" else ErrorKind.BROKEN
            raise DialectError(kind, each.message, code=each.code, param=name)
        found.append(each)
    return found


def scored_or_not(
    texts: Sequence[str], *, names: Sequence[str], unless: Unless = None
) -> list[ScoredText | TextProblem]:
    try:
        return score_texts(texts=list(texts), deadline=settings.SCORE_DEADLINE_SECONDS, unless=unless)
    except InvalidInput as error:
        problem = error.problems[0]
        place = problem.field.removeprefix("texts[").rstrip("]")
        name = names[int(place)] if place.isdigit() else "texts"
        raise DialectError(ErrorKind.INVALID, problem.message, code=problem.code, param=name) from None
    except SCORING_ERRORS as error:
        raise dialect_error(error) or error from None


def active_version() -> ModelVersion:
    """The version that answers now, without what only its own page shows."""
    version = ModelVersion.objects.only(*COLUMNS).active()
    if version is None:
        raise DialectError(ErrorKind.NO_WORKER, "No model version is active.", headers=RETRY)
    return version


def version_of(each: ScoredText) -> ModelVersion:
    """The version that gave this verdict."""
    return ModelVersion.objects.only(*COLUMNS).get(version=each.model_version)


COLUMNS = ("version", "labels", "thresholds", "primary_label", "manifest")
