"""The careful, balanced and strict thresholds of a label: by hand, for any scores, and written into an artifact."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.artifact import load_manifest, verify
from classifier.inference.operating_points import PRESETS
from classifier.tests.tiny_artifact import LABELS, tiny_artifact
from training.ml.data.tables import DataError, TextTable
from training.ml.evaluation.metrics import label_metrics
from training.ml.evaluation.operating_points import FEWEST_FLAGGED, label_points, measured_rows
from training.ml.recipes.operating_points import add_operating_points

# 100 rows with scores from 1.00 down to 0.01: the first 30 have the label, then every second one of 20, then none
SCORES = np.arange(100, 0, -1) / 100
TARGETS = np.array([1.0] * 30 + [0.0, 1.0] * 10 + [0.0] * 50)


def test_the_points_by_hand() -> None:
    found = label_points(SCORES, TARGETS, balanced=0.555)
    assert found is not None
    careful, balanced, strict = (found.points[preset] for preset in PRESETS)
    # 33 of the first 36 rows are right (0.917); of 38, 34 are (0.895)
    assert careful.threshold == pytest.approx(0.645)
    assert careful.precision == pytest.approx(33 / 36)
    assert balanced.threshold == 0.555
    assert balanced.precision == pytest.approx(37 / 45)
    assert balanced.recall == pytest.approx(37 / 40)
    # 36 of 40 are found among the first 42 rows, but balanced finds 37 already and strict is never above it
    assert strict == balanced
    assert (found.rows, found.positives) == (100, 40)
    above = label_points(SCORES, TARGETS, balanced=0.9)
    assert above is not None
    assert above.points["careful"].threshold == 0.9  # never below balanced
    assert above.points["strict"].threshold == pytest.approx(0.585)
    assert above.points["strict"].recall == pytest.approx(0.9)


def test_a_weight_counts_as_that_many_rows_and_unknown_rows_not_at_all() -> None:
    weights = np.where(TARGETS == 1, 1.0, 3.0)
    weighted = label_points(SCORES, TARGETS, 0.5, weights)
    scores = np.repeat(SCORES, weights.astype(int))
    repeated = label_points(
        np.append(scores, 0.99), np.append(np.repeat(TARGETS, weights.astype(int)), -1), 0.5
    )
    assert weighted is not None
    assert repeated is not None
    for preset in PRESETS:
        assert weighted.points[preset].threshold == pytest.approx(repeated.points[preset].threshold)
        assert weighted.points[preset].precision == pytest.approx(repeated.points[preset].precision)


def test_where_no_threshold_is_precise_enough_careful_is_the_most_precise_of_enough_rows() -> None:
    targets = np.array(([0.0] + [1.0] * 2 + [0.0]) * 25)  # half of all rows, two thirds at best
    found = label_points(SCORES, targets, balanced=0.3)
    assert found is not None
    careful = found.points["careful"]
    flagged = (careful.threshold <= SCORES).sum()
    assert flagged >= FEWEST_FLAGGED
    assert careful.precision == pytest.approx(11 / 21, abs=0.05)
    assert careful.precision == pytest.approx(
        max(label_metrics(SCORES, targets, s)["precision"] for s in SCORES[FEWEST_FLAGGED - 1 :])
    )


@pytest.mark.parametrize("positives", [1, 19])
def test_few_rows_with_the_label_give_the_balanced_point_alone(positives: int) -> None:
    found = label_points(SCORES, (np.arange(100) < positives).astype(np.float64), 0.5)
    assert found is not None
    assert list(found.points) == ["balanced"]
    assert label_points(SCORES, np.zeros(100), 0.5) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1), st.sampled_from((0.05, 0.3, 0.7)), st.sampled_from((1, 2)))
def test_the_points_are_in_order_and_keep_what_they_promise(
    seed: int, balanced: float, share: float, digits: int
) -> None:
    rng = np.random.default_rng(seed)
    targets = np.append((rng.random(600) < share).astype(np.float64), [1.0] * 20 + [0.0] * 20)
    scores = np.round(0.4 * targets + 0.6 * rng.random(640), digits)  # with ties
    found = label_points(scores, targets, balanced)
    assert found is not None
    careful, middle, strict = (found.points[preset] for preset in PRESETS)
    assert 1 >= careful.threshold >= middle.threshold == balanced >= strict.threshold >= 0
    assert strict.recall >= 0.9 - 1e-9 or strict.threshold == 0
    reachable = [
        label_metrics(scores, targets, cut)["precision"]
        for cut in np.unique(scores)
        if (scores >= cut).sum() >= FEWEST_FLAGGED
    ]
    if careful.threshold > balanced and max(reachable) >= 0.9:
        assert careful.precision >= 0.9 - 1e-9


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("points") / "model")


def rows(sources: list[str] | None = None) -> TextTable:
    texts = ["i hate you", "thank you"] * 30
    targets = np.full((60, 2), -1, np.float32)
    targets[:, 0] = np.arange(60) % 2 == 0
    return TextTable(texts, targets, np.ones(60, np.float32), ("toxic", "insult"), sources)


def test_an_artifact_without_points_gets_them_and_stays_the_same_version(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(made, folder)
    raw = json.loads((folder / "manifest.json").read_text())
    raw |= {
        "architecture": {"class": "Bert", "layers": 2},
        "parameters": 1,
        "metrics": {},
        "license": "",
        "attribution": "",
    }
    raw |= {"provenance": {"recipe": "teacher", "data": {}}}
    (folder / "manifest.json").write_text(json.dumps(raw))
    before = load_manifest(folder)
    assert before.operating_points == {}
    add_operating_points(folder, rows(["forum"] * 40 + ["game"] * 20), name="/data/mine.csv", backend="fp32")
    after = verify(folder)
    assert (after.version, after.thresholds) == (before.version, before.thresholds)
    assert set(after.operating_points) == {"toxic"}  # no row knows insult
    assert set(after.operating_points["toxic"].points) == set(PRESETS)
    assert after.operating_points["toxic"].points["balanced"].threshold == before.thresholds["toxic"]
    assert (after.operating_points["toxic"].rows, after.operating_points["toxic"].positives) == (60, 30)
    assert after.raw["operating_points_rows"]["name"] == "mine.csv"
    card = (folder / "README.md").read_text()
    assert "## Operating points" in card
    assert "Measured on 60 rows of `mine.csv`, by source: forum 40, game 20." in card


def test_rows_of_other_labels_are_refused(made: Path, tmp_path: Path) -> None:
    before = (made / "manifest.json").read_bytes()
    unknown = rows()
    unknown.targets[:] = -1
    with pytest.raises(DataError, match="no row of mine has one of the model's labels, toxic"):
        add_operating_points(made, unknown, name="mine", backend="fp32")
    assert (made / "manifest.json").read_bytes() == before
    assert LABELS[0] == "toxic"


def test_many_sources_are_counted_together() -> None:
    table = rows([f"source {n}" for n in range(60)])
    stated = measured_rows("mine", table).sources
    assert len(stated) == 51
    assert stated["others"] == 10
    assert sum(stated.values()) == 60
