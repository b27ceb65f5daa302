"""What the policy and the rules of a key's source say counts in the dialects, and the reply says by which rule."""

from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import ApiKey, Comment, ModelVersion, Source, User
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_save
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, SCORES, Sender
from classifier.tests.dialects.test_analyze import request, spans

HEADER = "Toxicsite-Policy"
CIRCLED = "half \u24dc\u24de\u24e1\u24de\u24dd"  # scored at half, below every threshold


@pytest.fixture
def own(db: None) -> Source:
    return Source.objects.create(slug="own", name="Own")


@pytest.fixture
def rule(own: Source) -> Any:
    return rule_create(
        name="Morons, all", kind="phrase", pattern="moron", folds=True, band="review", source=own, by=None
    )


@pytest.fixture
def confined(owner: User, own: Source) -> Sender:
    """A client whose key is for the source `own` alone."""
    key, plaintext = api_key_create(name="own", owner=owner, scopes=["score", "submit"], sources=[own])
    return Sender(plaintext, key)


def lift(sender: Sender) -> None:
    ApiKey.objects.filter(pk=sender.key.pk).update(lifts_scores=True)


def test_openai_flags_what_a_rule_of_the_keys_source_hits(
    confined: Sender, asked: list[list[str]], rule: Any
) -> None:
    """[cases: dialects_ignore_rules-01]"""
    response = confined.post(MODERATIONS, {"input": CIRCLED})
    (result,) = response.json()["results"]
    assert result["flagged"] is True
    assert result["moderation"] == {
        "action": "review",
        "flagged": True,
        "policyVersion": 1,
        "rules": ["Morons, all"],
    }
    assert response.headers[HEADER] == 'action=review; policy=1; rules="Morons%2C all"'
    assert result["category_scores"]["harassment"] == SCORES["toxic"] / 2, "scores stay the model's"
    assert not any(result["categories"].values())
    assert "model_scores" not in result


def test_a_policy_that_lets_more_pass_unflags(confined: Sender, asked: list[list[str]], own: Source) -> None:
    (before,) = confined.post(MODERATIONS, {"input": "you idiot"}).json()["results"]
    policy_save(source=own, bands={"*": {"review": 0.9, "remove": None}}, by=None)
    response = confined.post(MODERATIONS, {"input": "you idiot"})
    (after,) = response.json()["results"]
    assert (before["flagged"], after["flagged"]) == (True, False)
    assert after["categories"]["harassment"] is True, "categories stay the model's"
    assert HEADER not in response.headers


def test_of_many_texts_the_header_says_which(
    confined: Sender, asked: list[list[str]], rule: Any, own: Source
) -> None:
    rule_create(name="Ünfair", kind="phrase", pattern="unfair", band="remove", source=own, by=None)
    texts = ["half fine", "half moron", "half good", "half unfair moron"]
    response = confined.post(MODERATIONS, {"input": texts})
    results = response.json()["results"]
    assert [result["moderation"]["action"] for result in results] == [
        "approve",
        "review",
        "approve",
        "remove",
    ]
    expected = 'action=remove; policy=1; rules="Morons%2C all,%C3%9Cnfair"; texts="1,3"'
    assert response.headers[HEADER] == expected


def test_a_rule_of_another_source_does_not_count(sender: Sender, asked: list[list[str]], rule: Any) -> None:
    (result,) = sender.post(MODERATIONS, {"input": CIRCLED}).json()["results"]
    assert result["flagged"] is False
    rule_create(name="Everywhere", kind="phrase", pattern="moron", band="remove", by=None)
    (result,) = sender.post(MODERATIONS, {"input": CIRCLED}).json()["results"]
    assert result["moderation"]["rules"] == ["Everywhere"]


def test_judging_many_texts_costs_no_statement_a_text(
    confined: Sender, asked: list[list[str]], rule: Any, django_assert_max_num_queries: Any
) -> None:
    confined.post(MODERATIONS, {"input": "warm up"})
    with django_assert_max_num_queries(
        7
    ):  # the key and its person, the version, and what is in force for texts and scores
        confined.post(MODERATIONS, {"input": ["half moron"] * 200})


