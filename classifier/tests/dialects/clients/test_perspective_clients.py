"""Google's clients make their methods from the discovery document and call this server with them."""

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from classifier.models import ApiKey, Comment, CommentContext, ModelVersion, Suggestion
from classifier.tests.dialects.clients.conftest import KIND, RUDE, RunNode

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(server: str, model: ModelVersion, key: str) -> Iterator[Any]:
    """As Perspective's documentation makes it, but for the address."""
    with discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=key,
        discoveryServiceUrl=f"{server}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
        cache_discovery=False,
    ) as client:
        yield client


def body(text: str, **fields: Any) -> dict[str, Any]:
    return {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "doNotStore": True, **fields}


def toxicity(reply: Any) -> float:
    return float(reply["attributeScores"]["TOXICITY"]["summaryScore"]["value"])


def test_googles_python_client_analyzes_suggests_and_is_told_of_errors(
    client: Any, model: ModelVersion
) -> None:
    rude, kind = (client.comments().analyze(body=body(text)).execute() for text in (RUDE, KIND))
    if model.name == "starter":
        assert toxicity(rude) > 0.8 > 0.2 > toxicity(kind)
    assert rude["languages"] == rude["detectedLanguages"] == ["en"]
    assert not Comment.objects.exists()

    suggestion = {
        "comment": {"text": RUDE},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1.0}}},
        "clientToken": "again",
        "communityId": "forum",
    }
    assert client.comments().suggestscore(body=suggestion).execute()["clientToken"] == "again"
    stored = Suggestion.objects.get()
    assert (stored.text, stored.labels, stored.source.slug) == (RUDE, {"toxic": 1.0}, "forum")

    with pytest.raises(HttpError) as refused:
        client.comments().analyze(body=body("")).execute()
    assert refused.value.status_code == 400
    assert refused.value.reason == "Comment must be non-empty."
    assert refused.value.error_details[0]["errorType"] == "COMMENT_EMPTY"


def test_googles_python_client_puts_calls_into_a_batch(client: Any, model: ModelVersion) -> None:
    """As HELM does it: the text itself is the name of the call."""
    long = f"{RUDE} ü + <b> " * 300
    answers: dict[str, Any] = {}
    batch = client.new_batch_http_request(
        callback=lambda name, reply, error: answers.update({name: error or reply})
    )
    for text in (RUDE, KIND, long, ""):
        batch.add(
            client.comments().analyze(body=body(text, spanAnnotations=True)), request_id=text or "empty"
        )
    batch.execute()
    assert list(answers) == [RUDE, KIND, long, "empty"]
    alone = client.comments().analyze(body=body(RUDE, spanAnnotations=True)).execute()
    assert answers[RUDE] == alone
    assert isinstance(answers["empty"], HttpError)
    assert (answers["empty"].status_code, answers["empty"].reason) == (400, "Comment must be non-empty.")
    assert answers[long]["attributeScores"]["TOXICITY"]["spanScores"]


def test_googles_python_client_stores_a_comment_with_the_verdict_that_it_was_told(
    client: Any, model: ModelVersion
) -> None:
    context = {"articleAndParentComment": {"parentComment": {"text": KIND}}}
    sent = body(RUDE, doNotStore=False, communityId="forum", sessionId="s-1", context=context)
    reply = client.comments().analyze(body=sent).execute()
    comment = Comment.objects.with_verdict().get()
    assert (comment.text, comment.source.slug, comment.status) == (RUDE, "forum", "classified")
    assert comment.current_prediction is not None
    assert comment.current_prediction.scores["toxic"] == toxicity(reply)
    assert comment.predictions.count() == 1
    kept = CommentContext.objects.get(comment=comment)
    assert (kept.entries, kept.session_ref) == ([{"kind": "parent", "text": KIND}], "s-1")


def test_googles_node_client_is_answered(model: ModelVersion, node: RunNode) -> None:
    said = node("perspective.mjs")
    if model.name == "starter":
        assert toxicity(said["rude"]) > 0.8 > 0.2 > toxicity(said["kind"])
    assert said["kind"]["clientToken"] == "t-1"
    assert said["suggested"]["clientToken"] == "t-2"
    assert said["refused"]["status"] == 400
    assert "Comment must be non-empty." in str(said["refused"])
    assert Suggestion.objects.get().labels == {"toxic": 1.0}


@pytest.mark.parametrize("constant", [None, 0.25])
def test_perspectives_own_client_runs_with_its_defaults(
    model: ModelVersion, node: RunNode, key: str, constant: float | None
) -> None:
    """@conversationai/perspectiveapi-js-client 1.0.1 asks for SPAM and TOXICITY where nobody says otherwise."""
    if constant is not None:
        ApiKey.objects.update(missing_attributes="constant", missing_constant=constant)
    said = node("perspectiveapi-js-client.mjs")
    missing = {} if constant is None else {"SPAM": constant}
    assert said["rude"] == {"TOXICITY": said["rude"]["TOXICITY"], **missing}
    if model.name == "starter":
        assert said["rude"]["TOXICITY"] > 0.8 > 0.2 > said["kind"]["TOXICITY"]
    assert set(said["chosen"]) - {"FLIRTATION"} == {"TOXICITY", "INSULT"}
    assert said["chosen"].get("FLIRTATION") == constant
    assert "status code 400" in said["refused"]
    assert Comment.objects.get().text == "Thank you"


def test_the_npm_package_perspective_api_client_runs_with_its_defaults(
    model: ModelVersion, node: RunNode
) -> None:
    said = node("perspective-api-client.mjs")
    assert set(said["rude"]["attributeScores"]) == {"TOXICITY"}
    if model.name == "starter":
        assert toxicity(said["rude"]) > 0.8 > 0.2 > toxicity(said["kind"])
    assert said["kind"]["missingAttributes"] == {"SPAM": None, "UNSUBSTANTIAL": None}
    assert said["refused"] == {
        "name": "ResponseError",
        "message": "Unknown requested attribute: NOISE",
        "status": 400,
    }
    assert said["stranger"]["message"] == "API key not valid. Please pass a valid API key."
    assert not Comment.objects.exists()
