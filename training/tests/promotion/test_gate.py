"""The quality gate: absolute bars, and the version in production on the same rows."""

from typing import Any

import pytest

from classifier.core.errors import GateClosed
from classifier.model_versions.promotion_gate import gate_check
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.models import ModelVersion
from training.ml.evaluation.suites import KINDS
from training.models import Dataset, TestSuite, TestSuiteResult
from training.tests.promotion.conftest import Measure, Pair, report

pytestmark = pytest.mark.django_db


def reasons(candidate: ModelVersion) -> str:
    verdict = gate_check(candidate)
    assert verdict is not None
    assert verdict.passed == (not verdict.reasons)
    return " ".join(verdict.reasons)


@pytest.fixture
def as_good(pair: Pair, measure: Measure) -> Pair:
    """Measure both versions, so that nothing speaks against the candidate."""
    measure(pair[0])
    measure(pair[1], against=pair[0])
    return pair


def change(version: ModelVersion, **values: Any) -> None:
    version.evaluations.update(report=report(**values))


def test_a_candidate_as_good_as_the_version_in_production_passes(as_good: Pair) -> None:
    verdict = gate_check(as_good[1])
    assert verdict is not None
    assert verdict.passed
    assert verdict.checked_against == as_good[0].version
    assert verdict.numbers["roc_auc"]["paired"] == {"value": 0.0, "low": -0.002, "high": 0.002}
    model_version_activate(model_version=as_good[1], by=None, reason="as good and smaller")
    gate = as_good[1].history.get().gate
    assert gate is not None
    assert gate["passed"]
    assert gate["numbers"]["f1"]["active"] == 0.8


def test_without_an_evaluation_it_says_evaluate_it_first(pair: Pair, measure: Measure) -> None:
    measure(pair[0])
    verdict = gate_check(pair[1])
    assert verdict is not None
    assert verdict.unmeasured == [pair[1]]
    assert "evaluate it first" in verdict.reasons[0]
    with pytest.raises(GateClosed, match="evaluate it first"):
        model_version_activate(model_version=pair[1], by=None)


def test_the_version_in_production_has_to_be_measured_too(pair: Pair, measure: Measure) -> None:
    measure(pair[1])
    verdict = gate_check(pair[1])
    assert verdict is not None
    assert verdict.unmeasured == [pair[0], pair[1]]


def test_an_evaluation_on_other_rows_does_not_count(as_good: Pair, test_set: Dataset) -> None:
    Dataset.objects.filter(pk=test_set.pk).update(fingerprints={"test": "e" * 64})
    assert "has not been measured on the test set" in reasons(as_good[1])


def test_without_a_test_set_it_is_closed(as_good: Pair, test_set: Dataset) -> None:
    Dataset.objects.filter(pk=test_set.pk).update(is_test_set=False)
    assert "No dataset is the test set" in reasons(as_good[1])


def test_a_comparison_with_a_former_version_does_not_count(as_good: Pair) -> None:
    change(as_good[1], against=as_good[1])
    assert "not been compared" in reasons(as_good[1])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"roc_auc": 0.85}, "Its ROC-AUC of 0.8500 is below the bar of 0.9."),
        ({"f1": 0.4}, "Its F1 of 0.4000 is below the bar of 0.5."),
        ({"roc_auc": 0.96}, "Its ROC-AUC is 0.0100 below that of"),
        ({"f1": 0.78}, "at most 0.01 below is allowed."),
        ({"latency": 25.0}, "at most 2 times as long is allowed."),
        ({"only_ours": 20, "only_theirs": 60, "p_value": 0.0001}, "more often than chance explains"),
    ],
)
def test_it_closes_with_a_sentence_about_what_failed(
    as_good: Pair, values: dict[str, Any], sentence: str
) -> None:
    change(as_good[1], against=as_good[0], **values)
    assert sentence in reasons(as_good[1])


def test_being_better_by_more_than_chance_does_no_harm(as_good: Pair) -> None:
    change(as_good[1], against=as_good[0], only_ours=60, only_theirs=20, p_value=0.0001)
    assert reasons(as_good[1]) == ""


def test_it_has_to_beat_the_word_counter(as_good: Pair, measure: Measure) -> None:
    measure(baseline="tfidf", roc_auc=0.98)
    assert reasons(as_good[1]) == "It does not beat the TF-IDF baseline, whose ROC-AUC is 0.9800."


def test_lost_labels_close_it(as_good: Pair) -> None:
    as_good[1].labels = ["toxic"]
    as_good[1].save()
    assert "It does not know “severe_toxic”" in reasons(as_good[1])


