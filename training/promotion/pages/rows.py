"""A model version as a row of a table and on its page: the gate in words, provenance, history."""

import json
from dataclasses import dataclass, field
from typing import Any

from classifier.model_versions.promotion_gate import GateVerdict
from classifier.model_versions.shadow_report import ShadowReport
from classifier.models import ModelVersion, ModelVersionEvent, ModelVersionStatus
from classifier.web.formatting import language_title
from training.ml.evaluation.stored import StoredReport
from training.ml.json_reader import read
from training.promotion.manifest_numbers import manifest_numbers
from training.web.formatting import (
    METRICS,
    Figure,
    Metric,
    difference,
    duration,
    key_figures,
    ordered_labels,
    parameters,
    percent,
    words,
)


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
    from_manifest: str = ""
    """The rows that the figures are of, where they come from the manifest because nothing was measured here."""

    @property
    def status(self) -> ModelVersionStatus:
        return ModelVersionStatus(self.version.status)


def version_row(version: ModelVersion, report: StoredReport, verdict: GateVerdict | None) -> VersionRow:
    """Return the row with what was measured here, else with what the manifest says."""
    gate = gate_view(version, verdict)
    if not report.metrics and (own := manifest_numbers(version)):
        return VersionRow(version, key_figures(own[0].report, version.primary_label), gate, own[0].rows)
    return VersionRow(version, key_figures(report, version.primary_label), gate)


@dataclass(frozen=True)
class ManifestTable:
    """The numbers of a manifest on one kind of rows: figures by label under the columns of `manifest_table`."""

    rows: str
    columns: list[Metric]
    table: list[tuple[str, list[Figure]]]


def manifest_tables(version: ModelVersion) -> list[ManifestTable]:
    """Return the tables of what the manifest says of the quality, with the columns that it fills."""
    tables = []
    for numbers in manifest_numbers(version):
        report = numbers.report
        labels = ordered_labels(report.metrics, version.primary_label)
        columns = [
            m for m in METRICS if any(report.metric(label, m.key).value is not None for label in labels)
        ]
        figures = [(label, [metric.figure(report, label) for metric in columns]) for label in labels]
        tables.append(ManifestTable(numbers.rows, columns, figures))
    return tables


@dataclass(frozen=True)
class EventRow:
    """One entry of the history; `gate_word` tells the verdict of the gate when the version went into production."""

    event: ModelVersionEvent
    title: str
    reason: str
    gate_word: str = ""
    gate_sentences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class KeptVerdict:
    """The verdict of the gate as the history keeps it; `overridden` is the reason for promoting in spite of it."""

    passed: bool = False
    overridden: str = ""
    reasons: list[str] = field(default_factory=list)
    satisfied: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def event_rows(version: ModelVersion) -> list[EventRow]:
    """Return the history of a version, newest first."""
    return [_event(event) for event in version.history.select_related("actor").order_by("-id")]


def _event(event: ModelVersionEvent) -> EventRow:
    if event.old == event.new:
        title, _, reason = event.reason.partition(": ")
        return EventRow(event, title, reason)
    title = event.new.capitalize() + (f" for {language_title(event.language)}" if event.language else "")
    if not event.gate:
        return EventRow(event, title, event.reason)
    gate = read(KeptVerdict, event.gate)
    sentences = [*gate.reasons, *gate.satisfied, *gate.unchecked]
    word = "The version passed the quality gate."
    if not gate.passed:
        word = f"The quality gate was overridden: {gate.overridden or 'no reason was kept'}"
    return EventRow(event, title, event.reason, word, sentences)


@dataclass(frozen=True)
class Architecture:
    layers: int | None = None
    hidden: int | None = None


@dataclass(frozen=True)
class LearnedRows:
    """The training rows as a run recorded them."""

    train_rows: int | None = None
    train_fingerprint: str = ""


@dataclass(frozen=True)
class Machine:
    cpu: str = ""
    gpu: str = ""
    cores: int | None = None


@dataclass(frozen=True)
class Provenance:
    """Where a version comes from, as its run recorded it; `seed` counts where `config` names none."""

    recipe: str = ""
    created: str = ""
    seed: Any = ""
    config: dict[str, Any] = field(default_factory=dict)
    data: LearnedRows = field(default_factory=LearnedRows)
    duration_seconds: float | None = None
    commit: str = ""
    hardware: Machine = field(default_factory=Machine)
    packages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """The parts of a manifest that the page of its version shows."""

    created: str = ""
    license: str = ""
    parameters: int | None = None
    architecture: Architecture = field(default_factory=Architecture)
    provenance: Provenance = field(default_factory=Provenance)


def facts(version: ModelVersion) -> list[tuple[str, str]]:
    """Return the facts of a version at a glance; what its manifest does not know is left out."""
    manifest = read(Manifest, version.manifest)
    rows = [
        ("Layers", str(manifest.architecture.layers or "")),
        ("Hidden size", str(manifest.architecture.hidden or "")),
        ("Parameters", parameters(manifest.parameters) if manifest.parameters else ""),
        ("Labels", ", ".join(words(label) for label in version.labels)),
        ("Flags from", f"{words(version.primary_label)} ≥ {version.threshold:.3f}"),
        ("Licence", manifest.license),
    ]
    return [(name, value) for name, value in rows if value]


def provenance(version: ModelVersion) -> list[tuple[str, str]]:
    """Return what the manifest tells of the origin of a version."""
    manifest = read(Manifest, version.manifest)
    known, data, hardware = manifest.provenance, manifest.provenance.data, manifest.provenance.hardware
    cores = f"{hardware.cores} cores" if hardware.cores else ""
    rows = [
        ("Recipe", known.recipe),
        ("Made", known.created or manifest.created),
        ("Seed", str((known.config.get("loop") or {}).get("seed", known.seed))),
        ("Training rows", f"{data.train_rows:,}" if data.train_rows is not None else ""),
        ("Fingerprint of the rows", data.train_fingerprint),
        ("Duration", duration(known.duration_seconds) if known.duration_seconds is not None else ""),
        ("Commit", known.commit),
        ("Machine", ", ".join(part for part in (hardware.cpu, hardware.gpu, cores) if part)),
        ("Packages", ", ".join(f"{name} {release}" for name, release in known.packages.items())),
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
