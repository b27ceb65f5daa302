"""A running worker takes up a draft within seconds, keeps what it says, and goes on when its table is out of reach."""

from collections.abc import Callable

import pytest
from django.db import connection

from classifier.comments.submission import comment_submit
from classifier.models import Comment, ModelVersion, ShadowJudgement, Source
from classifier.policies.shadow_policies import shadow_policy_start, shadow_policy_stop
from classifier.scoring.verdict_pubsub import comment_wait
from classifier.tests.worker_process import WorkerProcess
from toxicsite.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
# whatever the tiny model scores is above approve for the draft alone
STRICT = {"toxic": {"review": 0.0, "remove": None}}


def classified(text: str) -> Comment:
    comment = comment_wait(comment_id=comment_submit(text=text, source="forum").pk, deadline=40)
    assert comment.status == "classified"
    return comment


def test_a_worker_judges_by_a_draft_while_it_runs_and_no_verdict_fails_with_it(
    active_version: ModelVersion, start_worker: Callable[..., WorkerProcess]
) -> None:
    worker = start_worker(POLICY_CACHE_SECONDS="0.2").wait_until_ready()
    forum = Source.objects.create(slug="forum", name="The forum")
    classified("before any draft")
    assert not ShadowJudgement.objects.exists()

    shadow = shadow_policy_start(source=forum, bands=STRICT, by=None)
    wait_until(lambda: bool(classified("i hate you")) and ShadowJudgement.objects.exists())
    row = ShadowJudgement.objects.latest("pk")
    assert (row.shadow_policy, row.after) == (shadow, "review")
    assert row.before == row.prediction.comment.band

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE classifier_shadowjudgement RENAME TO elsewhere")
    try:
        classified("the draft has no place to write to")
        wait_until(lambda: "shadow policy failed" in worker.output)
        classified("and again")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO classifier_shadowjudgement")

    shadow_policy_stop(shadow=shadow, by=None)

    def says_nothing_more() -> bool:
        comment = classified("i hate you no more")
        return not ShadowJudgement.objects.filter(prediction__comment=comment).exists()

    wait_until(says_nothing_more)
