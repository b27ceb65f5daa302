"""A model version as a row of a table and on its page: the gate in words, provenance, history."""

import json
from dataclasses import dataclass, field

from classifier.model_versions.promotion_gate import GateVerdict
from classifier.model_versions.shadow_report import ShadowReport
from classifier.models import ModelVersion, ModelVersionEvent, ModelVersionStatus
from training.ml.evaluation.stored import StoredReport
from training.ml.json_reader import number
from training.web.formatting import Figure, difference, duration, key_figures, parameters, percent, words


@dataclass(frozen=True)
class GateView:
    """The verdict of the gate as a chip and sentences.

    `state` is open, closed, unmeasured (closed until something is evaluated) or absent (the gate is not asked).
    """

    state: str
    word: str
    colour: str
    bad: list[str] = field(default_factory=list)
    good: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        return self.state in ("closed", "unmeasured")


def gate_view(version: ModelVersion, verdict: GateVerdict | None) -> GateView:
    """Put the verdict of the gate about a version into a chip and sentences."""
    if version.is_active:
        return GateView("absent", "In production", "green")
    if verdict is None:
        word = "Was in production" if version.status == ModelVersionStatus.RETIRED else "Not asked"
        return GateView("absent", word, "grey")
    if verdict.passed:
        return GateView("open", "Passed", "green", [], verdict.satisfied, verdict.unchecked)
    if verdict.unmeasured:
        return GateView(
            "unmeasured", "Not evaluated", "amber", verdict.reasons, verdict.satisfied, verdict.unchecked
        )
    more = len(verdict.reasons) - 1
    word = f"Blocked: {verdict.brief}" if verdict.brief else "Blocked"
    word += f", {more} more" if more > 0 else ""
    return GateView("closed", word, "red", verdict.reasons, verdict.satisfied, verdict.unchecked)


@dataclass(frozen=True)
class VersionRow:
    """One line of the list."""

    version: ModelVersion
    figures: list[Figure]
    gate: GateView

    @property
    def status(self) -> ModelVersionStatus:
        return ModelVersionStatus(self.version.status)


def version_row(version: ModelVersion, report: StoredReport, verdict: GateVerdict | None) -> VersionRow:
    return VersionRow(version, key_figures(report, version.primary_label), gate_view(version, verdict))


@dataclass(frozen=True)
class EventRow:
    """One entry of the history; `gate_word` tells the verdict of the gate when the version went into production."""

    event: ModelVersionEvent
    title: str
    reason: str
    gate_word: str = ""
    gate_sentences: list[str] = field(default_factory=list)


def event_rows(version: ModelVersion) -> list[EventRow]:
    """Return the history of a version, newest first."""
    return [_event(event) for event in version.history.select_related("actor").order_by("-id")]


def _event(event: ModelVersionEvent) -> EventRow:
    if event.old == event.new:
        title, _, reason = event.reason.partition(": ")
        return EventRow(event, title, reason)
    gate = event.gate or {}
    if not gate:
        return EventRow(event, event.new.capitalize(), event.reason)
    kept = ("reasons", "satisfied", "unchecked")
    sentences = [str(one) for key in kept for one in gate.get(key) or []]
    word = "The version passed the quality gate."
    if not gate.get("passed"):
        word = f"The quality gate was overridden: {gate.get('overridden') or 'no reason was kept'}"
    return EventRow(event, event.new.capitalize(), event.reason, word, sentences)


def facts(version: ModelVersion) -> list[tuple[str, str]]:
    """Return the facts of a version at a glance; what its manifest does not know is left out."""
    manifest = version.manifest
    architecture = manifest.get("architecture") or {}
    rows = [
        ("Layers", str(architecture.get("layers") or "")),
        ("Hidden size", str(architecture.get("hidden") or "")),
        ("Parameters", parameters(manifest.get("parameters")) if manifest.get("parameters") else ""),
        ("Labels", ", ".join(words(label) for label in version.labels)),
        ("Flags from", f"{words(version.primary_label)} ≥ {version.threshold:.3f}"),
        ("Licence", str(manifest.get("license") or "")),
    ]
    return [(name, value) for name, value in rows if value]


def provenance(version: ModelVersion) -> list[tuple[str, str]]:
    """Return what the manifest tells of the origin of a version."""
    known = version.manifest.get("provenance") or {}
    data, hardware = known.get("data") or {}, known.get("hardware") or {}
    packages = known.get("packages") or {}
    seconds = number(known.get("duration_seconds"))
    config = known.get("config") or {}
    machine = [
        hardware.get("cpu"),
        hardware.get("gpu"),
        hardware.get("cores") and f"{hardware['cores']} cores",
    ]
    rows = [
        ("Recipe", str(known.get("recipe") or "")),
        ("Made", str(known.get("created") or version.manifest.get("created") or "")),
        ("Seed", str((config.get("loop") or {}).get("seed", known.get("seed", "")))),
        ("Training rows", f"{data['train_rows']:,}" if isinstance(data.get("train_rows"), int) else ""),
        ("Fingerprint of the rows", str(data.get("train_fingerprint") or "")),
        ("Duration", duration(seconds) if seconds is not None else ""),
        ("Commit", str(known.get("commit") or "")),
        ("Machine", ", ".join(str(part) for part in machine if part)),
        ("Packages", ", ".join(f"{name} {release}" for name, release in packages.items())),
        ("SHA-256 of the weights", version.sha256),
    ]
    return [(name, value) for name, value in rows if value]


def manifest_text(version: ModelVersion) -> str:
    return json.dumps(version.manifest, indent=2, ensure_ascii=False)


def shadow_facts(report: ShadowReport) -> list[tuple[str, str]]:
    """Return the numbers of a shadow's report."""
    rows = [
        ("Comments scored", f"{report.rows:,}"),
        ("Other verdict", f"{report.disagreements:,} ({percent(report.share)})"),
        ("Only this version says toxic", f"{report.towards_toxic:,}"),
        ("Only production says toxic", f"{report.towards_calm:,}"),
        ("Mean difference of the probability", difference(report.mean_difference, 3)),
    ]
    if report.decided:
        rows.append(
            (
                "Moderators agreed with the shadow version",
                f"{report.decided_for:,} of {report.decided:,} decided",
            )
        )
    return rows
