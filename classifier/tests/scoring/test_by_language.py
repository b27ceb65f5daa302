"""Texts go to the version that knows their language; mixed ones to both, and none to a worker that lacks a version."""

from pathlib import Path
from typing import Any

import pytest

from classifier.comments.edits import comment_rescan
from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.inference.language import identify, identify_parts
from classifier.inference.verdict import verdict_for
from classifier.model_versions import assembly
from classifier.model_versions.assembly import Assembly, SourceLanguage
from classifier.model_versions.language_slots import slot_empty, slot_shadow_start, slots_fill
from classifier.model_versions.services import model_version_register
from classifier.models import Comment, CommentEvent, ModelVersion, Prediction, ShadowPrediction, Source
from classifier.scoring import serve_requests
from classifier.scoring.classify_pending import pending_classify
from classifier.scoring.heartbeat import WorkerStatus
from classifier.scoring.model_loading import Engine
from classifier.scoring.request_channel import Question, take_questions
from classifier.scoring.routes import routed
from classifier.scoring.serving import Serving
from classifier.scoring.shadow_runner import ShadowRunner
from classifier.tests.builders import FakeResult, FakeScorer
from classifier.tests.tiny_artifact import LABELS, tiny_artifact
from classifier.transfers.rescoring_selectors import RescoringChoice, rescoring_comments

pytestmark = pytest.mark.django_db
MANY = ("de", "ru", "pt", "zh")
GERMAN = "Das ist wirklich ein sehr guter Vorschlag, vielen Dank dafür."
ENGLISH = "I think that this is what they really want to do about it."
RUSSIAN = "Я думаю что это очень плохая идея"


class Fixed(FakeScorer):
    """Gives every text the same score."""

    def __init__(self, score: float, threshold: float = 0.5) -> None:
        super().__init__()
        self.value, self.threshold = score, threshold

    def _result(self, text: str) -> FakeResult:
        scores = dict.fromkeys(LABELS, self.value)
        return FakeResult(scores, verdict_for(scores, dict.fromkeys(LABELS, self.threshold), "toxic"))


@pytest.fixture
def many(active_version: ModelVersion, tmp_path: Path) -> ModelVersion:
    """A version that knows four other languages, in the slot of German."""
    version = model_version_register(
        directory=tiny_artifact(tmp_path / "many", seed=7, name="many", languages=MANY)
    )
    slots_fill(languages=["de"], model_version=version, by=None)
    return version


@pytest.fixture
def serving(active_version: ModelVersion, many: ModelVersion) -> Serving:
    return Serving(FakeScorer(), Assembly(active_version, {"de": many}), {many.pk: FakeScorer()})


def submit(text: str, **fields: Any) -> Comment:
    return comment_submit(text=text, source=fields.pop("source", "test"), **fields)


def classify(serving: Serving) -> int:
    return pending_classify(serving=serving, limit=100)


def judged() -> list[tuple[str, str, bool]]:
    rows = Prediction.objects.order_by("comment_id").select_related("model_version")
    return [(row.model_version.name, row.language, row.language_supported) for row in rows]


@pytest.mark.parametrize(
    ("text", "among", "language"),
    [
        (GERMAN, MANY, "de"),
        (ENGLISH, MANY, "en"),
        (RUSSIAN, MANY, "ru"),
        ("ты идиот", MANY, "ru"),
        ("Vai tomar no cu, seu filho da puta", MANY, "pt"),
        ("你是个白痴", MANY, "zh"),
        ("ok lol", MANY, "und"),
        ("van harte gefeliciteerd met je verjaardag lieve schat", MANY, "nl"),
    ],
)
def test_a_foreign_text_is_taken_for_what_other_models_know(
    text: str, among: tuple[str, ...], language: str
) -> None:
    assert identify(text, ["en"], among).language == language
    assert identify(ENGLISH, among, ["en"]).language == "en"


def test_a_text_with_sentences_or_scripts_of_two_languages_is_mixed() -> None:
    assert set(identify_parts(f"{GERMAN} {ENGLISH}", ["en"], MANY)) == {"de", "en"}
    assert set(identify_parts(f"{ENGLISH} {RUSSIAN}", ["en"], MANY)) == {"ru", "en"}
    assert identify_parts(f"{ENGLISH} Schadenfreude, ok!", ["en"], MANY) == ["en"]


