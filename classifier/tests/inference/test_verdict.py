"""The primary label decides at its own threshold, wherever it stands among the labels."""

import json
from pathlib import Path

import pytest

from classifier.inference.artifact import load_manifest
from classifier.inference.errors import ArtifactInvalid
from classifier.inference.verdict import verdict_for

THRESHOLDS = {"insult": 0.2, "toxic": 0.7, "threat": 0.4}


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ({"insult": 0.99, "toxic": 0.69, "threat": 0.99}, "non-toxic"),
        ({"insult": 0.0, "toxic": 0.7, "threat": 0.0}, "toxic"),
        ({"insult": 0.0, "toxic": 0.71, "threat": 0.0}, "toxic"),
        ({"insult": 0.3, "toxic": 0.3, "threat": 0.3}, "non-toxic"),
    ],
)
def test_other_labels_and_their_thresholds_have_no_say(scores: dict[str, float], verdict: str) -> None:
    assert verdict_for(scores, THRESHOLDS, "toxic") == verdict


def test_the_second_label_may_be_the_primary_one() -> None:
    scores = {"insult": 0.3, "toxic": 0.3, "threat": 0.3}
    assert [verdict_for(scores, THRESHOLDS, label) for label in THRESHOLDS] == [
        "toxic",
        "non-toxic",
        "non-toxic",
    ]


@pytest.mark.parametrize("change", ["missing", "more", "empty"])
def test_a_label_without_a_threshold_is_no_model(folder: Path, change: str) -> None:
    place = folder / "manifest.json"
    manifest = json.loads(place.read_text())
    labels = list(manifest["thresholds"])
    assert len(labels) > 1
    if change == "missing":
        del manifest["thresholds"][labels[1]]
    else:
        manifest["thresholds"] = {**manifest["thresholds"], "spam": 0.5} if change == "more" else {}
    place.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactInvalid, match="thresholds must hold one number for each label"):
        load_manifest(folder)
