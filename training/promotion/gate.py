"""The quality gate before production: what a candidate is worth on the frozen test rows, in itself and against the
version in production.

Every number comes from evaluations that were made before, on the same rows (by their fingerprint); nothing is
measured here. A comparison that was never made closes the gate, with a sentence that says how to make it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings

from classifier.model_versions.promotion_gate import GateVerdict
from classifier.models import ModelVersion
from training.ml.evaluation.stored import Estimate, McNemar, StoredReport, SuiteReport
from training.ml.evaluation.suites import KINDS, kind_title
from training.models import Dataset
from training.promotion.selectors import (
    baseline_report,
    rows_fingerprint,
    small_reports,
    suite_reports,
    suites_in_use,
)

TITLES = {"roc_auc": "ROC-AUC", "f1": "F1"}
NO_TEST_SET = (
    "No dataset is the test set, so nothing can be compared. Make one the test set under “Datasets”, then "
    "evaluate."
)


@dataclass
class _Judgement:
    """What the gate has found so far, in sentences and numbers."""

    against: str
    reasons: list[str] = field(default_factory=list)
    satisfied: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    unmeasured: list[ModelVersion] = field(default_factory=list)
    brief: str = ""

    def check(self, holds: bool, good: str, bad: str, brief: str) -> None:
        if holds:
            self.satisfied.append(good)
        else:
            self.blocked(bad, brief)

    def blocked(self, sentence: str, brief: str) -> None:
        """Note a reason; `brief` says it in a few words, of which the first ones are kept."""
        self.reasons.append(sentence)
        self.brief = self.brief or brief

    def missing(self, sentence: str, *versions: ModelVersion) -> None:
        self.blocked(sentence, "not measured")
        self.unmeasured += [version for version in versions if version not in self.unmeasured]

    def verdict(self) -> GateVerdict:
        return GateVerdict(
            passed=not self.reasons,
            reasons=self.reasons,
            numbers=self.numbers,
            checked_against=self.against,
            satisfied=self.satisfied,
            unchecked=self.unchecked,
            unmeasured=self.unmeasured,
            brief=self.brief,
        )


def quality_gate(candidate: ModelVersion, active: ModelVersion) -> GateVerdict:
    """Judge `candidate` by the settings GATE_…; the checker that training registers with the classifier."""
    gate = _Judgement(active.version)
    lost = [label for label in active.labels if label not in candidate.labels]
    if lost:
        gate.blocked(
            f"It does not know {_listed(lost)}, which {active} answers with.", f"lacks {_listed(lost)}"
        )
    test_set = Dataset.objects.test_set()
    if test_set is None:
        gate.blocked(NO_TEST_SET, "no test set")
        return gate.verdict()
    fingerprint = rows_fingerprint(test_set)
    gate.numbers["fingerprint"] = fingerprint
    reports = small_reports(version_ids=[candidate.pk, active.pk], fingerprint=fingerprint)
    ours, theirs = reports.get(candidate.pk), reports.get(active.pk)
    if ours is None:
        gate.missing(f"It has not been measured on the test set, {test_set}: evaluate it first.", candidate)
    else:
        _absolute(gate, ours, candidate.primary_label, fingerprint)
    if theirs is None:
        gate.missing(
            f"{active}, which is in production, has not been measured on {test_set}: evaluate it first.",
            active,
            candidate,
        )
    if ours is not None and theirs is not None:
        _relative(gate, ours, theirs, candidate, active)
    _suites(gate, candidate, active, ours, theirs)
    return gate.verdict()


def _absolute(gate: _Judgement, ours: StoredReport, label: str, fingerprint: str) -> None:
    bars = {"roc_auc": settings.GATE_MIN_ROC_AUC, "f1": settings.GATE_MIN_F1}
    for name, bar in bars.items():
        value = ours.metric(label, name).value
        gate.numbers[name] = {"candidate": value, "bar": bar}
        if value is None:
            gate.blocked(
                f"Its {TITLES[name]} for “{label}” could not be measured on these rows.",
                f"{TITLES[name]} not measured",
            )
            continue
        gate.check(
            value >= bar,
            f"Its {TITLES[name]} of {value:.4f} reaches the bar of {bar:g}.",
            f"Its {TITLES[name]} of {value:.4f} is below the bar of {bar:g}.",
            f"{TITLES[name]} below {bar:g}",
        )
    baseline = baseline_report(baseline="tfidf", fingerprint=fingerprint)
    to_beat, value = (report.metric(label, "roc_auc").value for report in (baseline, ours))
    if to_beat is None or value is None:
        gate.unchecked.append(
            "The TF-IDF baseline has not been measured on these rows, so it was left out of account."
        )
        return
    gate.numbers["tfidf_roc_auc"] = to_beat
    gate.check(
        value > to_beat,
        f"It beats the TF-IDF baseline, whose ROC-AUC is {to_beat:.4f}.",
        f"It does not beat the TF-IDF baseline, whose ROC-AUC is {to_beat:.4f}.",
        "not better than TF-IDF",
    )


def _relative(
    gate: _Judgement, ours: StoredReport, theirs: StoredReport, candidate: ModelVersion, active: ModelVersion
) -> None:
    label = active.primary_label
    allowed = {"roc_auc": settings.GATE_MAX_ROC_AUC_LOSS, "f1": settings.GATE_MAX_F1_LOSS}
    paired = ours.differences.labels.get(label) if ours.differences.against == active.version else None
    for name, most in allowed.items():
        mine, other = (report.metric(label, name).value for report in (ours, theirs))
        if mine is None or other is None:
            gate.blocked(
                f"{TITLES[name]} for “{label}” cannot be compared with {active} on these rows.",
                f"{TITLES[name]} not comparable",
            )
            continue
        difference = (paired or {}).get(name)
        gate.numbers.setdefault(name, {}).update(
            {
                "active": other,
                "difference": mine - other,
                "paired": asdict(difference) if difference else {},
                "allowed_loss": most,
            }
        )
        sentence = f"Its {TITLES[name]} is {_against(mine - other)} that of {active} ({other:.4f})"
        sentence += _interval(difference)
        gate.check(
            other - mine <= most,
            f"{sentence}.",
            f"{sentence}; at most {most:g} below is allowed.",
            f"{TITLES[name]} {_short(other - mine)} lower",
        )
    if paired is None:
        gate.missing(f"It has not been compared with {active} row by row: evaluate it again.", candidate)
    else:
        _mcnemar(gate, ours.mcnemar, active)
    _latency(gate, ours, theirs, active)


def _mcnemar(gate: _Judgement, test: McNemar, active: ModelVersion) -> None:
    """Check that the candidate is not wrong where the other is right more often than chance explains."""
    b, c, p = test.b, test.c, test.p_value
    if test.against != active.version or b is None or c is None or p is None:
        return
    gate.numbers["mcnemar"] = {"only_candidate_right": b, "only_active_right": c, "p_value": p}
    counts = f"on {b:,} rows only it is right, on {c:,} only {active} (McNemar's test: p = {p:.3g})"
    gate.check(
        not (c > b and p < settings.GATE_SIGNIFICANCE),
        f"It is not wrong more often: {counts}.",
        f"It is wrong more often than chance explains: {counts}.",
        "wrong more often",
    )


def _latency(gate: _Judgement, ours: StoredReport, theirs: StoredReport, active: ModelVersion) -> None:
    mine, other = ours.speed.latency_ms_p50, theirs.speed.latency_ms_p50
    if not mine or not other:
        return
    ratio, most = mine / other, settings.GATE_MAX_LATENCY_RATIO
    gate.numbers["latency_ms"] = {"candidate": mine, "active": other, "allowed_ratio": most}
    sentence = f"It takes {mine:.1f} ms for a text, {active} {other:.1f} ms"
    gate.check(
        ratio <= most,
        f"{sentence}.",
        f"{sentence}; at most {most:g} times as long is allowed.",
        f"{ratio:.1f} times as slow",
    )


def _suites(
    gate: _Judgement,
    candidate: ModelVersion,
    active: ModelVersion,
    ours: StoredReport | None,
    theirs: StoredReport | None,
) -> None:
    """Check that kinds are answered as asked for, and no group served much worse than by the version in production."""
    shipped = [_shipped(report) for report in (ours, theirs)]
    for name in shipped[0]:
        if name in shipped[1]:
            _groups_compared(gate, name, shipped[0][name], shipped[1][name], active)
    known = suite_reports(version_ids=[candidate.pk, active.pk])
    in_use = suites_in_use()
    if ours is not None and (settings.GATE_MIN_SUITE_RIGHT or settings.GATE_MIN_KIND_RIGHT):
        own = {suite.name: known.get((suite.pk, candidate.pk)) for suite in in_use}
        for name, report in ((KINDS, shipped[0].get(KINDS)), *own.items()):
            if name == KINDS or name in settings.GATE_SUITES:
                _kinds_right(gate, name, report, candidate)
        for name in sorted(set(settings.GATE_SUITES) - set(own)):
            gate.blocked(
                f"GATE_SUITES names “{name}”, and no test suite in use is called so.", f"no suite “{name}”"
            )
    for suite in in_use:
        absent = [v for v in (candidate, active) if (suite.pk, v.pk) not in known]
        if absent:
            names = " and ".join("it" if version == candidate else str(version) for version in absent)
            gate.missing(f"The test suite “{suite}” has not been run on {names}: evaluate first.", *absent)
        else:
            mine, other = (known[suite.pk, version.pk] for version in (candidate, active))
            _groups_compared(gate, suite.name, mine, other, active)


def _kinds_right(gate: _Judgement, name: str, report: SuiteReport | None, candidate: ModelVersion) -> None:
    """Check the share of right answers to a suite, over all cases and in its weakest functionality."""
    whole, each = settings.GATE_MIN_SUITE_RIGHT, settings.GATE_MIN_KIND_RIGHT
    worst = report.weakest if report is not None else None
    if report is None or report.accuracy is None or worst is None or worst.accuracy is None:
        gate.missing(
            f"It has not been run on the test suite “{name}”, which the gate asks for: evaluate it.",
            candidate,
        )
        return
    gate.numbers.setdefault("kinds", {})[name] = {
        "right": report.accuracy,
        "bar": whole,
        "worst_kind": worst.name,
        "worst_kind_right": worst.accuracy,
        "bar_of_each_kind": each,
    }
    sentence = f"It answers {report.right:,} of {report.measured:,} inputs of “{name}” rightly"
    gate.check(
        report.accuracy >= whole,
        f"{sentence} ({report.accuracy:.1%}).",
        f"{sentence} ({report.accuracy:.1%}); at least {whole:.0%} is asked for.",
        f"{report.accuracy:.0%} of “{name}” right",
    )
    sentence = f"Its weakest kind there is “{kind_title(worst.name)}”, {worst.right} of {worst.rows} right"
    gate.check(
        worst.accuracy >= each,
        f"{sentence}.",
        f"{sentence}; at least {each:.0%} of every kind is asked for.",
        f"{worst.accuracy:.0%} of “{kind_title(worst.name)}” right",
    )
    if report.not_measured:
        gate.unchecked.append(
            f"{report.not_measured:,} inputs of “{name}” expect an answer about the language and could not be "
            "measured, so they were left out of account."
        )


def _shipped(report: StoredReport | None) -> dict[str, SuiteReport]:
    """Return the suites that come with the code, by name: those without a row in the database."""
    return {suite.name: suite for suite in report.suites if suite.id is None} if report is not None else {}


def _groups_compared(
    gate: _Judgement, name: str, ours: SuiteReport, theirs: SuiteReport, active: ModelVersion
) -> None:
    mine, other, most = _groups(ours), _groups(theirs), settings.GATE_MAX_SUBGROUP_AUC_LOSS
    losses = {group: other[group] - mine[group] for group in other if group in mine}
    if not losses:
        return
    worst = max(losses, key=lambda group: losses[group])
    numbers = {"worst_group": worst, "candidate": mine[worst], "active": other[worst], "allowed_loss": most}
    gate.numbers.setdefault("suites", {})[name] = numbers
    sentence = (
        f"In the test suite “{name}”, the group that loses most is “{worst}”: "
        f"subgroup AUC {mine[worst]:.3f}, with {active} {other[worst]:.3f}"
    )
    gate.check(
        losses[worst] <= most,
        f"{sentence}.",
        f"{sentence}; at most {most:g} below is allowed.",
        f"subgroup AUC of “{worst}” {_short(losses[worst])} lower",
    )


def _groups(report: SuiteReport) -> dict[str, float]:
    """Return the subgroup AUC of every group that has one."""
    areas = {row.group: row.subgroup_auc.value for row in report.by_group}
    return {group: area for group, area in areas.items() if area is not None}


def _against(difference: float) -> str:
    if abs(difference) < 0.00005:
        return "the same as"
    return f"{abs(difference):.4f} {'above' if difference > 0 else 'below'}"


def _short(loss: float) -> str:
    return f"{loss:.3f}" if loss >= 0.001 else f"{loss:.4f}"


def _interval(difference: Estimate | None) -> str:
    if difference is None or difference.low is None or difference.high is None:
        return ""
    words = f", 95 % interval of the difference {difference.low:+.4f} to {difference.high:+.4f}"
    return words.replace("-", "\N{MINUS SIGN}")


def _listed(names: list[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