def test_stated_then_fixed_then_identified_then_usual(
    active_version: ModelVersion, many: ModelVersion
) -> None:
    both = Assembly(active_version, {"de": many})

    def said(text: str, **how: Any) -> tuple[str, str]:
        [route] = routed(text, both, **how).routes
        return route.language, route.version.name

    assert said(ENGLISH, stated=["de-AT"], source=SourceLanguage("ru", is_fixed=True)) == ("de-AT", "many")
    assert said(ENGLISH, source=SourceLanguage("ru", is_fixed=True)) == ("ru", "many")
    assert said("geh weg", source=SourceLanguage("de", is_fixed=False)) == ("de", "many")
    assert said(ENGLISH, source=SourceLanguage("de", is_fixed=False)) == ("en", "tiny")
    assert said("geh weg") == ("und", "tiny")
    assert said(RUSSIAN) == ("ru", "many"), "its version knows Russian, whatever slot it has"
    several = routed(ENGLISH, both, stated=["en", "de"], detect=True)
    assert [route.version.name for route in several.routes] == ["tiny", "many"]
    assert several.detected == ("en",)
    unknown = routed("nog een keer hetzelfde verhaal van jullie", both).routes
    assert [(route.version.name, route.is_supported) for route in unknown] == [("tiny", False)]


def test_each_comment_is_scored_by_one_batch_of_the_version_that_knows_it(serving: Serving) -> None:
    for text in (GERMAN, ENGLISH, RUSSIAN, f"{GERMAN} hate"):
        submit(text)
    submit("hm", language="pt")
    assert classify(serving) == 5
    assert judged() == [
        ("many", "de", True),
        ("tiny", "en", True),
        ("many", "ru", True),
        ("many", "de", True),
        ("many", "pt", True),
    ]
    assert [len(call) for call in serving.scorer.calls] == [1]  # type: ignore[attr-defined]
    assert [len(call) for scorer in serving.others.values() for call in scorer.calls] == [4]  # type: ignore[attr-defined]
    reasons = CommentEvent.objects.order_by("comment_id").values_list("reason", flat=True)
    assert [str(reason).split()[-1].split("-")[0] for reason in reasons] == [
        "many",
        "tiny",
        "many",
        "many",
        "many",
    ]


@pytest.mark.parametrize(
    ("own", "other", "winner"), [(0.6, 0.9, "many"), (0.6, 0.3, "tiny"), (0.2, 0.3, "many")]
)
def test_of_a_mixed_text_the_more_toxic_verdict_counts_with_its_version(
    own: float, other: float, winner: str, active_version: ModelVersion, many: ModelVersion
) -> None:
    both = Assembly(active_version, {"de": many})
    serving = Serving(Fixed(own), both, {many.pk: Fixed(other)})
    submit(f"{GERMAN} {ENGLISH}")
    classify(serving)
    prediction = Prediction.objects.get()
    assert (prediction.model_version.name, prediction.score) == (winner, max(own, other))
    assert prediction.language == ("de" if winner == "many" else "en")


def test_toxic_by_its_own_threshold_goes_before_a_higher_probability(
    active_version: ModelVersion, many: ModelVersion
) -> None:
    both = Assembly(active_version, {"de": many})
    serving = Serving(Fixed(0.6, threshold=0.7), both, {many.pk: Fixed(0.4, threshold=0.3)})
    text = routed(f"{GERMAN} {ENGLISH}", both)
    [scored] = serving.score(["text"], [text])
    assert scored.version == many


def test_a_worker_that_lacks_a_version_leaves_its_comments_to_others(
    active_version: ModelVersion, many: ModelVersion, serving: Serving
) -> None:
    german, english = submit(GERMAN), submit(ENGLISH)
    without = Serving(FakeScorer(), serving.assembly)
    assert classify(without) == 2
    assert classify(without) == 0, "it does not claim the German one again"
    german.refresh_from_db()
    assert (german.status, german.attempts, german.claim_token) == ("pending", 0, None)
    assert judged() == [("tiny", "en", True)]
    assert classify(serving) == 1
    assert judged() == [("many", "de", True), ("tiny", "en", True)]
    alone = Serving.alone(FakeScorer(), active_version)
    comment_rescan(comment=german, by=None)
    assert classify(alone) == 1, "with the slot emptied the default judges it, and a person looks"
    german.refresh_from_db()
    assert german.current_prediction is not None
    assert not german.current_prediction.language_supported
    english.refresh_from_db()
    assert english.status == "classified"


