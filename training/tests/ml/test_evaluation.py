"""The whole report of a tiny model folder and of the baselines, as JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.tests.tiny_artifact import LABELS, WORDS, tiny_artifact
from training.ml.data.tables import DataError, TextTable
from training.ml.evaluation import Rival, answers_of, baselines, evaluate, load_rival
from training.ml.evaluation.label_issues import label_issues, train_label_issues
from training.ml.evaluation.run import suite_reports
from training.ml.evaluation.subject import ServedModel
from training.ml.progress import Cancelled, Progress, SilentListener
from training.ml.results.plots import draw_plots, pareto_front

SUITE = {
    "id": 3,
    "name": "mine",
    "kind": "cases",
    "label": "toxic",
    "cases": [{"text": "you idiot", "expected": 1, "functionality": "insult", "group": "x"}] * 2
    + [{"text": "thank you", "expected": 0, "functionality": "thanks", "group": ""}],
}


def rows(count: int, seed: int = 0, labels: tuple[str, ...] = ("toxic", "insult")) -> TextTable:
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, rng.integers(3, 16))) for _ in range(count)]
    bad = np.array([[float("idiot" in text)] * len(labels) for text in texts], np.float32)
    return TextTable(texts, bad, np.ones(count, np.float32), labels, ["forum"] * count)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture(scope="module")
def report(model: Path) -> dict[str, Any]:
    table = rows(120)
    scores = np.random.default_rng(1).random((120, 6))
    rival = Rival("old-1", tuple(LABELS), dict.fromkeys(LABELS, 0.5), scores)
    found = evaluate(model, table, active_scores=rival, suites=[SUITE], backend="fp32", resamples=50)
    assert found.scores is not None
    assert found.scores.shape == (120, 6)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()
    return found.to_dict()


def test_it_holds_every_part(report: dict[str, Any]) -> None:
    assert (report["format"], report["rows"], report["labels"]) == (1, 120, ["toxic", "insult"])
    assert set(report["metrics"]) == {"toxic", "insult", "macro"}
    for metric in ("accuracy", "precision", "recall", "f1", "macro_f1", "roc_auc", "pr_auc", "brier", "ece"):
        found = report["metrics"]["toxic"][metric]
        assert found["low"] <= found["value"] <= found["high"] or metric == "ece"
    assert sum(report["confusion"]["toxic"].values()) == 120
    assert report["mcnemar"]["against"] == report["differences"]["against"] == "old-1"
    assert report["curves"]["toxic"]["roc"]
    assert {one["name"] for one in report["slices"]} >= {
        "source forum",
        "toxic + insult",
        "none of the labels",
    }
    assert report["size"]["bytes"] > 1000
    assert report["speed"]["latency_ms_p50"] <= report["speed"]["latency_ms_p95"]
    assert report["speed"]["texts_per_second"] > 0


def test_mistakes_come_with_the_words_that_made_them(report: dict[str, Any]) -> None:
    assert report["errors"]
    for one in report["errors"]:
        assert (one["score"] >= one["threshold"]) == (one["kind"] == "false positive")
        assert one["words"]
        for word in one["words"]:
            assert one["text"][word["begin"] : word["end"]] == word["text"]


def test_the_brought_suite_keeps_its_id_and_ours_have_none(report: dict[str, Any]) -> None:
    ids = [suite["id"] for suite in report["suites"]]
    assert ids[0] == 3
    assert set(ids[1:]) == {None}
    assert report["suites"][0]["rows"] == 3


def test_a_label_error_that_was_put_in_is_found() -> None:
    table = rows(200)
    scores = np.where(table.targets == 1, 0.9, 0.1) + np.random.default_rng(0).normal(0, 0.03, (200, 2))
    wrong = table.targets.copy()
    scores[17, 0] = 0.99 if wrong[17, 0] else 0.01
    wrong[17, 0] = 1 - wrong[17, 0]
    mended = TextTable(table.texts, wrong, table.weights, table.labels)
    found = label_issues(mended, ("toxic", "insult"), scores)
    assert [(one["row"], one["label"]) for one in found] == [(17, "toxic")]
    in_train = train_label_issues(mended, "toxic", rows=190)
    assert all(mended.texts[one["row"]].startswith(one["text"][:10]) for one in in_train)


def test_scores_that_were_written_down_make_the_same_rival(model: Path, tmp_path: Path) -> None:
    table = rows(10)
    measured = answers_of(model, table, backend="fp32")
    np.save(tmp_path / "scores.npy", measured.scores.astype(np.float32))
    read = load_rival(model, tmp_path / "scores.npy")
    assert (read.version, read.labels) == (measured.version, measured.labels)
    assert read.column("insult") == pytest.approx(measured.column("insult"), abs=1e-6)


def test_rows_without_any_of_its_labels_are_refused(model: Path) -> None:
    with pytest.raises(DataError, match="their labels are spam"):
        evaluate(model, rows(10, labels=("spam",)), backend="fp32")


def test_it_stops_when_the_listener_says_so(model: Path) -> None:
    class Impatient(SilentListener):
        seen: list[Progress] = []

        def report(self, progress: Progress) -> None:
            self.seen.append(progress)

        def should_stop(self) -> bool:
            return bool(self.seen)

    with pytest.raises(Cancelled):  # noqa: PT011 - it has no message
        evaluate(model, rows(30), backend="fp32", listener=Impatient())


def test_the_baselines_are_reported_in_the_same_form_and_drawn(
    report: dict[str, Any], tmp_path: Path
) -> None:
    train, test = rows(300, seed=1), rows(120)
    found = {
        name: getattr(baselines, name)(train, test, resamples=30).to_dict() for name in ("majority", "tfidf")
    }
    assert set(found["tfidf"]) == set(report)
    assert found["majority"]["metrics"]["toxic"]["roc_auc"]["value"] == 0.5
    assert found["tfidf"]["metrics"]["toxic"]["roc_auc"]["value"] > 0.95
    assert "270 of 300 rows" in found["tfidf"]["notes"][0]
    drawn = draw_plots({"tiny": report, "TF-IDF": found["tfidf"]}, tmp_path)
    assert [file for file, _ in drawn] == [
        "intervals.svg",
        "curves.svg",
        "quality-latency.svg",
        "quality-size.svg",
    ]
    assert all((tmp_path / file).read_text().startswith("<?xml") for file, _ in drawn)


def test_the_word_counter_gives_the_same_scores_again_and_says_how_many_rows_it_saw() -> None:
    train, test = rows(300, seed=1), rows(50)
    first, again = (baselines.fit_tfidf(train, ("toxic",), max_rows=200) for _ in range(2))
    assert (first.score(test.texts) == again.score(test.texts)).all()
    assert first.notes == ["learned from 180 of 300 rows and 181 terms; at most 200 rows are used"]


def test_the_front_holds_what_nothing_beats_in_both() -> None:
    assert pareto_front([(1, 0.8), (2, 0.9), (3, 0.85), (2, 0.7)]) == {0, 1}


def test_suites_count_the_verdicts_that_a_model_with_concerns_serves(tmp_path: Path) -> None:
    folder = tiny_artifact(tmp_path / "model", seed=5, concern=0.0)  # every text is a concern
    subject = ServedModel(folder, "fp32", ["en"])
    texts = rows(60).texts
    cases = [{"text": text, "expected": 1, "functionality": "all", "group": ""} for text in texts]
    [found] = suite_reports(subject, [{**SUITE, "cases": cases}])
    verdicts = [result.verdict for result in subject.scorer.score(texts)]
    over = [result.scores["toxic"] >= subject.thresholds["toxic"] for result in subject.scorer.score(texts)]
    assert found["right"] == verdicts.count("toxic")
    assert verdicts.count("toxic") < sum(over)  # else this shows nothing
