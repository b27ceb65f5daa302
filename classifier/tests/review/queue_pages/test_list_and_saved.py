"""The queue as a list: filters, pages, errors at fields; saved queues as tabs, by role, in an order."""

import pytest
from django.test import Client

from classifier.accounts.roles import LEAD, MODERATOR, VIEWER
from classifier.models import Comment, ModelVersion, SavedQueue, User
from classifier.review.pages.list import PAGE_SIZE
from classifier.review.saved_queues import saved_queue_create
from classifier.tests.conftest import person
from classifier.tests.review.conftest import waiting
from classifier.tests.review.queue_pages.conftest import HTMX, client_of

pytestmark = pytest.mark.django_db


def listed(client: Client, query: str = "") -> list[int]:
    return [row["comment"].pk for row in client.get(f"/queue/list/?{query}").context["rows"]]


def test_filters_narrow_the_list_and_rows_lead_into_the_queue(
    active_version: ModelVersion, as_mo: Client
) -> None:
    hates, likes = waiting(active_version, "i hate it", "i like it", source="forum")
    Comment.objects.filter(pk=hates.pk).update(report_count=1, band="remove", author_ref="ada")
    assert set(listed(as_mo)) == {hates.pk, likes.pk}
    for query in (
        "reported=1",
        "band=remove",
        "author=ada",
        "label=toxic",
        "text=hate",
        "source=forum&band=remove",
    ):
        assert listed(as_mo, query) == [hates.pk], query
    assert listed(as_mo, "reported=0") == [likes.pk]
    assert listed(as_mo, "source=shop") == []
    page = as_mo.get("/queue/list/?reported=1").content.decode()
    assert f'href="/queue/?comment={hates.pk}"' in page
    assert as_mo.get(f"/queue/?comment={hates.pk}", follow=True).context["item"].comment == hates


def test_each_wrong_filter_is_named_at_its_field(active_version: ModelVersion, as_mo: Client) -> None:
    answer = as_mo.get("/queue/list/?threshold=7&band=worst&older_hours=x&order=luck")
    page = answer.content.decode()
    assert answer.status_code == 422
    for name in ("threshold", "band", "older_hours", "order"):
        assert f'id="e-{name}"' in page, name
    assert "'worst'" in page or "must be one of" in page


def test_a_queue_that_cannot_be_worked_shows_its_errors_in_the_list(
    active_version: ModelVersion, as_mo: Client
) -> None:
    assert as_mo.get("/queue/?threshold=7")["Location"].startswith("/queue/list/?threshold=7")
    assert as_mo.get("/queue/?status=decided")["Location"] == "/queue/list/?status=decided"


def test_pages_follow_each_other_without_gaps(active_version: ModelVersion, as_mo: Client) -> None:
    made = waiting(active_version, *[f"number {n}" for n in range(PAGE_SIZE + 2)])
    first = as_mo.get("/queue/list/?order=age")
    rest = as_mo.get(f"/queue/list/?{first.context['next']}")
    found = [row["comment"].pk for answer in (first, rest) for row in answer.context["rows"]]
    assert found == [comment.pk for comment in made]
    assert rest.context["next"] is None
    assert as_mo.get("/queue/list/?order=age&after=nonsense").status_code == 404


def test_filters_of_the_list_are_worked_through_in_the_queue_and_remembered(
    active_version: ModelVersion, as_mo: Client
) -> None:
    _, wanted = waiting(active_version, "one", "two")
    Comment.objects.filter(pk=wanted.pk).update(report_count=2)
    as_mo.get("/queue/?reported=1&order=age")
    context = as_mo.get("/queue/").context
    assert context["item"].comment == wanted
    assert context["filter_words"] == ["reported"]
    as_mo.get("/queue/?order=risk")
    assert as_mo.get("/queue/").context["filter_words"] == ["reported"], "another order keeps the filters"
    as_mo.get("/queue/?status=waiting")
    assert as_mo.get("/queue/").context["filter_words"] == []


