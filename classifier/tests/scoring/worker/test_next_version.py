"""Another version becomes active: the worker loads it beside its work and answers meanwhile with the one before."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from classifier.comments.submission import comments_submit
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.model_versions.shadow import shadow_start
from classifier.models import Comment, ModelVersion, Prediction
from classifier.scoring import model_loading as loading
from classifier.scoring.heartbeat import worker_status
from classifier.scoring.model_loading import Engine, load_scorer
from classifier.scoring.score_texts import ScoredText, TextProblem, score_texts
from classifier.scoring.worker import ClassifyWorker
from toxicsite.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Pair = tuple[ModelVersion, ModelVersion]
TEXTS = ["i hate you", "the rain is good", "thank you"]


class SlowLoader:
    """The real loader, which goes on with a version only once it is let; notes who loads, and how many at once."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.now = self.most = 0

    def hold(self, version: ModelVersion) -> None:
        self.gates[version.version] = threading.Event()

    def let(self, version: ModelVersion) -> None:
        self.gates[version.version].set()

    def __call__(self, version: ModelVersion) -> object:
        self.now += 1
        self.most = max(self.most, self.now)
        self.begun.append(version.version)
        try:
            if version.version in self.gates:
                assert self.gates[version.version].wait(60)
            return load_scorer(version)
        finally:
            self.now -= 1


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowLoader]:
    slow = SlowLoader()
    monkeypatch.setattr(loading, "load_scorer", slow)
    yield slow
    for gate in slow.gates.values():
        gate.set()


@pytest.fixture
def worker(loader: SlowLoader, candidates: Pair, redis_clean: None) -> Iterator[ClassifyWorker]:
    """In this process, with the first version loaded; it works only while a test has it take turns."""
    model_version_activate(model_version=candidates[0], by=None)
    working = ClassifyWorker()
    working.start("w@test")
    yield working
    for gate in loader.gates.values():
        gate.set()
    working.stop()


def ask(worker: ClassifyWorker, times: int = 1) -> list[list[ScoredText | TextProblem]]:
    """Have several people ask at once while the worker takes its turns."""
    with ThreadPoolExecutor(4) as pool:
        asked: list[Future[list[ScoredText | TextProblem]]] = [
            pool.submit(score_texts, texts=TEXTS, deadline=30) for _ in range(times)
        ]
        while not all(one.done() for one in asked):
            worker.turn()
        return [one.result() for one in asked]


def versions(answers: list[list[ScoredText | TextProblem]]) -> set[str]:
    return {one.model_version for answer in answers for one in answer if isinstance(one, ScoredText)}


def takes_over(worker: ClassifyWorker, version: ModelVersion) -> Callable[[], bool]:
    return lambda: not worker.turn() and worker_status().model_version == version.version


def test_the_first_model_is_there_when_the_worker_has_started(
    worker: ClassifyWorker, candidates: Pair
) -> None:
    assert worker.holder.engine is not None
    assert worker.holder.engine.model_version == candidates[0]


def test_the_version_before_answers_until_the_next_is_loaded(
    worker: ClassifyWorker, loader: SlowLoader, candidates: Pair
) -> None:
    one, two = candidates
    loader.hold(two)
    model_version_activate(model_version=two, by=None)
    before = ask(worker, times=8)
    comments_submit(items=[{"text": text} for text in TEXTS], source="test")
    assert versions(ask(worker)) == versions(before) == {one.version}
    assert loader.begun == [one.version, two.version], "the next version is being loaded all the while"
    assert not Comment.objects.pending().exists()
    assert (worker_status().model_version, worker_status().problem) == (one.version, "")

    loader.let(two)
    wait_until(takes_over(worker, two))
    comments_submit(items=[{"text": text} for text in TEXTS], source="test")
    after = ask(worker)
    assert versions(after) == {two.version}

    scored = {one.version: before[0], two.version: after[0]}
    assert scored[one.version][0].score != scored[two.version][0].score  # type: ignore[union-attr]
    for found in Prediction.objects.select_related("model_version", "comment"):
        own = scored[found.model_version.version][TEXTS.index(found.comment.text)]
        assert isinstance(own, ScoredText)
        assert found.scores == pytest.approx(own.scores, abs=1e-4)
    assert Prediction.objects.count() == 2 * len(TEXTS)


