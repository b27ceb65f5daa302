"""Operating points in a manifest are checked, and bands that name them judge at their thresholds."""

import json
from pathlib import Path
from typing import Any

import pytest

from classifier.inference.artifact import load_manifest
from classifier.inference.bands import BandsError, check_bands, fallbacks, judge
from classifier.inference.errors import ArtifactInvalid
from classifier.inference.operating_points import read_operating_points

OWN = {"toxic": 0.5, "insult": 0.4}


def point(threshold: float) -> dict[str, float]:
    return {"threshold": threshold, "precision": 0.8, "recall": 0.7}


def whole(**changes: Any) -> dict[str, Any]:
    points: dict[str, Any] = {"careful": point(0.8), "balanced": point(0.5), "strict": point(0.3)}
    return {"toxic": {**points, "rows": 100, "positives": 30, **changes}}


def test_a_manifest_may_have_points_and_old_ones_have_none(folder: Path) -> None:
    assert load_manifest(folder).operating_points == {}
    place = folder / "manifest.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"operating_points": whole()}))
    of_toxic = load_manifest(folder).operating_points["toxic"]
    assert (of_toxic.threshold("careful"), of_toxic.threshold("strict")) == (0.8, 0.3)
    assert of_toxic.to_dict() == whole()["toxic"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "operating_points must be an object"),
        ({"spam": {}}, "labels that the model has"),
        ({"toxic": {}}, "operating_points.toxic must hold balanced"),
        (whole(lenient=point(0.9)), "operating_points.toxic must hold balanced"),
        (whole(balanced=point(0.51)), "balanced must be at the label's threshold, 0.5"),
        (whole(careful=point(0.4)), "must fall from careful over balanced to strict"),
        (whole(strict=point(0.6)), "must fall"),
        (whole(careful={"threshold": 0.8}), "careful must hold threshold, precision, recall"),
        (whole(careful=point(1.2)), "careful.threshold must be a number from 0 to 1"),
        (whole(strict={**point(0.2), "recall": True}), "strict.recall must be a number"),
        (whole(rows=-1), "whole numbers"),
        (whole(positives="many"), "whole numbers"),
    ],
)
def test_a_wrong_point_is_named(value: Any, words: str) -> None:
    with pytest.raises(ArtifactInvalid, match=words):
        read_operating_points(value, OWN)


@pytest.mark.parametrize(
    ("word", "reached", "missed"), [("careful", 0.8, 0.79), ("model", 0.5, 0.49), ("strict", 0.3, 0.29)]
)
def test_a_word_in_the_bands_is_the_model_s_threshold_of_that_name(
    word: str, reached: float, missed: float
) -> None:
    points = read_operating_points(whole(), OWN)
    for label in ("*", "toxic"):
        bands = check_bands({label: {"review": word}})
        at = [
            judge({"toxic": score}, bands, thresholds=OWN, primary_label="toxic", points=points)
            for score in (reached, missed)
        ]
        assert [one.band for one in at] == ["review", "approve"]
        assert at[0].reasons[0]["threshold"] == reached


def test_without_such_a_point_the_model_s_own_threshold_applies_and_that_is_known() -> None:
    points = read_operating_points({"toxic": {"balanced": point(0.5)}}, OWN)
    bands = check_bands(
        {
            "*": {"review": "strict", "remove": "careful"},
            "insult": {"review": "careful", "remove": 0.9},
            "spam": {"review": "strict"},
        }
    )
    scores = {"toxic": 0.5, "insult": 0.4}
    found = judge(scores, bands, thresholds=OWN, primary_label="toxic", points=points)
    assert {(reason["label"], reason["threshold"]) for reason in found.reasons} == {
        ("toxic", 0.5),
        ("insult", 0.4),
    }
    assert fallbacks(bands, OWN, "toxic", points) == ["*.review", "*.remove", "insult.review"]
    assert fallbacks(bands, OWN, "toxic", read_operating_points(whole(), OWN)) == ["insult.review"]


@pytest.mark.parametrize(
    ("review", "remove"), [("careful", "model"), ("careful", "strict"), ("model", "strict")]
)
def test_removing_may_not_begin_at_a_lower_one_of_the_three(review: str, remove: str) -> None:
    with pytest.raises(BandsError, match=f'toxic.remove: "{remove}" is below "{review}"'):
        check_bands({"toxic": {"review": review, "remove": remove}})
    assert check_bands({"toxic": {"review": remove, "remove": review}})


def test_another_word_is_refused_with_those_there_are() -> None:
    with pytest.raises(BandsError, match='null, "careful", "model" or "strict"'):
        check_bands({"toxic": {"review": "lenient"}})
