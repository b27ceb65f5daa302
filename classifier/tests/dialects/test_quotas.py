"""What a dialect takes from a key's quota of texts, and what it gives back."""

from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.api_keys.usage import usage_days
from classifier.core.errors import NoWorker
from classifier.models import Comment, User
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, Sender
from classifier.tests.dialects.test_analyze import request

CALLS: list[tuple[str, Any]] = [
    (ANALYZE, request()),
    (MODERATIONS, {"input": ["a", "b"]}),
    (PREDICT, {"inputs": [["a"], ["b"], ["c"]]}),
]


@pytest.fixture
def small(owner: User) -> Sender:
    """A key of which six texts are left."""
    key, plaintext = api_key_create(name="small", owner=owner, scopes=["score", "submit"], texts_per_day=6)
    return Sender(plaintext, key)


def test_each_text_counts_once(small: Sender, asked: list[list[str]]) -> None:
    assert [small.post(*call).status_code for call in CALLS] == [200] * 3
    assert [small.post(*call).status_code for call in CALLS] == [429] * 3
    assert usage_days(api_key=small.key, days=1)[0].texts == 6


def test_texts_that_nobody_scored_are_given_back(
    small: Sender, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(**_: object) -> None:
        raise NoWorker

    with monkeypatch.context() as patch:
        patch.setattr("classifier.dialects.scoring.score_texts", nobody)
        assert [small.post(*call).status_code for call in CALLS * 3] == [503, 503, 424] * 3
    assert usage_days(api_key=small.key, days=1)[0].texts == 0
    assert [small.post(*call).status_code for call in CALLS] == [200] * 3


def test_a_text_that_could_not_be_stored_is_given_back(small: Sender, asked: list[list[str]]) -> None:
    User.objects.update(all_sources=False)
    assert small.post(ANALYZE, request(doNotStore=False, communityId="elsewhere")).status_code == 403
    assert not Comment.objects.exists()
    assert usage_days(api_key=small.key, days=1)[0].texts == 0
