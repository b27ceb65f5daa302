"""Answers that need a worker: a real process, with a tiny random model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from classifier.api_keys.services import api_key_create
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import Comment, ModelVersion, Source
from classifier.policies.services import policy_save
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, assert_problem, person
from classifier.tests.tiny_artifact import tiny_artifact
from classifier.tests.worker_process import own_database_url, running_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def worker(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A worker process on the test's own database and Redis, for all tests of this module that ask for it."""
    with django_db_blocker.unblock():
        url = own_database_url()
    with running_worker(url, SCORE_MAX_WINDOWS="2"):
        yield


@pytest.fixture
def model(transactional_db: None, tmp_path: Path) -> ModelVersion:
    version = model_version_register(directory=tiny_artifact(tmp_path / "answers", name="answers"))
    model_version_activate(model_version=version, by=None)
    return version


@pytest.fixture
def program(transactional_db: None) -> Caller:
    owner = person("owner", "add_comment")
    return Caller(api_key_create(name="k", owner=owner, scopes=["submit", "read", "score"])[1])


def test_waiting_gives_the_verdict_with_201_and_again_with_200(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    sent = {"text": "i hate you", "external_id": "7"}
    response = program.post(f"{COMMENTS}?wait=10", sent)
    assert response.status_code == 201
    body = response.json()
    assert body["status"] == "classified"
    prediction = body["prediction"]
    assert prediction["model_version"] == model.version
    assert prediction["scores"].keys() == set(model.labels)
    assert prediction["verdict"] == (
        "toxic" if prediction["score"] >= prediction["threshold"] else "non-toxic"
    )
    again = program.post(f"{COMMENTS}?wait=10", sent)
    assert (again.status_code, again.json()) == (200, body)
    detail = program.get(response.headers["Location"]).json()
    assert detail["predictions"] == [prediction]


def test_waiting_for_many_gives_every_verdict(model: ModelVersion, worker: None, program: Caller) -> None:
    items = [{"text": f"thank you {n}"} for n in range(100)]
    response = program.post(f"{COMMENTS}?wait=10", {"items": items})
    assert response.status_code == 201
    assert [item["text"] for item in response.json()["items"]] == [item["text"] for item in items]
    assert all(item["prediction"]["model_version"] == model.version for item in response.json()["items"])


def test_a_text_in_a_language_that_the_model_does_not_know_is_for_a_person(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    german = "Der Nachbar mäht schon wieder seinen Rasen"
    foreign, english = program.post(SCORE, {"texts": [german, "thank you all for your help"]}).json()[
        "results"
    ]
    assert (foreign["language"], foreign["language_supported"], foreign["action"]) == ("de", False, "review")
    assert foreign["reasons"] == [{"kind": "language", "language": "de"}]
    assert (english["language"], english["language_supported"]) == ("en", True)
    stored = program.post(f"{COMMENTS}?wait=10", {"text": german}).json()
    assert (stored["prediction"]["language"], stored["action"]) == ("de", "review")
    for query, found in (("language=de", 1), ("language_supported=false", 1), ("language_supported=true", 0)):
        assert len(program.get(f"{COMMENTS}?{query}").json()["items"]) == found
    assert_problem(program.get(f"{COMMENTS}?language_supported=maybe"), 400, "invalid-request")


def test_a_concern_comes_with_the_text_for_its_author(
    transactional_db: None, tmp_path: Path, worker: None, program: Caller
) -> None:
    folder = tiny_artifact(tmp_path / "tiny", concern=0.0)  # every text is one
    model_version_activate(model_version=model_version_register(directory=folder), by=None)
    policy_save(
        source=None, bands={"toxic": {"review": None, "remove": None}}, concern_text="Call us.", by=None
    )
    [scored] = program.post(SCORE, {"text": "i am not good"}).json()["results"]
    assert (scored["concern"], scored["action"], scored["author_text"]) == (True, "review", "Call us.")
    assert scored["reasons"] == [{"kind": "concern"}]
    assert 0 < scored["concern_score"] < 1
    assert scored["scores"].keys() == {
        "toxic",
        "severe_toxic",
        "obscene",
        "threat",
        "insult",
        "identity_hate",
    }
    stored = program.post(f"{COMMENTS}?wait=10", {"text": "i am not good"}).json()
    assert (stored["concern"], stored["action"], stored["author_text"]) == (True, "review", "Call us.")
    assert stored["prediction"]["concern_score"] == pytest.approx(scored["concern_score"])
    for query, found in (("concern=true", 1), ("concern=false", 0)):
        assert len(program.get(f"{COMMENTS}?{query}").json()["items"]) == found


def test_a_model_that_recognises_no_concern_says_so(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    [scored] = program.post(SCORE, {"text": "i am not good"}).json()["results"]
    assert (scored["concern"], scored["concern_score"], scored["author_text"]) == (False, None, "")


def test_scoring_answers_in_order_and_stores_nothing(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    texts = ["i hate you", "thank you", "i hate you"]
    response = program.post(SCORE, {"texts": texts})
    assert response.status_code == 200
    first, second, third = response.json()["results"]
    assert first == third != second
    assert first["model_version"] == model.version
    assert first["scores"].keys() == first["thresholds"].keys() == set(model.labels)
    assert first["thresholds"][model.primary_label] == first["threshold"]
    assert (first["score"], first["error"]) == (first["scores"][model.primary_label], None)
    assert not Comment.objects.exists()


def test_an_explanation_points_into_the_text_that_was_sent(
    model: ModelVersion, worker: None, program: Caller, settings: Settings
) -> None:
    settings.SCORE_DEADLINE_SECONDS = 60
    text = "i  hate\u200b \U0001f600 you"
    (result,) = program.post(SCORE, {"text": text, "explain": True}).json()["results"]
    words = result["explanation"]["words"]
    assert words
    assert all(text[word["begin"] : word["end"]] == word["text"] for word in words)


def test_sentences_point_into_the_text_and_are_null_unless_asked_for(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    texts = ["\U0001f600 i hate you. \u200bthank you!", "one only"]
    first, second = program.post(SCORE, {"texts": texts, "sentences": True}).json()["results"]
    assert [texts[0][part["begin"] : part["end"]] for part in first["sentences"]] == [
        "\U0001f600 i hate you.",
        "\u200bthank you!",
    ]
    assert first["sentences"][0]["scores"].keys() == set(model.labels)
    assert second["sentences"] == [{"begin": 0, "end": 8, "scores": second["scores"]}]
    (plain,) = program.post(SCORE, {"text": texts[0]}).json()["results"]
    assert plain["sentences"] is None
    assert plain["scores"] == pytest.approx(first["scores"], abs=1e-4)


def test_a_text_that_cannot_be_scored_has_its_own_error_among_the_verdicts(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    texts = ["", "i hate you", "7 " * 5_000, "\u200b", "a\x00", " ", "\ud800", "7" * 30_000]
    response = program.post(SCORE, {"texts": texts, "sentences": True})
    assert response.status_code == 200
    empty, scored, too_long, invisible, *others = response.json()["results"]
    assert scored["verdict"]
    assert too_long["error"]["pointer"] == "#/texts/2"
    assert too_long["error"]["code"] == "too_long"
    assert too_long["verdict"] is too_long["scores"] is too_long["model_version"] is None
    assert invisible["verdict"]
    assert (empty["error"]["pointer"], empty["error"]["code"]) == ("#/texts/0", "required")
    assert [other["error"]["pointer"] for other in others] == [f"#/texts/{place}" for place in (4, 5, 6, 7)]
    assert "30,000 characters" in others[-1]["error"]["message"]
    assert not any(other["verdict"] for other in others)


def test_a_stored_comment_that_cannot_be_scored_has_failed_and_says_why(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    response = program.post(f"{COMMENTS}?wait=10", {"text": "7 " * 5_000})
    assert response.status_code == 201
    body = response.json()
    assert (body["status"], body["prediction"]) == ("failed", None)
    assert "windows" in body["failure_reason"]


def test_a_worker_without_a_model_is_a_503(worker: None, program: Caller) -> None:
    problem = assert_problem(program.post(SCORE, {"text": "x"}), 503, "no-worker")
    assert "active" in problem["detail"]


def test_the_windows_of_a_long_text_have_their_scores_where_asked_for(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    texts = ["i hate you \U0001f600 " * 160, "i hate you"]
    long, short = program.post(SCORE, {"texts": texts, "spans": True}).json()["results"]
    assert len(long["spans"]) == long["windows"] == 6
    assert long["spans"][0]["begin"] == 0
    assert long["spans"][1]["begin"] <= long["spans"][0]["end"]
    assert long["spans"][-1]["end"] == len(texts[0])
    assert long["spans"][1]["scores"].keys() == set(model.labels)
    assert short["spans"] == [{"begin": 0, "end": len(texts[1]), "scores": short["scores"]}]
    assert program.post(SCORE, {"text": "i hate you"}).json()["results"][0]["spans"] is None


def test_a_text_is_read_by_its_format_and_places_are_those_of_the_original(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    html = "<blockquote>you said so</blockquote><p>i <b>ha</b>te &amp; love</p>"
    body = {"text": html, "format": "html", "explain": True, "spans": True, "sentences": True}
    result = program.post(SCORE, body).json()["results"][0]
    assert (result["format"], result["left_out"]) == ("html", [])
    words = result["explanation"]["words"]
    assert all(html[word["begin"] : word["end"]] == word["text"] for word in words)
    assert "ha</b>te" in [word["text"] for word in words]
    assert [html[span["begin"] : span["end"]] for span in result["sentences"]] == [
        "you said so",
        "i <b>ha</b>te &amp; love",
    ]
    plain = program.post(SCORE, {"text": "you said so\ni hate & love\n"}).json()["results"][0]
    assert result["scores"] == plain["scores"]
    source = Source.objects.create(slug="forum", name="Forum")
    policy_save(source=source, bands={"toxic": {"review": 0.5}}, leave_out=["quotes"], by=None)
    body = {"text": html, "format": "html", "source": "forum"}
    result = program.post(SCORE, body).json()["results"][0]
    assert [html[part["begin"] : part["end"]] for part in result["left_out"]] == ["you said so"]
    assert result["left_out"][0]["kind"] == "quotes"
    alone = program.post(SCORE, {"text": "i hate & love"}).json()["results"][0]
    assert result["scores"] == pytest.approx(alone["scores"])


def test_it_refuses_a_format_that_it_does_not_know(
    model: ModelVersion, worker: None, program: Caller
) -> None:
    problem = assert_problem(program.post(SCORE, {"text": "x", "format": "rst"}), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == "#/format"
    assert "text, html, markdown" in problem["errors"][0]["message"]