def test_a_saved_queue_is_a_tab_with_its_count_for_its_roles(
    active_version: ModelVersion, as_mo: Client, lea: User, as_lea: Client
) -> None:
    _, reported = waiting(active_version, "one", "two")
    Comment.objects.filter(pk=reported.pk).update(report_count=1)
    everybody = saved_queue_create(name="Reported", filters={"reported": True}, by=lea)
    leads = saved_queue_create(name="For leads", filters={}, roles=[LEAD], by=None)
    page = as_mo.get("/queue/").content.decode()
    assert "Reported<span" in page
    assert "For leads" not in page
    assert "For leads" in as_lea.get("/queue/list/").content.decode()
    assert as_mo.get(f"/queue/?saved={leads.pk}").status_code == 404
    assert as_mo.get(f"/queue/list/?saved={leads.pk}").status_code == 404
    as_mo.get(f"/queue/?saved={everybody.pk}")
    assert as_mo.get("/queue/").context["item"].comment == reported
    assert [tab.count.number for tab in as_mo.get("/queue/").context["tabs"] if tab.count] == [
        2,
        1,
        1,
    ]  # all, mine, reported


def test_the_count_on_the_tab_is_sent_where_a_tab_is_open(
    active_version: ModelVersion, as_mo: Client
) -> None:
    waiting(active_version, "one", "two", "three")
    saved = saved_queue_create(name="For review", filters={"band": "review"}, by=None)
    for query, sent in (("order=age", True), (f"saved={saved.pk}", True), ("band=review", False)):
        as_mo.get(f"/queue/?{query}")
        answer = as_mo.post("/queue/next/", headers=HTMX).content.decode()
        assert ("innerHTML:#tab-count" in answer) is sent
        assert ('id="tab-count"' in as_mo.get("/queue/").content.decode()) is sent


def test_a_saved_queue_of_what_does_not_wait_opens_as_a_list(
    active_version: ModelVersion, as_mo: Client
) -> None:
    saved = saved_queue_create(name="All decided", filters={"status": "decided"}, by=None)
    assert as_mo.get(f"/queue/?saved={saved.pk}")["Location"].startswith("/queue/list/?status=decided")
    assert as_mo.get(f"/queue/?saved={saved.pk}", follow=True).status_code == 200


def test_leads_make_change_order_and_delete_saved_queues(
    active_version: ModelVersion, as_mo: Client, as_lea: Client
) -> None:
    fields = {"name": "Old ones", "older_hours": "24", "order": "age", "roles": [MODERATOR, VIEWER]}
    assert as_mo.post("/queue/saved/new/", fields).status_code == 403
    assert as_lea.post("/queue/saved/new/", fields).status_code == 302
    first = SavedQueue.objects.get()
    assert (first.filters, first.order, first.roles) == ({"older_hours": 24.0}, "age", [MODERATOR, VIEWER])
    assert as_lea.post("/queue/saved/new/", {"name": "Second", "order": "risk"}).status_code == 302
    second = SavedQueue.objects.get(name="Second")
    as_lea.post(f"/queue/saved/{second.pk}/move/", {"to": "up"})
    assert list(SavedQueue.objects.all()) == [second, first]
    as_lea.post(f"/queue/saved/{first.pk}/", {"name": "Older", "order": "age", "older_hours": "48"})
    first.refresh_from_db()
    assert (first.name, first.filters, first.roles) == ("Older", {"older_hours": 48.0}, [])
    as_lea.post(f"/queue/saved/{first.pk}/delete/")
    assert list(SavedQueue.objects.all()) == [second]


def test_what_is_wrong_with_a_saved_queue_is_told_and_kept(as_lea: Client, db: None) -> None:
    saved_queue_create(name="Mine", filters={}, by=None)
    answer = as_lea.post("/queue/saved/new/", {"name": "Mine", "order": "risk", "author": "ada"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Another queue has this name." in page
    assert 'value="ada"' in page
    assert as_lea.post("/queue/saved/new/", {"name": "New", "threshold": "7"}).status_code == 422


def test_a_filter_that_cannot_be_read_any_more_breaks_no_page(
    active_version: ModelVersion, as_mo: Client, as_lea: Client
) -> None:
    saved = SavedQueue.objects.create(name="Broken", filters={"planet": "Mars"})
    for client, address in (
        (as_mo, "/queue/"),
        (as_mo, f"/queue/?saved={saved.pk}"),
        (as_mo, "/queue/list/"),
        (as_lea, "/queue/saved/"),
        (as_lea, f"/queue/saved/{saved.pk}/"),
    ):
        assert client.get(address, follow=True).status_code == 200, address


def test_a_viewer_sees_the_list_and_cannot_work(active_version: ModelVersion, as_mo: Client) -> None:
    (only,) = waiting(active_version, "one")
    page = client_of(person("vi", VIEWER)).get("/queue/list/").content.decode()
    assert f"/comments/{only.pk}/" in page
    assert "Work through these" not in page
    assert "Decide all" not in page
