"""Rows that come in by an import with an API key count as its texts, and are not refused for its quota."""

import pytest
from django.db import OperationalError

from classifier.api_keys.quotas import quota_take
from classifier.api_keys.services import api_key_create
from classifier.api_keys.usage import usage_days
from classifier.models import Comment, User
from classifier.tests.transfers.conftest import bring, imported
from classifier.transfers.worker import transfer_work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]
CSV = "text,external_id\nThank you!,1\nI hate rain,2\n,3\n"


def test_what_was_stored_counts_once_and_what_was_there_or_is_no_comment_does_not(admin_person: User) -> None:
    key = api_key_create(name="k", owner=admin_person, scopes=["admin"], texts_per_day=1)[0]
    imported(CSV, by=admin_person, api_key=key)
    imported(CSV, by=admin_person, api_key=key)
    assert Comment.objects.filter(api_key=key).count() == 2
    today = usage_days(api_key=key, days=1)[0]
    assert (today.texts, today.requests, today.refused) == (2, 0, 0)
    assert quota_take(api_key=key, user=None, texts=1).exceeded == "texts"


def test_an_import_by_a_person_counts_for_no_key(admin_person: User) -> None:
    key = api_key_create(name="k", owner=admin_person, scopes=["admin"])[0]
    imported(CSV, by=admin_person)
    assert usage_days(api_key=key, days=1)[0].texts == 0


def test_a_chunk_that_was_rolled_back_counts_nothing(
    admin_person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = api_key_create(name="k", owner=admin_person, scopes=["admin"])[0]
    transfer = bring(CSV, by=admin_person, api_key=key)

    def away(**_: object) -> None:
        raise OperationalError("the database went away")

    monkeypatch.setattr("classifier.transfers.file_run.transfer_progress", away)
    with pytest.raises(OperationalError, match=r"^the database went away$"):
        transfer_work(transfer_id=transfer.pk)
    assert usage_days(api_key=key, days=1)[0].texts == 0
