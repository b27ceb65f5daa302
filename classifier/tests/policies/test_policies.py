"""Policies: the site's own exists from the start, saving adds a version, and the newest one is in force."""

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from classifier.core.errors import PolicyConflict
from classifier.core.validation import InvalidInput
from classifier.models import AppendOnlyError, Policy, Source, User
from classifier.policies import active_policies as in_force
from classifier.policies.services import (
    policies_ensure_after_migrate,
    policy_for,
    policy_newest,
    policy_restore,
    policy_save,
)

BANDS = {"toxic": {"review": 0.4, "remove": 0.95}}

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


def test_the_site_has_a_policy_from_the_start_that_decides_nothing_by_itself(source: Source) -> None:
    current = policy_for(source.pk)
    assert current == policy_for(None)
    assert (current.version, current.automatic, current.fail_mode) == (1, frozenset(), "closed")
    assert current.pk is not None


def test_migrating_again_makes_no_second_policy() -> None:
    class Sender:
        label = "classifier"

    policies_ensure_after_migrate(Sender())
    assert Policy.objects.filter(source=None).count() == 1


def test_saving_adds_a_version_that_is_in_force_for_its_source_alone(source: Source) -> None:
    other = Source.objects.create(slug="blog", name="Blog")
    for _ in range(2):
        saved = policy_save(source=source, bands=BANDS, automatic=["remove"], by=None)
    assert saved.version == 2
    assert policy_for(source.pk).pk == saved.pk
    assert policy_for(source.pk).is_automatic("remove")
    assert policy_for(other.pk) == policy_for(None)


def test_a_saved_version_cannot_be_changed(source: Source) -> None:
    saved = policy_save(source=source, bands=BANDS, by=None)
    saved.note = "other"
    with pytest.raises(AppendOnlyError, match=r"^policy \d+ is append-only$"):
        saved.save()


def test_an_old_version_comes_back_as_a_new_one(source: Source) -> None:
    first = policy_save(source=source, bands=BANDS, nudge_threshold=0.3, appeal_days=7, by=None)
    policy_save(source=source, bands={"toxic": {"review": 0.1}}, by=None)
    third = policy_restore(policy=first, by=None)
    assert (third.version, third.bands, third.nudge_threshold, third.appeal_days) == (3, BANDS, 0.3, 7)
    assert third.note == "Version 1 again"


def test_who_saves_over_another_s_version_is_told_of_it(source: Source) -> None:
    theirs = policy_save(source=source, bands=BANDS, seen_version=0, by=None)
    with pytest.raises(
        PolicyConflict, match=r"^Version 1 was saved in the meantime\. Look at it, then save again\.$"
    ) as caught:
        policy_save(source=source, bands=BANDS, seen_version=0, by=None)
    assert caught.value.newest == theirs
    assert policy_newest(source=source) == theirs


def test_a_moderator_may_not_save_a_policy(source: Source, moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_policy$"):
        policy_save(source=source, bands=BANDS, by=moderator)
    assert policy_newest(source=source) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bands": {"toxic": {"review": 2}}}, "bands.toxic.review"),
        ({"automatic": ["review"]}, "automatic"),
        ({"fail_mode": "ajar"}, "fail_mode"),
        ({"nudge_threshold": 1.5}, "nudge_threshold"),
        ({"reasons": [{"code": "a b", "title": "x"}]}, "reasons[0].code"),
        ({"reasons": [{"code": "a", "title": " "}]}, "reasons[0].title"),
        ({"reasons": [{"code": "a", "title": "x"}] * 2}, "reasons[1].code"),
        ({"reason_required": True}, "reasons"),
        ({"appeal_days": -1}, "appeal_days"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_it_names_the_field_that_is_wrong_and_saves_nothing(
    source: Source, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput, match=rf"^{re.escape(field)}: ") as caught:
        policy_save(**{"source": source, "bands": BANDS, "by": None, **change})
    assert [problem.field for problem in caught.value.problems] == [field]
    assert policy_newest(source=source) is None


def test_a_process_asks_the_database_again_only_after_a_while(
    source: Source, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.POLICY_CACHE_SECONDS = 60
    in_force.forget()
    try:
        policy_for(source.pk)
        with django_assert_num_queries(0):
            policy_for(source.pk)
        saved = policy_save(source=source, bands=BANDS, by=None)
        assert policy_for(source.pk).pk == saved.pk, "who has saved sees it at once"
    finally:
        in_force.forget()


def test_a_policy_that_was_rolled_back_is_not_in_force(source: Source) -> None:
    with transaction.atomic():
        saved = policy_save(source=source, bands=BANDS, by=None)
        assert policy_for(source.pk).pk == saved.pk
        transaction.set_rollback(True)
    assert policy_for(source.pk) == policy_for(None)
