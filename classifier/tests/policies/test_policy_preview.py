"""A draft is laid over stored predictions before it is saved; a threshold is suggested only from enough decisions."""

from typing import Any

import pytest

from classifier.core.measures import wilson
from classifier.models import Comment, Decision, ModelVersion, Prediction, Source, User
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.threshold_advice import Point, choose, sweep, threshold_advice

pytestmark = pytest.mark.django_db
NOW = Draft({"toxic": {"review": 0.5, "remove": None}})
DRAFT = Draft({"toxic": {"review": 0.3, "remove": 0.9}}, frozenset({"remove"}))


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


def scored(source: Source, version: ModelVersion, scores: list[float], reasons: Any = ()) -> list[Comment]:
    comments = Comment.objects.bulk_create(
        Comment(source=source, text=f"{source.slug} {score}", queue_reasons=list(reasons)) for score in scores
    )
    predictions = Prediction.objects.bulk_create(
        Prediction(
            comment=comment,
            model_version=version,
            scores={"toxic": score},
            score=score,
            threshold=0.5,
            verdict="toxic" if score >= 0.5 else "non-toxic",
        )
        for comment, score in zip(comments, scores, strict=True)
    )
    for comment, prediction in zip(comments, predictions, strict=True):
        comment.current_prediction = prediction
    Comment.objects.bulk_update(comments, ["current_prediction"])
    return comments


def test_it_counts_what_would_move_where_with_examples(
    forum: Source, active_version: ModelVersion, django_assert_max_num_queries: Any
) -> None:
    scored(forum, active_version, [0.1, 0.2, 0.35, 0.4, 0.6, 0.95])
    with django_assert_max_num_queries(4):
        found = policy_preview(source=forum, user=None, before=NOW, after=DRAFT)
    assert (found.looked_at, found.changed) == (6, 3)
    assert [(move.before, move.after, move.count) for move in found.moves] == [
        ("review", "remove", 1),
        ("approve", "review", 2),
    ]
    assert [change.comment.text for change in found.moves[1].examples] == ["forum 0.4", "forum 0.35"]
    assert (found.waiting_before, found.waiting_after, found.automatic_after) == (2, 3, 1)


def test_a_rule_s_hit_counts_under_both_policies(forum: Source, active_version: ModelVersion) -> None:
    scored(forum, active_version, [0.0], [{"kind": "rule", "band": "review", "name": "x"}])
    found = policy_preview(source=forum, user=None, before=NOW, after=DRAFT)
    assert (found.changed, found.before["review"], found.after["review"]) == (0, 1, 1)


def test_only_sources_that_one_sees_are_looked_at(
    forum: Source, active_version: ModelVersion, moderator: User
) -> None:
    scored(forum, active_version, [0.4])
    User.objects.filter(pk=moderator.pk).update(all_sources=False)
    moderator.refresh_from_db()
    assert policy_preview(source=forum, user=moderator, before=NOW, after=DRAFT).looked_at == 0


def test_only_the_latest_are_looked_at(forum: Source, active_version: ModelVersion) -> None:
    scored(forum, active_version, [0.4] * 5)
    assert policy_preview(source=forum, user=None, before=NOW, after=DRAFT, limit=3).changed == 3


def decide(comments: list[Comment], action: str) -> None:
    decisions = Decision.objects.bulk_create(
        Decision(comment=comment, action=action, prediction=comment.current_prediction)
        for comment in comments
    )
    for comment, decision in zip(comments, decisions, strict=True):
        comment.current_decision = decision
    Comment.objects.bulk_update(comments, ["current_decision"])


def test_a_threshold_is_refused_with_too_few_decisions(forum: Source, active_version: ModelVersion) -> None:
    decide(scored(forum, active_version, [0.9] * 49), "remove")
    found = threshold_advice(
        source=forum, user=None, label="toxic", primary_label="toxic", goal="precision", target=0.9
    )
    assert found.best is None
    assert "49 decisions" in found.refused


@pytest.mark.parametrize(("goal", "target", "threshold"), [("precision", 1.0, 0.7), ("recall", 1.0, 0.3)])
def test_a_threshold_reaches_its_target_and_says_what_it_costs(
    forum: Source, active_version: ModelVersion, goal: Any, target: float, threshold: float
) -> None:
    decide(scored(forum, active_version, [0.3] * 5 + [0.7] * 25), "remove")
    decide(scored(forum, active_version, [0.5] * 10 + [0.1] * 30), "approve")
    found = threshold_advice(
        source=forum, user=None, label="toxic", primary_label="toxic", goal=goal, target=target
    )
    assert (found.removed, found.approved) == (30, 40)
    assert found.best is not None
    assert found.best.threshold == threshold
    assert found.best.load == {0.7: 25, 0.3: 40}[threshold]


def test_the_sweep_s_numbers_are_those_counted_by_hand() -> None:
    points = sweep([(0.9, True), (0.8, False), (0.8, True), (0.1, False)], [0.1, 0.8, 0.85, 0.95])
    assert points == [Point(0.9, 1, 0, 1, 1, 4), Point(0.8, 2, 1, 0, 3, 4), Point(0.1, 2, 2, 0, 4, 4)]
    assert choose(points, "load", 0.75) == points[1]
    assert choose(points, "load", 0.1) is None
    assert choose(points, "precision", 0.6) == points[1]
    assert choose(points, "recall", 0.5) == points[0]


def test_an_interval_is_wilson_s() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_precision_recall_and_load_are_told_with_their_intervals() -> None:
    point = Point(0.8, found=8, wrong=2, missed=8, load=25, recent=100)
    assert point.precision_text == "80.0\N{NO-BREAK SPACE}% (49.0 to 94.3)"
    assert point.recall_text == "50.0\N{NO-BREAK SPACE}% (28.0 to 72.0)"
    assert point.load_text == "25.0\N{NO-BREAK SPACE}% (17.5 to 34.3)"
    assert Point(0.8, 0, 0, 8, 0, 0).precision_text == "\N{EN DASH}"
