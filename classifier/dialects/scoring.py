"""Texts of a dialect through the same worker as everybody's, and what keeps them from it as a refusal."""

from collections.abc import Callable, Sequence

from django.conf import settings

from classifier.core.errors import ModelBroken, NoBroker, NoModel, NoWorker, ScoreTimeout
from classifier.core.validation import InvalidInput
from classifier.dialects.refusals import Refusal, Why
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
            why = Why.UNPROCESSABLE if each.code == "too_long" else Why.BROKEN
            raise Refusal(why, each.message, word=each.code, param=name)
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
        raise Refusal(Why.INVALID, problem.message, word=problem.code, param=name) from None
    except ScoreTimeout:
        message = f"No verdict came within {settings.SCORE_DEADLINE_SECONDS:g} seconds. Try again."
        raise Refusal(Why.TOO_LATE, message, headers=RETRY) from None
    except NoModel as error:
        message = (
            str(error) if isinstance(error, ModelBroken) else "A worker runs, but no model version is active."
        )
        raise Refusal(Why.NO_WORKER, message, headers=RETRY) from None
    except (NoWorker, NoBroker):
        message = "No worker is there to score the text. Try again shortly."
        raise Refusal(Why.NO_WORKER, message, headers=RETRY) from None


def active_version() -> ModelVersion:
    """The version that answers now, without what only its own page shows."""
    version = ModelVersion.objects.only(*COLUMNS).active()
    if version is None:
        raise Refusal(Why.NO_WORKER, "No model version is active.", headers=RETRY)
    return version


def version_of(each: ScoredText) -> ModelVersion:
    """The version that gave this verdict."""
    return ModelVersion.objects.only(*COLUMNS).get(version=each.model_version)


COLUMNS = ("version", "labels", "thresholds", "primary_label", "manifest")
