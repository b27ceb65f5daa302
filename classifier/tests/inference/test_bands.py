"""What a policy's bands say of scores and rule hits, by example and for every policy that can be written."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.bands import (
    DEFAULT_BANDS,
    RANK,
    BandsError,
    check_automatic,
    check_bands,
    judge,
)

LABELS = ("toxic", "insult", "threat")
OF_MODEL = {"toxic": 0.6, "insult": 0.5, "threat": 0.3}
PROBABILITY = st.floats(0, 1)
SCORES = st.fixed_dictionaries(dict.fromkeys(LABELS, PROBABILITY))


@dataclass(frozen=True)
class Found:
    band: str

    def reason(self) -> dict[str, Any]:
        return {"kind": "rule", "band": self.band}


@st.composite
def bands(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    drawn: dict[str, dict[str, Any]] = {}
    for label in draw(st.sets(st.sampled_from((*LABELS, "*", "unheard")), min_size=1)):
        low, high = sorted((draw(PROBABILITY), draw(PROBABILITY)))
        review = draw(st.sampled_from((low, None, "model")))
        remove = draw(st.sampled_from((high, None, "model")))
        drawn[label] = {"review": review, "remove": remove}
    return drawn


def of(scores: dict[str, float], policy: dict[str, dict[str, Any]], *hits: Found) -> Any:
    return judge(scores, policy, hits, thresholds=OF_MODEL, primary_label="toxic")


def test_the_worst_band_of_all_labels_counts_and_every_label_that_reached_one_is_a_reason() -> None:
    policy = {"toxic": {"review": 0.4, "remove": 0.95}, "threat": {"review": 0.2, "remove": 0.5}}
    found = of({"toxic": 0.7, "threat": 0.5, "insult": 1.0}, policy)
    assert (found.band, found.label) == ("remove", "threat")
    assert [(reason["label"], reason["band"]) for reason in found.reasons] == [
        ("threat", "remove"),
        ("toxic", "review"),
    ]
    assert found.reasons[0] == {
        "kind": "band",
        "band": "remove",
        "label": "threat",
        "score": 0.5,
        "threshold": 0.5,
    }
    assert found.uncertainty == 0.0


@pytest.mark.parametrize(("score", "band"), [(0.3999, "approve"), (0.4, "review"), (0.95, "remove")])
def test_a_threshold_is_reached_at_its_own_value(score: float, band: str) -> None:
    assert of({"toxic": score}, {"toxic": {"review": 0.4, "remove": 0.95}}).band == band


def test_a_null_threshold_is_never_reached() -> None:
    assert of({"toxic": 1.0}, {"toxic": {"review": None, "remove": None}}).band == "approve"


def test_the_default_sends_to_review_what_the_model_itself_calls_toxic() -> None:
    calm, toxic = (
        of({"toxic": score, "insult": 1.0}, {k: dict(v) for k, v in DEFAULT_BANDS.items()})
        for score in (0.59, 0.6)
    )
    assert (calm.band, toxic.band) == ("approve", "review")
    assert toxic.reasons[0]["threshold"] == OF_MODEL["toxic"]


def test_a_policy_for_labels_that_the_model_does_not_have_falls_back_to_review_and_says_so() -> None:
    found = of({"toxic": 0.9}, {"spam": {"review": 0.5, "remove": 0.9}})
    assert found.band == "review"
    assert {"kind": "labels_unknown"} in found.reasons


def test_a_label_s_own_thresholds_go_before_those_of_the_primary_label() -> None:
    policy = {"*": {"review": 0.1, "remove": None}, "toxic": {"review": 0.9, "remove": None}}
    assert of({"toxic": 0.5}, policy).band == "approve"


def test_a_rule_puts_a_harmless_score_into_its_band() -> None:
    policy = {"toxic": {"review": 0.4, "remove": 0.95}}
    found = of({"toxic": 0.01}, policy, Found("review"), Found("remove"))
    assert (found.band, found.risk) == ("remove", 0.9)
    assert [reason["band"] for reason in found.reasons] == ["remove", "review"]


def test_risk_is_a_half_at_review_and_nine_tenths_at_remove() -> None:
    policy = {"toxic": {"review": 0.2, "remove": 0.8}}
    risks = [of({"toxic": score}, policy).risk for score in (0.0, 0.1, 0.2, 0.5, 0.8, 1.0)]
    assert risks == pytest.approx([0.0, 0.25, 0.5, 0.7, 0.9, 1.0])


many = settings(max_examples=300, deadline=None)


@many
@given(bands(), SCORES, st.sampled_from(LABELS), PROBABILITY)
def test_a_higher_score_never_lowers_band_or_risk(
    policy: dict[str, dict[str, Any]], scores: dict[str, float], label: str, other: float
) -> None:
    low, high = sorted((scores[label], other))
    before, after = of({**scores, label: low}, policy), of({**scores, label: high}, policy)
    assert RANK[after.band] >= RANK[before.band]
    assert after.risk >= before.risk - 1e-12


@many
@given(bands(), SCORES, st.lists(st.sampled_from(("review", "remove")), max_size=3))
def test_numbers_stay_in_their_ranges_and_a_hit_never_lowers_anything(
    policy: dict[str, dict[str, Any]], scores: dict[str, float], hits: list[str]
) -> None:
    without, found = of(scores, policy), of(scores, policy, *map(Found, hits))
    assert 0 <= found.risk <= 1 + 1e-12
    assert 0 <= found.uncertainty <= 1
    assert RANK[found.band] == max([RANK[without.band], *(RANK[hit] for hit in hits)])
    assert found.risk >= without.risk
    assert bool(found.reasons) == (found.band != "approve")
    if found.band == "remove":
        assert found.risk >= 0.9 - 1e-12


@many
@given(bands())
def test_checked_bands_are_checked_already(policy: dict[str, dict[str, Any]]) -> None:
    assert check_bands(check_bands(policy)) == check_bands(policy)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ([], "bands"),
        ({}, "bands"),
        ({"toxic": 0.5}, "bands.toxic"),
        ({" ": {}}, "bands. "),
        ({"toxic": {"delete": 0.5}}, "bands.toxic.delete"),
        ({"toxic": {"review": "0.5"}}, "bands.toxic.review"),
        ({"toxic": {"review": True}}, "bands.toxic.review"),
        ({"toxic": {"review": float("nan")}}, "bands.toxic.review"),
        ({"toxic": {"remove": 1.01}}, "bands.toxic.remove"),
        ({"toxic": {"review": 0.9, "remove": 0.5}}, "bands.toxic.remove"),
    ],
)
def test_it_names_the_field_that_means_nothing(policy: Any, field: str) -> None:
    with pytest.raises(BandsError, match=rf"^{re.escape(field)}: ") as caught:
        check_bands(policy)
    assert caught.value.field == field


def test_only_approve_and_remove_are_decided_automatically() -> None:
    assert check_automatic(["remove", "approve", "remove"]) == ["approve", "remove"]
    with pytest.raises(
        BandsError, match=r"^automatic: Only approve and remove can be decided automatically\.$"
    ):
        check_automatic(["review"])