def test_who_asks_while_versions_change_gets_all_texts_from_one(
    worker: ClassifyWorker, loader: SlowLoader, candidates: Pair
) -> None:
    one, two = candidates
    own = {one.version: ask(worker)[0]}
    loader.hold(two)
    model_version_activate(model_version=two, by=None)
    answers = ask(worker, times=8)
    loader.let(two)

    def both_have_answered() -> bool:
        answers.extend(ask(worker, times=8))
        return versions(answers) == {one.version, two.version}

    wait_until(both_have_answered)
    own[two.version] = ask(worker)[0]
    for answer in answers:
        (by,) = versions([answer])
        for found, expected in zip(answer, own[by], strict=True):
            assert isinstance(found, ScoredText)
            assert isinstance(expected, ScoredText)
            assert found.scores == pytest.approx(expected.scores, abs=1e-4)


def test_a_version_that_cannot_be_loaded_leaves_the_one_before_and_is_told_of(
    worker: ClassifyWorker, candidates: Pair
) -> None:
    one, two = candidates
    model_version_activate(model_version=two, by=None)
    (two.path / "model.safetensors").write_bytes(b"damaged")
    wait_until(lambda: not worker.turn() and worker_status().broken == two.version)
    status = worker_status()
    assert (status.model_version, status.problem) == (one.version, "")
    assert status.notice == (
        f"The model version {two.version} cannot be loaded: one of its files is damaged. "
        f"{one.version} answers instead."
    )
    assert "model.safetensors" in status.detail
    assert versions(ask(worker)) == {one.version}


def test_a_version_that_was_taken_back_while_it_was_loaded_is_dropped(
    worker: ClassifyWorker, loader: SlowLoader, candidates: Pair
) -> None:
    one, two = candidates
    loader.hold(two)
    model_version_activate(model_version=two, by=None)
    ask(worker)
    model_version_roll_back(by=None)
    assert versions(ask(worker)) == {one.version}
    loader.let(two)
    wait_until(lambda: not worker.turn() and worker.holder._loading is None)
    assert worker.holder.engine is not None
    assert worker.holder.engine.model_version == one
    assert loader.begun == [one.version, two.version]


def test_a_loaded_version_that_the_database_does_not_know_writes_nothing(
    worker: ClassifyWorker, loader: SlowLoader, candidates: Pair
) -> None:
    one, two = candidates
    assert worker.holder.engine is not None
    lost = ModelVersion.objects.get(pk=one.pk)
    lost.pk = one.pk + 1_000_000
    worker.holder.engine = Engine(worker.holder.engine.scorer, lost)
    model_version_activate(model_version=two, by=None)
    comments_submit(items=[{"text": text} for text in TEXTS], source="test")
    worker.turn()
    assert set(Comment.objects.values_list("status", flat=True)) == {"classified"}
    assert set(Prediction.objects.values_list("model_version", flat=True)) == {two.pk}


def test_only_one_model_is_loaded_at_a_time_the_shadow_included(
    worker: ClassifyWorker, loader: SlowLoader, candidates: Pair
) -> None:
    one, two = candidates
    loader.hold(two)
    shadow_start(model_version=two, by=None)
    worker.shadow._looked = float("-inf")
    ask(worker)  # begins to load the shadow
    wait_until(lambda: two.version in loader.begun)
    model_version_activate(model_version=two, by=None)
    assert versions(ask(worker)) == {one.version}
    assert loader.begun == [one.version, two.version], "the next one waits for the shadow"
    loader.let(two)
    wait_until(takes_over(worker, two))
    assert loader.most == 1
