"""Score the texts of a dialect by the worker, and judge them by policy and rules of the key's source."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings

from classifier.core.error_kinds import ErrorKind
from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import InvalidInput
from classifier.dialects.replies import DialectError, dialect_error
from classifier.inference.bands import APPROVE, RANK, Judgement
from classifier.inference.language import UNDETERMINED, Identified
from classifier.model_versions.assembly import slots_in_production
from classifier.models import ModelVersion, TextFormat
from classifier.policies.active_policies import CurrentPolicy, policy_for
from classifier.policies.judging import Scored, judge_scored, lift_of
from classifier.references.score_maps import ActiveMap
from classifier.scoring.score_texts import Read, ScoredText, TextProblem, score_in_parts, score_texts

RETRY = {"Retry-After": "5"}
COLUMNS = ("version", "labels", "thresholds", "primary_label", "manifest")
HEADER = "Toxicsite-Policy"
HEADER_CHARACTERS = 1_000  # characters of a list in a header; the rest is counted
READABLE = " !#$&'()*+-./:<=>?@[]^_`{|}~"  # no comma, semicolon, quote or percent sign
SUPPORTED = Identified(UNDETERMINED, True)
Unless = Callable[[], bool] | None


def scored(
    texts: Sequence[str],
    *,
    names: Sequence[str],
    read: Read | None = None,
    unless: Unless = None,
    languages: Sequence[str] = (),
    source_id: int | None = None,
    whole: int | None = None,
) -> list[ScoredText]:
    """Return the verdict on every text; `names` say where in the body each text stands. Raises DialectError.

    `read` returns what the model reads of a text (None: the text as it is). Waiting for the verdicts stops as soon as
    `unless` is true. The language of the texts is one of `languages`, or that of the source, or is identified; with
    `whole`, texts after that many are parts of the first.
    """
    verdicts = []
    outcomes = scored_or_not(
        texts,
        names=names,
        read=read,
        unless=unless,
        languages=languages,
        source_id=source_id,
        whole=whole,
    )
    for outcome, name in zip(outcomes, names, strict=True):
        if isinstance(outcome, TextProblem):
            kind = ErrorKind.UNPROCESSABLE if outcome.code == "too_long" else ErrorKind.BROKEN
            raise DialectError(kind, outcome.message, code=outcome.code, param=name)
        verdicts.append(outcome)
    return verdicts


def scored_or_not(
    texts: Sequence[str],
    *,
    names: Sequence[str],
    read: Read | None = None,
    unless: Unless = None,
    languages: Sequence[str] = (),
    source_id: int | None = None,
    whole: int | None = None,
) -> list[ScoredText | TextProblem]:
    """Return verdicts as `scored` does, with a problem for each text that cannot be scored. Raises DialectError."""

    def score(part: list[str], left: float) -> list[ScoredText | TextProblem]:
        return score_texts(
            texts=part,
            read=read,
            languages=languages,
            source_id=source_id,
            whole=whole,
            deadline=left,
            unless=unless,
        )

    try:
        if whole is not None:  # a text and its parts are judged together
            return score(list(texts), settings.SCORE_DEADLINE_SECONDS)
        return score_in_parts(score, list(texts), deadline=settings.SCORE_DEADLINE_SECONDS)
    except InvalidInput as error:
        problem = error.problems[0]
        index = problem.field.removeprefix("texts[").rstrip("]")
        name = names[int(index)] if index.isdigit() else "texts"
        raise DialectError(ErrorKind.INVALID, problem.message, code=problem.code, param=name) from None
    except SCORING_ERRORS as error:
        raise dialect_error(error) or error from None


def judged_as(verdicts: Sequence[ScoredText]) -> list[Identified]:
    """Return what each text counts as, for a dialect that has no word for a language: its scores count in any."""
    return [Identified(verdict.language, True) for verdict in verdicts]


def map_for(score_map: ActiveMap | None, verdict: ScoredText) -> ActiveMap | None:
    """Return the map for a verdict, or None: a version in the slot of a language has a scale of its own."""
    if score_map is None or verdict.model_version == score_map.fitted_on:
        return score_map
    by_language = {version.version for version in slots_in_production().values()}
    return None if verdict.model_version in by_language else score_map


def plain_reader(source_id: int | None) -> Read:
    """Return what reads plain text by the policy of a source (None: the site's own), as dialects send it."""
    policy = policy_for(source_id)
    return lambda text: policy.for_scoring(text, TextFormat.TEXT)


def active_version() -> ModelVersion:
    """Return the version that answers now, without the columns that only its own page shows. Raises DialectError."""
    version = ModelVersion.objects.only(*COLUMNS).active()
    if version is None:
        raise DialectError(ErrorKind.NO_WORKER, "No model version is active.", headers=RETRY)
    return version


def version_of(verdict: ScoredText) -> ModelVersion:
    """Return the version that gave this verdict."""
    return ModelVersion.objects.only(*COLUMNS).get(version=verdict.model_version)


@dataclass(frozen=True)
class Moderated:
    """The scores of a text with what its source would do: `action` is the policy's band, approve, review or remove.

    `scores` are lifted if the key says so: `lifted` is then the label whose score was raised, else "".
    """

    action: str
    policy_version: int
    rules: tuple[str, ...]
    own: Mapping[str, float]
    scores: Mapping[str, float]
    lifted: str

    @property
    def flagged(self) -> bool:
        return self.action != APPROVE

    def body(self) -> dict[str, Any]:
        """Return the part of a reply's body that says so."""
        return {
            "action": self.action,
            "flagged": self.flagged,
            "policyVersion": self.policy_version,
            "rules": list(self.rules),
        }


def moderated(
    texts: Sequence[tuple[str, Mapping[str, float], ModelVersion]],
    *,
    source_id: int | None,
    lifts: bool,
    language: Identified = SUPPORTED,
    languages: Sequence[Identified] = (),
    text_format: str = TextFormat.TEXT,
) -> list[Moderated]:
    """Judge each text with its scores by policy and rules of a source (None: the site's own).

    `language` is that of all texts, or `languages` those of each; where no model knows it, the policy says whether
    scores count.
    With `lifts` the score of the primary label becomes at least the policy's threshold for texts that are not approved.
    """
    versions = {version.pk: version for _, _, version in texts}
    each = languages or [language] * len(texts)
    judgements: list[Moderated | None] = [None] * len(texts)
    for pk, version in versions.items():
        indices = [index for index, (_, _, scored_by) in enumerate(texts) if scored_by.pk == pk]
        items = [
            Scored(source_id, *texts[index][:2], each[index].language, each[index].is_supported, text_format)
            for index in indices
        ]
        for index, item, (policy, judged) in zip(indices, items, judge_scored(items, version), strict=True):
            least = lift_of(policy, judged, version, item.language) if lifts else None
            judgements[index] = _moderated(item.scores, policy, judged, version.primary_label, least)
    return [judgement for judgement in judgements if judgement is not None]


def _moderated(
    scores: Mapping[str, float],
    policy: CurrentPolicy,
    judged: Judgement,
    primary: str,
    least: float | None,
) -> Moderated:
    rules = dict.fromkeys(str(reason["name"]) for reason in judged.reasons if reason["kind"] == "rule")
    if least is None or scores.get(primary, least) >= least:
        return Moderated(judged.band, policy.version, tuple(rules), scores, scores, "")
    return Moderated(judged.band, policy.version, tuple(rules), scores, {**scores, primary: least}, primary)


def policy_header(judged: Sequence[Moderated], names: Mapping[str, str]) -> dict[str, str]:
    """Say in a reply header what would be done and why; there is none if every text is approved.

    For several texts it has the strictest action, the rules of all, and which texts are not approved, counted from 0.
    `names` are the dialect's names of labels.
    """
    flagged = [text for text in judged if text.flagged]
    if not flagged:
        return {}
    worst = max(flagged, key=lambda text: RANK[text.action])
    parts = [f"action={worst.action}", f"policy={worst.policy_version}"]
    rules = list(dict.fromkeys(rule for text in flagged for rule in text.rules))
    if rules:
        parts.append(f'rules="{shortened((quote(rule, safe=READABLE) for rule in rules), ",")}"')
    lifted = next((text.lifted for text in flagged if text.lifted), "")
    if lifted:
        parts.append(f"lifted={quote(names.get(lifted, lifted), safe=READABLE)}")
    if len(judged) > 1:
        indices = (str(index) for index, text in enumerate(judged) if text.flagged)
        parts.append(f'texts="{shortened(indices, ",")}"')
    return {HEADER: "; ".join(parts)}


def shortened(items: Iterable[str], separator: str) -> str:
    """Join the items to one line that a header can hold, with the number of items left out at its end."""
    line, left = "", 0
    for item in items:
        longer = f"{line}{separator}{item}" if line else item
        if left or len(longer) > HEADER_CHARACTERS:
            left += 1
        else:
            line = longer
    return f"{line}{separator}and {left} more" if left else line
