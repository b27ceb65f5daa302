"""Why a comment waits, in words that a person understands."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.models import Comment, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.tests.conftest import person
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import client_of

pytestmark = pytest.mark.django_db
BAND = {"kind": "band", "band": "remove", "label": "insult", "score": 0.973, "threshold": 0.95}
RULE = {"kind": "rule", "band": "review", "rule": 1, "name": "Names", "spans": [{"begin": 4, "end": 8}]}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (BAND, ["Insult 97.3%", "95.0% for removing"]),
        (RULE, ["The rule “Names” matched", "fool"]),
        ({"kind": "report"}, ["Reported 2 times"]),
        (
            {"kind": "edit", "before": "approve"},
            ["Scored again after a decision", "its band was approve before"],
        ),
        ({"kind": "unjudged"}, ["The policy could not be applied"]),
        ({"kind": "labels_unknown"}, ["names no label of this model"]),
        ({"kind": "something_new", "by": "ann"}, ["Something new", "by ann"]),
    ],
)
def test_each_reason_is_told(
    active_version: ModelVersion, as_mo: Client, reason: dict[str, Any], words: list[str]
) -> None:
    waiting(active_version, "you fool \N{PILE OF POO}", queue_reasons=[reason], report_count=2)
    page = as_mo.get("/queue/").content.decode()
    for word in words:
        assert word in page, word
    assert as_mo.get("/queue/list/").status_code == 200


def test_an_edited_comment_is_told_from_one_that_was_scored_again(
    active_version: ModelVersion, as_mo: Client
) -> None:
    reason = {"kind": "edit", "before": "approve"}
    waiting(active_version, "one", queue_reasons=[reason], edited_at=timezone.now())
    assert "Edited after a decision" in as_mo.get("/queue/").content.decode()


def test_an_escalation_and_an_undo_name_who_did_it(active_version: ModelVersion, mo: User, kim: User) -> None:
    (only,) = waiting(active_version, "one")
    decision_record(comment=only, action="escalate", note="Is this a quote?", by=kim)
    page = client_of(person("lead", LEAD)).get("/queue/").content.decode()
    assert "Escalated for a lead" in page
    assert "by kim: Is this a quote?" in page
    assert client_of(mo).get("/queue/").context["empty"].leads == 1


def test_the_band_is_a_word_with_the_score_of_its_label(active_version: ModelVersion, as_mo: Client) -> None:
    (only,) = waiting(active_version, "you fool", queue_reasons=[BAND], band="remove")
    band = as_mo.get("/queue/").context["item"].band
    assert (band.word, band.percent, band.label) == ("Remove", "97.3%", "Insult")
    assert Comment.objects.get(pk=only.pk).band == "remove"
