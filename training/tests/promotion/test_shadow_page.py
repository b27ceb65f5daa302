"""A shadow's own page: counted over a period, by source, against decisions, with what changed either way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.model_versions.shadow import shadow_start
from classifier.model_versions.shadow_report import changed_verdicts, shadow_period
from classifier.models import Comment, Decision, ModelVersion, Prediction, ShadowPrediction, Source, User
from classifier.tests.conftest import person
from training.promotion.pages.shadow import compared, mcnemar_p, verdict_sentence
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db
Decided = Callable[[int], list[Decision]]


def shadowed(version: ModelVersion, verdict: Callable[[Prediction], str]) -> None:
    """What the shadow would have said about every prediction there is."""
    for prediction in Prediction.objects.filter(shadows=None):
        said = verdict(prediction)
        ShadowPrediction.objects.create(
            prediction=prediction,
            model_version=version,
            scores={"toxic": 0.7 if said == "toxic" else 0.2},
            verdict=said,
            score=0.7 if said == "toxic" else 0.2,
            threshold=0.5,
            disagrees=said != prediction.verdict,
        )


def report(version: ModelVersion, **more: Any) -> Any:
    return shadow_period(model_version=version, user=None, **{"days": 30, **more})


@pytest.fixture
def ready(pair: Pair, redis_clean: None, files: Any) -> Pair:
    shadow_start(model_version=pair[1], by=None)
    return pair


def test_both_versions_are_held_against_the_same_decisions(ready: Pair, decided: Decided) -> None:
    decisions = decided(10)  # production agrees with each of them
    turned = {one.prediction_id or 0 for one in decisions if one.action == "approve"}
    lost = sorted(turned)[:2]
    shadowed(ready[1], lambda one: "toxic" if one.pk in lost else one.verdict)
    found = report(ready[1])
    assert (found.rows, found.disagreements, found.agreed) == (10, 2, 8)
    production, shadow = found.production, found.shadow
    assert (production.tp, production.fp, production.fn, production.tn) == (5, 0, 0, 5)
    assert (shadow.tp, shadow.fp, shadow.fn, shadow.tn) == (5, 2, 0, 3)
    assert (found.only_production, found.only_shadow) == (2, 0)
    rows = {row.title: (row.production, row.shadow) for row in compared(found)}
    assert rows["Precision"][0].startswith("100.0")
    assert rows["Precision"][1] == "71.4\N{NO-BREAK SPACE}% (35.9 to 91.8) of 7"
    assert rows["F1"] == ("1.000", "0.833")
    assert "Too few to tell the two apart" in verdict_sentence(found)


def test_a_corrected_label_outweighs_the_action(ready: Pair, decided: Decided) -> None:
    decided(2)
    comment = Comment.objects.filter(current_decision__action="remove").get()
    decision = Decision.objects.create(
        comment=comment,
        action="remove",
        labels={ready[1].primary_label: 0},
        prediction=comment.current_prediction,
    )
    Comment.objects.filter(pk=comment.pk).update(current_decision=decision)
    shadowed(ready[1], lambda one: "non-toxic")
    found = report(ready[1])
    assert (found.shadow.tn, found.shadow.fn, found.production.fp) == (2, 0, 1)


def test_what_policies_or_nobody_decided_and_edited_texts_do_not_count(ready: Pair, decided: Decided) -> None:
    decisions = decided(6)
    shadowed(ready[1], lambda one: one.verdict)
    first, second, third = (one.comment for one in decisions[:3])
    automatic = Decision.objects.create(
        comment=first, action="remove", automatic=True, prediction=first.current_prediction
    )
    Comment.objects.filter(pk=first.pk).update(current_decision=automatic)
    Comment.objects.filter(pk=second.pk).update(current_decision=None, status="classified")
    other = Prediction.objects.exclude(comment=third).first()
    elsewhere = Decision.objects.create(comment=third, action="remove", prediction=other)
    Comment.objects.filter(pk=third.pk).update(current_decision=elsewhere)
    assert report(ready[1]).shadow.decided == 3


def test_only_the_period_and_the_sources_that_one_sees(
    ready: Pair, decided: Decided, model_admin: User
) -> None:
    decided(4)
    shadowed(ready[1], lambda one: "toxic")
    assert report(ready[1], days=1).rows == 4
    ten_days_ago = timezone.now() - timedelta(days=10)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute("UPDATE classifier_shadowprediction SET created_at = %s", [ten_days_ago])
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'off'")
    assert (report(ready[1], days=7).rows, report(ready[1], days=30).rows) == (0, 4)
    shop = Source.objects.create(slug="shop", name="Shop")
    model_admin.source_access.create(source=shop)
    User.objects.filter(pk=model_admin.pk).update(all_sources=False)
    model_admin.refresh_from_db()
    assert shadow_period(model_version=ready[1], user=model_admin, days=30).rows == 0
    assert changed_verdicts(model_version=ready[1], user=model_admin, days=30, verdict="toxic") == []


def test_reading_is_bounded_and_costs_the_same_queries(ready: Pair, decided: Decided) -> None:
    decided(12)
    shadowed(ready[1], lambda one: "toxic")
    with CaptureQueriesContext(connection) as asked:
        found = report(ready[1], looked=5)
    assert (found.rows, found.looked, found.partial) == (12, 5, True)
    assert len(asked) == 3


def test_mcnemar_is_exact_with_few_pairs_and_the_same_both_ways() -> None:
    assert mcnemar_p(6, 0) == pytest.approx(2 / 2**6)
    assert mcnemar_p(3, 9) == pytest.approx(mcnemar_p(9, 3))
    assert mcnemar_p(60, 20) < 0.001


def test_the_page_shows_both_directions_blurred_and_page_by_page(
    client: Client, ready: Pair, decided: Decided, admin_person: User
) -> None:
    decided(50)
    shadowed(ready[1], lambda one: "toxic")
    client.force_login(admin_person)
    url = f"/training/versions/{ready[1].pk}/shadow/"
    html = client.get(url).content.decode()
    assert "Only the shadow version says toxic" in html
    assert html.count('class="veil"') == 20
    assert "In production" in html
    assert "these cannot tell" in html or "by more than chance" in html
    assert f"/comments/{Comment.objects.latest('id').pk - 1}/" in html
    older = client.get(url, {"way": "toxic", "before": str(ShadowPrediction.objects.first().pk)})  # type: ignore[union-attr]
    assert older.status_code == 200
    calm = client.get(url, {"way": "non-toxic", "days": "7"}).content.decode()
    assert "None in this period." in calm
    assert client.get(url, {"days": "nonsense", "before": "9" * 40, "way": "x"}).status_code == 200
    assert client.get("/training/versions/999999/shadow/").status_code == 404


def test_it_is_promoted_from_there_through_the_gate_and_stopped(
    client: Client, ready: Pair, measure: Measure, admin_person: User
) -> None:
    measure(ready[0])
    measure(ready[1], against=ready[0], roc_auc=0.5)
    client.force_login(admin_person)
    url = f"/training/versions/{ready[1].pk}/shadow/"
    html = client.get(url).content.decode()
    assert "Nothing scored in this period" in html
    assert f"/training/versions/{ready[1].pk}/override/" in html  # the gate is closed here too
    answer = client.post(url, {"do": "stop", "from": "report"})
    assert answer.headers["Location"] == url
    assert ModelVersion.objects.shadow() is None


def test_moderators_do_not_see_it(client: Client, ready: Pair) -> None:
    client.force_login(person("mo", "Moderator"))
    assert client.get(f"/training/versions/{ready[1].pk}/shadow/").status_code == 403