def test_a_group_of_a_suite_may_not_lose(as_good: Pair) -> None:
    suite = TestSuite.objects.create(name="Groups", kind="templates", cases=[], fingerprint="a" * 64)
    assert "has not been run on it and" in reasons(as_good[1])

    def result(version: ModelVersion, auc: float) -> None:
        rows = [{"group": "women", "subgroup_auc": auc}, {"group": "men", "subgroup_auc": 0.9}]
        TestSuiteResult.objects.update_or_create(
            suite=suite, model_version=version, defaults={"report": {"by_group": rows}}
        )

    result(as_good[0], 0.9)
    result(as_good[1], 0.85)
    assert "“women”: subgroup AUC 0.850" in reasons(as_good[1])
    result(as_good[1], 0.89)
    assert reasons(as_good[1]) == ""


def test_the_suites_that_ship_with_the_code_count_too(as_good: Pair) -> None:
    def with_group(version: ModelVersion, auc: float, **values: Any) -> None:
        suite = {"id": None, "name": "Terms", "by_group": [{"group": "gay", "subgroup_auc": {"value": auc}}]}
        version.evaluations.update(report={**report(**values), "suites": [suite]})

    with_group(as_good[0], 0.95)
    with_group(as_good[1], 0.80, against=as_good[0])
    assert "“gay”: subgroup AUC 0.800" in reasons(as_good[1])


def kinds(right: dict[str, int], not_measured: int = 0) -> dict[str, Any]:
    """Return a report on the shipped suite, of kinds with 20 inputs each."""
    return {
        "id": None,
        "name": KINDS,
        "accuracy": sum(right.values()) / (20 * len(right)),
        "not_measured": not_measured,
        "by_functionality": [
            {"functionality": name, "rows": 20, "accuracy": count / 20} for name, count in right.items()
        ]
        + [{"functionality": "not_english", "rows": 0, "accuracy": None, "not_measured": not_measured}],
    }


def test_the_gate_can_ask_for_the_kinds(as_good: Pair, settings: Any) -> None:
    def answered(**right: int) -> str:
        as_good[1].evaluations.update(report={**report(against=as_good[0]), "suites": [kinds(right, 29)]})
        return reasons(as_good[1])

    assert answered(slurs=2, emoji=3) == ""  # nobody asks
    settings.GATE_MIN_SUITE_RIGHT, settings.GATE_MIN_KIND_RIGHT = 0.75, 0.5
    assert answered(slurs=16, emoji=15) == ""
    verdict = gate_check(as_good[1])
    assert verdict is not None
    assert any("31 of 40 inputs" in sentence for sentence in verdict.satisfied)
    assert any("29 inputs" in sentence and "language" in sentence for sentence in verdict.unchecked)
    assert verdict.numbers["kinds"][KINDS]["worst_kind"] == "emoji"
    assert "at least 75% is asked for" in answered(slurs=15, emoji=14)
    assert "“emoji”, 9 of 20 right; at least 50% of every kind" in answered(slurs=20, emoji=9, threats=20)
    as_good[1].evaluations.update(report=report(against=as_good[0]))
    assert "has not been run on the test suite" in reasons(as_good[1])


def test_the_gate_can_ask_for_a_suite_of_ones_own(as_good: Pair, settings: Any) -> None:
    as_good[1].evaluations.update(report={**report(against=as_good[0]), "suites": [kinds({"slurs": 20})]})
    suite = TestSuite.objects.create(name="HateCheck", kind="cases", cases=[], fingerprint="a" * 64)
    for version, right in zip(as_good, (20, 12), strict=True):
        TestSuiteResult.objects.create(
            suite=suite, model_version=version, report={**kinds({"derogation": right}), "id": suite.pk}
        )
    settings.GATE_MIN_SUITE_RIGHT = 0.7
    assert reasons(as_good[1]) == ""
    settings.GATE_SUITES = ["HateCheck", "Gone"]
    assert "12 of 20 inputs of “HateCheck” rightly (60.0%); at least 70%" in reasons(as_good[1])
    assert "GATE_SUITES names “Gone”" in reasons(as_good[1])


def test_a_baseline_that_was_never_measured_is_told_and_left_out(as_good: Pair) -> None:
    verdict = gate_check(as_good[1])
    assert verdict is not None
    assert "TF-IDF" in verdict.unchecked[0]
    assert not any("TF-IDF" in sentence for sentence in verdict.satisfied)


def test_the_way_back_is_always_open(as_good: Pair) -> None:
    model_version_activate(model_version=as_good[1], by=None)
    change(as_good[0], roc_auc=0.5)
    as_good[0].refresh_from_db()
    assert gate_check(as_good[0]) is None
    assert model_version_roll_back(by=None) == as_good[0]


def test_the_list_of_candidates_costs_few_queries(as_good: Pair, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        gate_check(as_good[1])


def test_a_report_of_an_older_version_closes_it_with_a_sentence(as_good: Pair) -> None:
    old = {"metrics": {"toxic": {"roc_auc": 0.97, "f1": 0.8}}, "suites": [{"name": "old", "by_group": [{}]}]}
    as_good[1].evaluations.update(report=old)
    assert "not been compared" in reasons(as_good[1])
