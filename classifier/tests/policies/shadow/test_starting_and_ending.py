"""A draft is started, replaced, stopped and put in force; each leaves a row in its history and in the audit."""

import pytest
from django.core.exceptions import PermissionDenied

from classifier.core.errors import PolicyConflict
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Policy, ShadowPolicy, Source, User
from classifier.policies.active_policies import shadows_for
from classifier.policies.services import policy_for, policy_save
from classifier.policies.shadow_policies import (
    shadow_policy_put_in_force,
    shadow_policy_start,
    shadow_policy_stop,
)
from classifier.tests.conftest import person
from classifier.tests.policies.shadow.conftest import STRICT, started
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

pytestmark = pytest.mark.django_db


def test_a_draft_runs_for_its_source_alone_and_changes_no_policy(forum: Source, admin_person: User) -> None:
    shadow = started(forum, by=admin_person, note="Stricter")
    assert [one.pk for one in shadows_for(forum.pk)] == [shadow.pk]
    assert shadows_for(None) == []
    assert (Policy.objects.count(), policy_for(forum.pk).version) == (1, 1)
    event = shadow.history.get()
    assert (event.old, event.new, event.actor, event.reason) == ("", "running", admin_person, "Stricter")
    entry = AuditEntry.objects.get(verb="policy.shadow_start")
    assert (entry.actor, entry.source, entry.subject) == (admin_person, forum, f"forum draft {shadow.pk}")


def test_another_draft_takes_the_place_of_the_one_before(forum: Source) -> None:
    first = started(forum)
    second = started(forum, {"toxic": {"review": 0.3}})
    first.refresh_from_db()
    assert (first.status, first.history.first().new) == ("replaced", "replaced")  # type: ignore[union-attr]
    assert first.ended_at is not None
    assert [one.pk for one in shadows_for(forum.pk)] == [second.pk]
    assert AuditEntry.objects.filter(data__replaced=first.pk).count() == 1


def test_a_stopped_draft_says_no_more_and_is_not_stopped_twice(forum: Source) -> None:
    shadow = started(forum)
    again = ShadowPolicy.objects.get(pk=shadow.pk)
    shadow_policy_stop(shadow=shadow, by=None, reason="enough seen")
    assert shadows_for(forum.pk) == []
    assert shadow.history.first().reason == "enough seen"  # type: ignore[union-attr]
    with pytest.raises(IllegalTransition, match=r"^shadow policy \d+ cannot go from stopped to stopped$"):
        shadow_policy_stop(shadow=shadow, by=None)
    with pytest.raises(LostRace, match=r"^shadow policy \d+ is no longer running$"):
        shadow_policy_stop(shadow=again, by=None)
    assert AuditEntry.objects.filter(verb="policy.shadow_stop").count() == 1


def test_putting_a_draft_in_force_keeps_what_it_does_not_say(forum: Source, admin_person: User) -> None:
    reasons = [{"code": "insult", "title": "Insults somebody"}]
    policy_save(source=forum, bands={"toxic": {"review": 0.7}}, reasons=reasons, appeal_days=3, by=None)
    shadow = started(forum)
    policy = shadow_policy_put_in_force(shadow=shadow, seen_version=1, by=admin_person)
    assert (policy.version, policy.bands, policy.automatic) == (2, STRICT, ["remove"])
    assert (policy.reasons, policy.appeal_days, policy.created_by) == (reasons, 3, admin_person)
    assert policy_for(forum.pk).pk == policy.pk
    assert shadows_for(forum.pk) == []
    shadow.refresh_from_db()
    assert (shadow.status, shadow.policy) == ("in_force", policy)
    assert {"policy.save", "policy.shadow_in_force"} <= set(AuditEntry.objects.values_list("verb", flat=True))


def test_a_source_without_a_policy_gets_one_of_its_own_by_its_draft(forum: Source) -> None:
    shadow_policy_put_in_force(shadow=started(forum), by=None)
    own = Policy.objects.get(source=forum)
    site = Policy.objects.get(source=None)
    assert (own.version, own.bands, own.reasons) == (1, STRICT, site.reasons)


def test_a_draft_that_was_stopped_can_still_be_put_in_force_but_once(forum: Source) -> None:
    shadow = started(forum)
    shadow_policy_stop(shadow=shadow, by=None)
    ended = ShadowPolicy.objects.get(pk=shadow.pk).ended_at
    shadow_policy_put_in_force(shadow=shadow, by=None)
    assert ShadowPolicy.objects.get(pk=shadow.pk).ended_at == ended
    with pytest.raises(IllegalTransition, match=r"^shadow policy \d+ cannot go from in_force to in_force$"):
        shadow_policy_put_in_force(shadow=shadow, by=None)
    assert Policy.objects.filter(source=forum).count() == 1


def test_a_policy_that_was_saved_meanwhile_is_not_overwritten(forum: Source) -> None:
    shadow = started(forum)
    policy_save(source=forum, bands={"toxic": {"review": 0.6}}, by=None)
    with pytest.raises(
        PolicyConflict, match=r"^Version 1 was saved in the meantime\. Look at it, then save again\.$"
    ):
        shadow_policy_put_in_force(shadow=shadow, seen_version=0, by=None)
    shadow.refresh_from_db()
    assert shadow.is_running
    assert Policy.objects.filter(source=forum).count() == 1


def test_a_draft_that_says_what_the_policy_in_force_says_is_refused(forum: Source) -> None:
    policy_save(source=forum, bands=STRICT, automatic=["remove"], by=None)
    with pytest.raises(
        InvalidInput, match=r"^bands: The draft is the same as the policy in force, so there is"
    ) as refused:
        started(forum)
    assert [problem.code for problem in refused.value.problems] == ["unchanged"]
    assert started(forum, automatic=[]).is_running


def test_a_draft_that_means_nothing_is_refused_with_its_place(forum: Source) -> None:
    with pytest.raises(
        InvalidInput, match=r"^bands\.toxic\.remove: Removing begins at 0\.1, before review at 0\.9; it"
    ) as refused:
        started(forum, {"toxic": {"review": 0.9, "remove": 0.1}}, automatic=["review"])
    assert [problem.field for problem in refused.value.problems] == ["bands.toxic.remove", "automatic"]


def test_leads_look_and_start_nothing(forum: Source) -> None:
    lead = person("lea", "Lead")
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_policy$"):
        started(forum, by=lead)
    shadow = started(forum)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_policy$"):
        shadow_policy_stop(shadow=shadow, by=lead)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_policy$"):
        shadow_policy_put_in_force(shadow=shadow, by=lead)


def test_who_sees_some_sources_tries_nothing_out_for_the_whole_site(
    forum: Source, admin_person: User
) -> None:
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    admin_person.refresh_from_db()
    for source in (None, forum):
        with pytest.raises(PermissionDenied, match=r"^admin-person does not see"):
            shadow_policy_start(source=source, bands=STRICT, by=admin_person)
