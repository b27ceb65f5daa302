"""Why a comment waits, in plain words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.models import Band, Comment, Decision
from classifier.web.formatting import label_title, language_title, percent

REASON_TITLES = {
    "band": "Scored over a threshold",
    "rule": "A rule matched",
    "report": "Reported",
    "appeal": "Appealed",
    "escalation": "Escalated",
    "undo": "A decision was undone",
    "edit": "Edited after a decision",
    "learn": "The model would learn from a decision",
    "unjudged": "The policy could not be applied",
    "labels_unknown": "The policy does not fit the model",
    "language": "Language not supported",
    "concern": "Concern: own hurt",
}


@dataclass(frozen=True)
class ReasonLine:
    """One reason with the tone and icon of its chip; `pieces` are the words in the text that a rule matched."""

    kind: str
    title: str
    detail: str = ""
    tone: str = "wait"
    icon: str = "clock"
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True)
class BandLine:
    """The band that counts, as a word, with the score that put the comment there."""

    word: str
    tone: str
    icon: str
    percent: str
    label: str


def band_line(comment: Comment) -> BandLine | None:
    """Return the band and its score; None where no policy has judged the comment."""
    if not comment.band:
        return None
    unread = next((entry for entry in comment.queue_reasons if entry.get("kind") == "language"), None)
    if unread is not None:
        title = language_title(str(unread.get("language", "")))
        tone = "toxic" if comment.band == Band.REMOVE else "wait"
        return BandLine(Band(comment.band).label, tone, "gavel", "", title)
    if comment.is_concern:
        return BandLine("Concern", "concern", "concern", "", "")
    reason = next((entry for entry in comment.queue_reasons if entry.get("kind") == "band"), None)
    prediction = comment.current_prediction
    label = str(reason["label"]) if reason else ""
    score = float(reason["score"]) if reason else (prediction.score if prediction else 0.0)
    if not label and prediction is not None:
        label = prediction.model_version.primary_label
    tone, icon = {"approve": ("calm", "calm"), "remove": ("toxic", "toxic")}.get(
        comment.band, ("wait", "gavel")
    )
    return BandLine(Band(comment.band).label, tone, icon, percent(score), label_title(label))


def reason_lines(comment: Comment, decisions: Sequence[Decision] = ()) -> list[ReasonLine]:
    """Return the reasons of a comment as they are shown; its `decisions` tell who escalated or undid."""
    by_id = {decision.pk: decision for decision in decisions}
    return [_line(reason, comment, by_id) for reason in comment.queue_reasons]


def short_reasons(comment: Comment) -> list[str]:
    """Return the reasons in a few words, for a row of a list."""
    return list(dict.fromkeys(_short(reason, comment) for reason in comment.queue_reasons))


def _short(reason: Mapping[str, Any], comment: Comment) -> str:
    kind = str(reason.get("kind", ""))
    if kind == "language":
        return f"Language not supported: {language_title(str(reason.get('language', '')))}"
    if kind == "band":
        return f"{label_title(str(reason['label']))} {percent(float(reason['score']))}"
    if kind == "rule":
        return f"Rule {reason.get('name', '')}".strip()
    if kind == "report":
        return f"{comment.report_count} report{'' if comment.report_count == 1 else 's'}"
    return _title(kind)


def _title(kind: str) -> str:
    return REASON_TITLES.get(kind, kind.replace("_", " ").capitalize())


def _line(reason: Mapping[str, Any], comment: Comment, decisions: Mapping[int, Decision]) -> ReasonLine:
    kind = str(reason.get("kind", ""))
    make = _LINES.get(kind)
    if make is not None:
        return make(reason, comment, decisions.get(int(reason.get("decision") or 0)))
    by = f"by {reason['by']}" if reason.get("by") else ""
    return ReasonLine(kind, _title(kind), by)


def _band(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    removes = reason.get("band") == Band.REMOVE
    threshold = percent(float(reason["threshold"]))
    what = "removing" if removes else "review"
    return ReasonLine(
        "band",
        f"{label_title(str(reason['label']))} {percent(float(reason['score']))}",
        f"at or over the policy's threshold of {threshold} for {what}",
        "toxic" if removes else "wait",
        "toxic" if removes else "gavel",
    )


def _rule(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    removes = reason.get("band") == Band.REMOVE
    pieces = [comment.text[int(span["begin"]) : int(span["end"])] for span in reason.get("spans", ())]
    return ReasonLine(
        "rule",
        f"The rule “{reason.get('name', '')}” matched",
        f"which asks for {'removing' if removes else 'review'}",
        "toxic" if removes else "wait",
        "broken",
        tuple(dict.fromkeys(piece for piece in pieces if piece))[:5],
    )


def _report(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    count = comment.report_count
    title = "Reported" if count < 2 else f"Reported {count:,} times"
    return ReasonLine("report", title, "see what was reported below", icon="broken")


def _appeal(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    return ReasonLine("appeal", "Its author has appealed", "and waits for an answer", icon="gavel")


def _escalation(reason: Mapping[str, Any], comment: Comment, decision: Decision | None) -> ReasonLine:
    by = f"by {decision.by}" if decision is not None and decision.by is not None else ""
    note = f": {decision.note}" if decision is not None and decision.note else ""
    return ReasonLine("escalation", "Escalated for a lead", f"{by}{note}", icon="arrow")


def _undo(reason: Mapping[str, Any], comment: Comment, decision: Decision | None) -> ReasonLine:
    if decision is None:
        return ReasonLine("undo", "A decision was undone")
    undo = getattr(decision, "undone_by", None)
    undone_by = undo.by if undo is not None else None
    action = decision.get_action_display().lower()
    if undone_by is not None and undone_by == decision.by:
        return ReasonLine("undo", "A decision was undone", f"{action} and undone by {undone_by}")
    who = "a policy" if decision.automatic else decision.by or "the system"
    by = f", undone by {undone_by}" if undone_by is not None else ""
    return ReasonLine("undo", "A decision was undone", f"{action} by {who}{by}")


def _edit(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    before = str(reason.get("before", ""))
    words = Band(before).label.lower() if before in Band.values else "none"
    title = "Edited after a decision" if comment.edited_at is not None else "Scored again after a decision"
    return ReasonLine("edit", title, f"its band was {words} before")


def _unjudged(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    return ReasonLine("unjudged", "The policy could not be applied", "so a person looks at it", icon="broken")


def _labels(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    return ReasonLine("labels_unknown", "The policy names no label of this model", "so a person looks at it")


def _concern(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    return ReasonLine(
        "concern",
        "Somebody may need help",
        "the author seems to tell of their own hurt",
        "concern",
        "concern",
    )


def _language(reason: Mapping[str, Any], comment: Comment, _: Decision | None) -> ReasonLine:
    title = f"{language_title(str(reason.get('language', '')))}: language not supported"
    return ReasonLine("language", title, "the model does not know it, so a person looks at it")


_LINES: dict[str, Callable[[Mapping[str, Any], Comment, Decision | None], ReasonLine]] = {
    "band": _band,
    "rule": _rule,
    "report": _report,
    "appeal": _appeal,
    "escalation": _escalation,
    "undo": _undo,
    "edit": _edit,
    "unjudged": _unjudged,
    "labels_unknown": _labels,
    "language": _language,
    "concern": _concern,
}


def known_kinds() -> Iterable[tuple[str, str]]:
    """List the kinds of reasons with their titles, for a filter."""
    return REASON_TITLES.items()