def test_perspective_tells_what_would_be_done_with_the_communitys_source(
    sender: Sender, asked: list[list[str]], rule: Any
) -> None:
    response = sender.post(ANALYZE, request(CIRCLED, communityId="own"))
    body = response.json()
    assert body["moderation"] == {
        "action": "review",
        "flagged": True,
        "policyVersion": 1,
        "rules": ["Morons, all"],
    }
    assert body["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"] / 2
    assert "modelScores" not in body
    assert response.headers[HEADER] == 'action=review; policy=1; rules="Morons%2C all"'
    elsewhere = sender.post(ANALYZE, request(CIRCLED, communityId="other"))
    assert elsewhere.json()["moderation"]["action"] == "approve"
    assert HEADER not in elsewhere.headers


def test_without_a_community_it_is_the_keys_only_source(
    confined: Sender, asked: list[list[str]], rule: Any
) -> None:
    body = confined.post(ANALYZE, request(CIRCLED, doNotStore=False)).json()
    assert body["moderation"]["rules"] == ["Morons, all"]
    comment = Comment.objects.get()
    assert (comment.source.slug, comment.band) == ("own", "review")


def test_a_source_that_the_owner_does_not_see_any_more_does_not_count(
    confined: Sender, asked: list[list[str]], rule: Any
) -> None:
    User.objects.filter(pk=confined.key.owner_id).update(all_sources=False)
    (result,) = confined.post(MODERATIONS, {"input": CIRCLED}).json()["results"]
    assert result["flagged"] is False
    assert confined.post(ANALYZE, request(CIRCLED)).json()["moderation"]["rules"] == []


def test_a_community_that_the_key_does_not_reach_has_the_sites_policy(
    confined: Sender, asked: list[list[str]]
) -> None:
    other = Source.objects.create(slug="other", name="Other")
    rule_create(name="Theirs", kind="phrase", pattern="moron", band="remove", source=other, by=None)
    body = confined.post(ANALYZE, request(CIRCLED, communityId="other")).json()
    assert body["moderation"] == {"action": "approve", "flagged": False, "policyVersion": 1, "rules": []}
    assert confined.post(ANALYZE, request(communityId="other", doNotStore=False)).status_code == 403


