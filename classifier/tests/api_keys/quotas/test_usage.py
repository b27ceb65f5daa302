"""What keys use is counted in Redis and reaches the database, whatever is lost or dies on the way."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, transaction

from classifier.api_keys import usage
from classifier.api_keys.quotas import quota_take
from classifier.api_keys.services import api_key_create
from classifier.api_keys.usage import usage_days, usage_error_count, usage_flush
from classifier.models import ApiKey, ApiKeyUsage, User
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller
from toxicsite.lib.broker import client

pytestmark = pytest.mark.django_db


@pytest.fixture
def api_key(owner: User) -> ApiKey:
    return api_key_create(name="forum", owner=owner, scopes=["score"], texts_per_day=100)[0]


def use(api_key: ApiKey, texts: int) -> None:
    quota_take(api_key=api_key, user=None, texts=texts)


def written(api_key: ApiKey) -> tuple[int, int, int, int]:
    row = ApiKeyUsage.objects.get(api_key=api_key)
    return row.requests, row.texts, row.errors, row.refused


def test_requests_texts_errors_and_refusals_are_written(api_key: ApiKey) -> None:
    use(api_key, 3)
    use(api_key, 90)
    use(api_key, 8)
    usage_error_count(api_key=api_key)
    usage_flush()
    assert written(api_key) == (3, 93, 1, 1)


def test_writing_twice_counts_nothing_twice(api_key: ApiKey) -> None:
    use(api_key, 3)
    usage_flush()
    usage_flush()
    use(api_key, 1)
    usage_flush()
    assert written(api_key) == (2, 4, 0, 0)


def test_a_redis_that_lost_everything_goes_on_from_the_database(api_key: ApiKey) -> None:
    use(api_key, 60)
    usage_flush()
    client().flushdb()
    use(api_key, 5)
    usage_flush()
    assert written(api_key) == (2, 65, 0, 0)
    assert quota_take(api_key=api_key, user=None, texts=36).exceeded == "texts"


def test_a_writer_that_dies_between_its_steps_loses_and_doubles_nothing(
    api_key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(api_key, 60)
    usage_flush()
    client().flushdb()
    use(api_key, 5)
    with monkeypatch.context() as dying:
        dying.setattr(usage, "WRITE", "SELECT 1/0, %s, %s, %s, %s, %s, %s, %s")
        with pytest.raises(DataError, match=r"^division by zero$"), transaction.atomic():
            usage_flush()
    usage_flush()
    assert written(api_key) == (2, 65, 0, 0)


def test_a_writer_with_older_numbers_takes_nothing_back(api_key: ApiKey) -> None:
    use(api_key, 2)
    usage_flush()
    ApiKeyUsage.objects.update(texts=50)
    usage_flush()
    assert written(api_key) == (1, 50, 0, 0)


def test_a_key_that_is_gone_is_left_out(api_key: ApiKey) -> None:
    use(api_key, 1)
    api_key.delete()
    usage_flush()
    assert not ApiKeyUsage.objects.exists()


def test_today_is_shown_before_it_is_written_and_empty_days_are_there(api_key: ApiKey) -> None:
    ApiKeyUsage.objects.create(
        api_key=api_key, day=datetime.now(UTC).date() - timedelta(days=2), requests=7, texts=9
    )
    use(api_key, 4)
    before, between, now = usage_days(api_key=api_key, days=3)
    assert (before.requests, before.texts, between.requests, now.requests, now.texts) == (7, 9, 0, 1, 4)


def test_a_key_reads_its_own_use(program: Caller) -> None:
    program.post(COMMENTS, {"items": [{"text": "a"}, {"text": "b"}]})
    program.post(SCORE, {"text": "c"})
    program.get(f"{COMMENTS}99/")
    answer = program.get("/api/v1/usage/").json()
    assert program.key is not None
    assert answer["key"]["prefix"] == program.key.prefix
    assert answer["quotas"][0]["remaining"] == answer["quotas"][0]["limit"] - 4
    assert len(answer["days"]) == 30
    today = answer["days"][-1]
    assert (today["requests"], today["texts"], today["errors"], today["refused"]) == (4, 2, 2, 0)