def test_the_language_of_a_source_counts_for_its_comments(serving: Serving) -> None:
    Source.objects.create(slug="forum", name="Forum", language="de")
    Source.objects.create(slug="only", name="Only", language="pt", language_fixed=True)
    submit("geh weg", source="forum")
    submit(ENGLISH, source="forum")
    submit(ENGLISH, source="only")
    classify(serving)
    assert judged() == [("many", "de", True), ("tiny", "en", True), ("many", "pt", True)]


def test_what_is_no_language_is_refused() -> None:
    with pytest.raises(InvalidInput, match="language: This must be a language tag"):
        submit("hm", language="german!")


def test_a_shadow_of_a_language_scores_only_its_texts(
    serving: Serving, active_version: ModelVersion, many: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot_shadow_start(language="de", model_version=active_version, by=None)
    slot_shadow_start(language="pt", model_version=active_version, by=None)
    runner = ShadowRunner()
    monkeypatch.setattr("classifier.scoring.shadow_runner.Loading.start", lambda loading: None)
    for text, language in ((GERMAN, ""), (ENGLISH, ""), (RUSSIAN, ""), ("nada", "pt")):
        submit(text, language=language)
    pending_classify(serving=serving, limit=10, written=runner.offer)
    runner._engines[active_version.pk] = Engine(FakeScorer(), active_version)  # type: ignore[arg-type]
    assert runner.turn()
    rows = ShadowPrediction.objects.order_by("prediction__comment_id")
    assert list(rows.values_list("prediction__language", flat=True)) == ["de", "pt"]


def test_a_question_for_a_version_that_is_missing_goes_to_a_worker_that_has_it(
    serving: Serving, many: ModelVersion, redis_clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    waiting = [Question("q1", {"texts": [GERMAN], "explain": False, "owners": []}, float("inf"))]
    monkeypatch.setattr(serve_requests, "answer", lambda question, payload: told.append(payload))
    monkeypatch.setattr(serve_requests, "take_questions", lambda *_, **__: [waiting.pop()] if waiting else [])
    without = Serving(FakeScorer(), serving.assembly)
    monkeypatch.setattr(serve_requests, "workers", list)
    assert serve_requests.serve_inbox(without) == 1
    assert told == [{"problem": f"The model version {many}, which judges de, is not loaded."}]
    told.clear()
    import time

    waiting.append(Question("q2", {"texts": [GERMAN], "explain": False, "owners": []}, time.monotonic() + 30))
    has_it = WorkerStatus(alive=True, versions=[many.version])
    monkeypatch.setattr(serve_requests, "workers", lambda: [has_it])
    monkeypatch.setattr("classifier.scoring.request_channel.ring_all_workers", lambda: None)
    assert serve_requests.serve_inbox(without) == 1
    assert told == []
    assert take_questions(10) == []
    [taken] = take_questions(10, of=[many.pk])
    assert taken.payload["texts"] == [GERMAN]
    waiting.append(taken)
    assert serve_requests.serve_inbox(serving) == 1
    [answer] = told
    assert (answer["items"][0]["model_version"], answer["items"][0]["detected"]) == (many.version, ["de"])


@pytest.fixture(autouse=True)
def forget_slots() -> Any:
    yield
    assembly.forget()


def test_a_rescoring_takes_what_another_version_judges_by_now(
    active_version: ModelVersion, many: ModelVersion, serving: Serving
) -> None:
    german, english, _ = (submit(text) for text in (GERMAN, ENGLISH, RUSSIAN))
    pending_classify(serving=Serving.alone(FakeScorer(), active_version), limit=10)
    everything = RescoringChoice()

    def left() -> list[int]:
        rows = rescoring_comments(user=None, choice=everything, active_id=active_version.pk)
        return list(rows.order_by("pk").values_list("pk", flat=True))

    assert len(left()) == 2
    assert english.pk not in left()
    german.refresh_from_db()
    comment_rescan(comment=german, by=None)
    classify(serving)
    assert len(left()) == 1
    slot_empty(language="de", by=None)
    assert left() == [german.pk]
