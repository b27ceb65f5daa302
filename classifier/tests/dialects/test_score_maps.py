"""With a score map on its key a client is answered in the scale that it knows, and the reply says so."""

from typing import Any

import pytest

from classifier.models import ApiKey, ModelVersion, ScoreMap
from classifier.references.score_maps import score_map_switch
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, SCORES, Sender

HEADER = "Toxicsite-Score-Map"


def request(text: str, *attributes: str, **fields: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {name: {} for name in attributes}
    return {"comment": {"text": text}, "requestedAttributes": asked, "doNotStore": True, **fields}


def fitted(points: list[list[float]]) -> dict[str, Any]:
    return {"points": points, "pairs": 400, "error": 0.1, "error_before": 0.2}


def switch_on(sender: Sender, version: ModelVersion, wire: str = "perspective", **maps: Any) -> ScoreMap:
    row = ScoreMap.objects.create(
        name="Altes Maß",
        version=3,
        wire=wire,
        method="quantile",
        model_version=version,
        threshold=0.8,
        attributes={name: fitted(points) for name, points in maps.items()},
    )
    score_map_switch(api_key=sender.key, score_map=row, by=None)
    return row


UP = [[0.0, 0.1], [0.5, 0.8], [1.0, 1.0]]  # 0.75 becomes 0.9


def test_perspective_scores_are_mapped_and_the_models_own_stay_beside(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    switch_on(sender, active_version, TOXICITY=UP)
    response = sender.post(ANALYZE, request("a text", "TOXICITY", "INSULT"))
    body = response.json()
    assert body["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == pytest.approx(0.9)
    assert body["attributeScores"]["TOXICITY"]["spanScores"][0]["score"]["value"] == pytest.approx(0.9)
    assert body["attributeScores"]["INSULT"]["summaryScore"]["value"] == SCORES["insult"]
    assert body["modelScores"] == {"TOXICITY": SCORES["toxic"]}
    fitted_on = active_version.version
    assert body["scoreMap"] == {"name": "Altes Maß", "version": 3, "fittedOn": fitted_on}
    assert response.headers[HEADER] == f"Altes Ma%C3%9F v3; fitted-on={fitted_on}"


def test_the_callers_threshold_is_compared_with_the_mapped_score_and_spans_are_mapped(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    body = request("One half. Another text.", "TOXICITY", spanAnnotations=True)
    body["requestedAttributes"]["TOXICITY"] = {"scoreThreshold": 0.6}
    assert sender.post(ANALYZE, body).json()["attributeScores"] == {}
    switch_on(sender, active_version, TOXICITY=UP)
    answered = sender.post(ANALYZE, body).json()["attributeScores"]["TOXICITY"]
    half = pytest.approx(0.1 + 0.7 * 0.375 / 0.5)
    assert [span["score"]["value"] for span in answered["spanScores"]] == [half, pytest.approx(0.9)]


def test_experimental_names_are_mapped_as_their_attribute_and_constants_are_not(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    ApiKey.objects.filter(pk=sender.key.pk).update(missing_attributes="constant", missing_constant=0.5)
    switch_on(sender, active_version, TOXICITY=UP, SPAM=[[0.0, 0.9]])
    body = sender.post(ANALYZE, request("a text", "TOXICITY_EXPERIMENTAL", "SPAM")).json()
    assert body["attributeScores"]["TOXICITY_EXPERIMENTAL"]["summaryScore"]["value"] == pytest.approx(0.9)
    assert body["attributeScores"]["SPAM"]["summaryScore"]["value"] == 0.5
    assert body["modelScores"] == {"TOXICITY_EXPERIMENTAL": SCORES["toxic"]}


def test_openai_category_scores_are_mapped_and_categories_stay(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    before = sender.post(MODERATIONS, {"input": "a text"}).json()["results"][0]
    switch_on(sender, active_version, "openai", harassment=[[0.0, 0.0], [1.0, 0.2]])
    response = sender.post(MODERATIONS, {"input": "a text"})
    (after,) = response.json()["results"]
    assert after["category_scores"].pop("harassment") == pytest.approx(0.15)
    assert before["category_scores"].pop("harassment") == SCORES["toxic"]
    assert after["category_scores"] == before["category_scores"]
    assert after["model_scores"] == {"harassment": SCORES["toxic"]}
    assert (after["categories"], after["flagged"]) == (before["categories"], before["flagged"])
    assert after["categories"]["harassment"] is True
    assert after["score_map"]["name"] == "Altes Maß"
    assert response.headers[HEADER].endswith(f"fitted-on={active_version.version}")


def test_a_map_is_for_its_own_scale_alone(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    switch_on(sender, active_version, TOXICITY=UP, harassment=UP)
    for path, body in ((MODERATIONS, {"input": "a text"}), (PREDICT, {"inputs": "a text"})):
        response = sender.post(path, body)
        assert response.status_code == 200
        assert HEADER not in response.headers
        assert "score_map" not in response.content.decode()


def test_without_a_map_nothing_is_said_of_one(sender: Sender, asked: list[list[str]]) -> None:
    response = sender.post(ANALYZE, request("a text", "TOXICITY"))
    assert HEADER not in response.headers
    assert response.json().keys().isdisjoint({"scoreMap", "modelScores"})


def test_the_reply_goes_on_naming_the_version_that_the_map_was_fitted_on(
    sender: Sender,
    asked: list[list[str]],
    active_version: ModelVersion,
    candidates: tuple[ModelVersion, ModelVersion],
) -> None:
    switch_on(sender, candidates[1], TOXICITY=UP)
    body = sender.post(ANALYZE, request("a text", "TOXICITY")).json()
    assert body["modelVersion"] == active_version.version
    assert body["scoreMap"]["fittedOn"] == candidates[1].version != active_version.version
    assert body["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == pytest.approx(0.9)


def test_a_map_that_was_fitted_on_a_versioned_name_covers_that_name(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    """Calls are kept under the names that a client asks for, so a map of them may be of `TOXICITY@6`."""
    maps: dict[str, Any] = {"TOXICITY@6": UP}
    switch_on(sender, active_version, **maps)
    body = sender.post(ANALYZE, request("a text", "TOXICITY@6", "TOXICITY")).json()
    assert body["attributeScores"]["TOXICITY@6"]["summaryScore"]["value"] == pytest.approx(0.9)
    assert body["modelScores"] == {"TOXICITY@6": SCORES["toxic"]}