def test_a_key_that_lifts_has_toxicity_at_the_policys_threshold(
    sender: Sender, asked: list[list[str]], rule: Any, own: Source
) -> None:
    policy_save(source=own, bands={"*": {"review": 0.8, "remove": 0.95}}, by=None)
    lift(sender)
    wanted: dict[str, Any] = {"TOXICITY": {"scoreThreshold": 0.8}, "TOXICITY@6": {}, "INSULT": {}}
    response = sender.post(ANALYZE, request(CIRCLED, communityId="own", requestedAttributes=wanted))
    body = response.json()
    values = {name: each["summaryScore"]["value"] for name, each in body["attributeScores"].items()}
    assert values == {"TOXICITY": 0.8, "TOXICITY@6": 0.8, "INSULT": SCORES["insult"] / 2}
    assert body["modelScores"] == {"TOXICITY": SCORES["toxic"] / 2, "TOXICITY@6": SCORES["toxic"] / 2}
    assert response.headers[HEADER] == 'action=review; policy=1; rules="Morons%2C all"; lifted=TOXICITY'
    calm = sender.post(ANALYZE, request("half fine", communityId="own")).json()
    assert calm["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == SCORES["toxic"] / 2


@pytest.mark.parametrize(
    ("bands", "band", "expected"),
    [
        ({"*": {"review": 0.8, "remove": 0.95}}, "remove", 0.95),
        ({"*": {"review": 0.8, "remove": None}}, "remove", 0.8),
        ({"*": {"review": "model", "remove": None}}, "review", "own"),
        ({"threat": {"review": 0.9, "remove": None}}, "review", "own"),
        ({"*": {"review": 0.1, "remove": 0.95}}, "review", SCORES["toxic"] / 2),
    ],
)
def test_where_the_policy_draws_no_threshold_the_labels_own_counts(
    sender: Sender,
    asked: list[list[str]],
    own: Source,
    active_version: ModelVersion,
    bands: Any,
    band: str,
    expected: Any,
) -> None:
    policy_save(source=own, bands=bands, by=None)
    rule_create(name="Morons", kind="phrase", pattern="moron", band=band, source=own, by=None)
    lift(sender)
    body = sender.post(ANALYZE, request(CIRCLED, communityId="own")).json()
    value = body["attributeScores"]["TOXICITY"]["summaryScore"]["value"]
    assert value == (active_version.threshold if expected == "own" else expected)


def test_sentences_keep_what_the_model_says_of_them(
    sender: Sender, asked: list[list[str]], rule: Any
) -> None:
    lift(sender)
    sent = request("A half moron. By half.", communityId="own", spanAnnotations=True)
    body = sender.post(ANALYZE, sent).json()
    found = body["attributeScores"]["TOXICITY"]
    assert found["summaryScore"]["value"] > SCORES["toxic"] / 2
    assert [span["score"]["value"] for span in found["spanScores"]] == [SCORES["toxic"] / 2] * 2
    assert spans(body) == [(0, 13), (14, 22)]


def test_what_is_stored_is_what_the_model_said(sender: Sender, asked: list[list[str]], rule: Any) -> None:
    lift(sender)
    sender.post(ANALYZE, request(CIRCLED, communityId="own", doNotStore=False))
    comment = Comment.objects.with_verdict().get()
    assert comment.current_prediction is not None
    assert comment.current_prediction.scores["toxic"] == SCORES["toxic"] / 2
    assert comment.band == "review"


def test_openai_lifts_the_category_of_the_primary_label(
    confined: Sender, asked: list[list[str]], rule: Any, active_version: ModelVersion
) -> None:
    lift(confined)
    response = confined.post(MODERATIONS, {"input": CIRCLED})
    (result,) = response.json()["results"]
    assert result["category_scores"]["harassment"] == active_version.threshold
    assert [name for name, value in result["categories"].items() if value] == ["harassment"]
    assert result["model_scores"] == {"harassment": SCORES["toxic"] / 2}
    assert response.headers[HEADER].endswith("; lifted=harassment")


def test_tei_tells_it_in_the_header_and_lifts_where_the_key_says_so(
    confined: Sender, asked: list[list[str]], rule: Any, active_version: ModelVersion
) -> None:
    """[cases: dialects_ignore_rules-03]"""
    response = confined.post(PREDICT, {"inputs": "half a m0r0n"})
    assert {row["label"]: row["score"] for row in response.json()} == {
        label: score / 2 for label, score in SCORES.items()
    }
    assert response.headers[HEADER] == 'action=review; policy=1; rules="Morons%2C all"'
    lift(confined)
    response = confined.post(PREDICT, {"inputs": [["half fine"], ["half a m0r0n"]]})
    calm, hit = ({row["label"]: row["score"] for row in rows} for rows in response.json())
    assert (calm["toxic"], hit["toxic"]) == (SCORES["toxic"] / 2, active_version.threshold)
    expected = 'action=review; policy=1; rules="Morons%2C all"; lifted=toxic; texts="1"'
    assert response.headers[HEADER] == expected


def test_the_header_stays_short_and_in_ascii_however_many_rules_hit(
    confined: Sender, asked: list[list[str]], own: Source
) -> None:
    names = [f"{number} " + "\u4e0d" * 95 for number in range(30)]
    for name in names:
        rule_create(name=name, kind="phrase", pattern="moron", band="review", source=own, by=None)
    response = confined.post(MODERATIONS, {"input": ["half moron"] * 900})
    header = response.headers[HEADER]
    assert header.isascii()
    assert len(header) < 2_300
    assert ",and 29 more" in header
    assert response.json()["results"][0]["moderation"]["rules"] == names


def test_errors_have_none_of_these_headers(confined: Sender, asked: list[list[str]], rule: Any) -> None:
    response = confined.post(ANALYZE, request(CIRCLED, languages=["it"]))
    assert response.status_code == 400
    assert HEADER not in response.headers
