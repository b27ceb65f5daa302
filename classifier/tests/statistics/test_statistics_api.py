"""The API tells leads the numbers of the dashboard, for the scope `moderate`, of the sources that they see."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.api_keys.services import api_key_create
from classifier.models import Comment, Source, User
from classifier.tests.api.conftest import Caller
from classifier.tests.quality.conftest import Decided, Said
from classifier.tests.statistics.test_dashboard_page import now

STATISTICS = "/api/v1/statistics/"


@pytest.fixture
def traffic(forum: Source, shop: Source, said: Said, decided: Decided, ann: User) -> None:
    decided(said(forum, now(), 0.9), now(), "remove", ann, seconds=4.0)
    waits = said(shop, now(), 0.6)
    since = timezone.now() - timedelta(hours=2)
    Comment.objects.filter(pk=waits.pk).update(queued_at=since, queue_reasons=[{"kind": "band"}])


def caller_of(user: User, *scopes: str) -> Caller:
    key, plaintext = api_key_create(name="test", owner=user, scopes=scopes)
    return Caller(plaintext, key)


def test_the_numbers_are_those_of_the_dashboard(traffic: None, lead: User, version: Any) -> None:
    answer = caller_of(lead, "moderate").get(STATISTICS, days=7)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["source"], len(told["days"]), told["missing"]) == (None, 7, [])
    assert told["days"][-1]["day"] == timezone.now().date().isoformat()
    assert told["days"][-1]["is_kept"] is False
    assert (told["total"]["inbound"], told["total"]["toxic"]) == (2, 2)
    assert told["total"]["manual"] == {"approve": 0, "remove": 1, "escalate": 0, "skip": 0}
    assert told["total"]["agreement"]["share"] == 1.0
    (person,) = told["people"]
    assert (person["name"], person["decisions"], person["overturned"]) == ("ann", 1, 0)
    assert (told["queue"]["waiting"], told["queue"]["reasons"], told["queue"]["over_hour"]) == (
        1,
        {"band": 1},
        1,
    )
    assert told["queue"]["oldest_seconds"] == pytest.approx(7_200, abs=60)
    (drift,) = [row for row in told["drift"] if row["source"] is None]
    assert (drift["version"], drift["level"], drift["recent"]) == (version.version, "few", 2)


def test_it_can_be_narrowed_and_a_wrong_question_is_told(
    traffic: None, lead: User, shop: Source, db: None
) -> None:
    caller = caller_of(lead, "moderate")
    told = caller.get(STATISTICS, source="shop").json()
    assert (told["source"], told["total"]["inbound"], told["people"]) == ("shop", 1, [])
    for wrong in ({"source": "nowhere"}, {"days": "91"}, {"span": "7"}):
        assert caller.get(STATISTICS, **wrong).status_code == 400
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=shop)
    assert caller.get(STATISTICS).json()["total"]["inbound"] == 1
    assert caller.get(STATISTICS, source="forum").status_code == 400


def test_moderators_and_other_scopes_are_refused(lead: User, ann: User) -> None:
    assert caller_of(ann, "moderate").get(STATISTICS).status_code == 403
    assert caller_of(lead, "read", "submit").get(STATISTICS).status_code == 403
    assert Caller().get(STATISTICS).status_code == 401
