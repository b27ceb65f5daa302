"""The history shows what happened to whoever may see it, goes on by keyset, and is exported with a trace."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.core.audit import audit_record
from classifier.history.export import history_export
from classifier.history.selectors import WrongCursor, history_page
from classifier.history.tables import HistoryFilters
from classifier.models import AuditEntry, Comment, Decision, Policy, Source, User
from classifier.review.decisions import decision_record, decision_undo
from classifier.tests.page_fixtures import MakeComment, client_of


@pytest.fixture
def lead(owner: User) -> User:
    user = User.objects.create_user("lead")
    user.groups.add(Group.objects.get(name=LEAD))
    return user


def decisions(comment: Comment, number: int, by: User) -> list[Decision]:
    return [Decision.objects.create(comment=comment, action="skip", by=by) for _ in range(number)]


def test_pages_follow_each_other_without_gap_or_repeat_forwards_and_back(
    owner: User, comment_with: MakeComment
) -> None:
    comment = comment_with("x", score=0.9)
    decisions(comment, 6, owner)
    for _ in range(5):
        audit_record(verb="policy.save", by=owner)
    everything = history_page(user=None, filters=HistoryFilters(), size=1_000).entries
    pages = [history_page(user=None, filters=HistoryFilters(), size=4)]
    while pages[-1].older:
        pages.append(history_page(user=None, filters=HistoryFilters(), size=4, before=pages[-1].older))
    seen = [entry for page in pages for entry in page.entries]
    assert seen == everything
    assert len(everything) >= 12
    back = history_page(user=None, filters=HistoryFilters(), size=4, after=pages[1].entries[0].cursor)
    assert back.entries == pages[0].entries
    with pytest.raises(WrongCursor, match=r"^This page does not exist any more\.$"):
        history_page(user=None, filters=HistoryFilters(), size=4, before="yesterday")


@pytest.mark.parametrize(
    ("filters", "kinds"),
    [
        (HistoryFilters(actor="owner"), {"decision", "audit"}),
        (HistoryFilters(source="forum"), {"decision", "comment", "policy"}),
        (HistoryFilters(deed="export"), {"audit"}),
        (HistoryFilters(kind="decision"), {"decision"}),
        (HistoryFilters(until=timezone.now() - timedelta(days=9)), set()),
    ],
)
def test_filters_narrow_it(
    filters: HistoryFilters, kinds: set[str], owner: User, comment_with: MakeComment
) -> None:
    comment = comment_with("x", score=0.9, source="forum")
    decisions(comment, 1, owner)
    Policy.objects.create(source=comment.source, version=1, bands={})
    audit_record(verb="export.comments", by=owner)
    entries = history_page(user=None, filters=filters, size=100).entries
    assert {entry.kind for entry in entries} == kinds


def test_a_lead_sees_and_exports_it_and_a_moderator_does_not(
    lead: User, colleague: User, comment_with: MakeComment
) -> None:
    decisions(comment_with("x", score=0.9), 3, colleague)
    page = client_of(lead).get("/history/?kind=decision")
    assert page.status_code == 200
    assert page.content.decode().partition("<tbody>")[2].count("Skipped") == 3
    response = client_of(lead).post("/history/export/", {"kind": "decision", "format": "jsonl"})
    rows = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert [row["by"] for row in rows] == ["colleague"] * 3
    begun, ended = AuditEntry.objects.order_by("pk")
    assert (begun.verb, begun.actor, begun.data["filters"]) == ("export.history", lead, {"kind": "decision"})
    assert (ended.verb, ended.count, ended.data["whole"]) == ("export.history_sent", 3, True)
    assert client_of(colleague).get("/history/").status_code == 403
    assert client_of(colleague).post("/history/export/", {"format": "csv"}).status_code == 403


def test_an_export_that_is_broken_off_says_so(lead: User, comment_with: MakeComment) -> None:
    decisions(comment_with("x", score=0.9), 1, lead)
    text = history_export(filters=HistoryFilters(), file_format="csv", by=lead)
    next(text)
    text.close()
    assert AuditEntry.objects.get(verb="export.history_sent").data["whole"] is False


def test_who_sees_one_source_sees_its_history_alone(lead: User, comment_with: MakeComment) -> None:
    hidden, shown = comment_with("x", score=0.9, source="forum"), comment_with("y", score=0.9, source="shop")
    decisions(hidden, 1, lead)
    decisions(shown, 1, lead)
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=Source.objects.get(slug="shop"))
    text = client_of(lead).get("/history/").content.decode()
    assert f"Comment {shown.pk}<" in text
    assert f"Comment {hidden.pk}<" not in text


def test_it_says_in_words_what_the_audit_noted_and_is_filtered_by_the_code(lead: User, owner: User) -> None:
    audit_record(verb="person.roles", by=owner, subject="mo")
    audit_record(verb="export.comments", by=owner, count=1200)
    page = client_of(lead).get("/history/", {"deed": "person.roles"}).content.decode()
    rows = page.partition("<tbody>")[2]
    assert "Roles set" in rows
    assert "Export of comments" not in rows
    assert '<option value="person.roles">Roles set</option>' in page
    assert "Export of comments begun (1,200)" in client_of(lead).get("/history/").content.decode()


def test_the_last_day_of_all_is_refused_and_not_a_failure(lead: User) -> None:
    as_lead = client_of(lead)
    assert as_lead.get("/history/", {"until": "9999-12-31"}).status_code == 422
    assert as_lead.post("/history/export/", {"until": "9999-12-31", "format": "csv"}).status_code == 422
    assert as_lead.get("/history/", {"until": "9999-12-30"}).status_code == 200


def test_a_change_of_status_is_named_by_its_outcome(lead: User, comment_with: MakeComment) -> None:
    comment = comment_with("x", score=0.9)
    decision_undo(decision=decision_record(comment=comment, action="remove", by=lead), by=lead)
    entries = history_page(user=None, filters=HistoryFilters(kind="comment"), size=9).entries
    assert [entry.what for entry in entries[:2]] == ["Reopened", "Removed"]
    assert "\N{RIGHTWARDS ARROW}" not in "".join(entry.what for entry in entries)
    page = client_of(lead).get(f"/comments/{comment.pk}/").content.decode()
    assert "Undone: removed" in page.split('id="history-title"')[1]


def test_who_undid_his_own_decision_is_named_once(lead: User, comment_with: MakeComment) -> None:
    comment = comment_with("x", score=0.9)
    decision_undo(decision=decision_record(comment=comment, action="remove", by=lead), by=lead)
    page = client_of(lead).get(f"/queue/?comment={comment.pk}", follow=True).content.decode()
    assert "removed and undone by lead" in page
    assert "undone by lead by lead" not in " ".join(page.split())
