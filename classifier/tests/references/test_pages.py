"""The pages of reference services, and who may change what; all without JavaScript."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.models import ApiKey, AuditEntry, ReferenceCall, ReferenceService, Source, User
from classifier.references.pace import healths, note
from classifier.references.wire import Reply
from classifier.tests.conftest import person
from classifier.tests.references.stub import GOOD_KEY, Stub, score_of
from toxicsite.doctor import check_references
from toxicsite.lib.encryption import decrypt

NEW = {
    "name": "Perspective",
    "wire": "perspective",
    "url": "https://commentanalyzer.googleapis.com/secret-path",
    "key": "AIza-very-secret",
    "timeout_seconds": "2",
    "calls_per_second": "0.5",
    "share_percent": "25",
    "keeps_texts": "on",
    "ends_on": "2026-12-31",
}


@pytest.fixture
def page(admin_person: User, redis_clean: None) -> Client:
    client = Client()
    client.force_login(admin_person)
    return client


def text(answer: Any) -> str:
    return str(answer.content, "utf-8")


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def test_perspective_is_a_preset_with_its_last_day(page: Client) -> None:
    assert "No service is asked beside this one" in text(page.get("/references/"))
    shown = text(page.get("/references/new/?preset=perspective"))
    assert 'value="https://commentanalyzer.googleapis.com"' in shown
    assert 'value="2026-12-31"' in shown


def test_a_new_service_keeps_its_key_sealed_and_never_shows_it(page: Client) -> None:
    made = page.post("/references/new/", NEW)
    service = ReferenceService.objects.get()
    assert made.headers["Location"] == f"/references/{service.pk}/"
    assert (service.share, service.calls_per_second, service.ends_on) == (0.25, 0.5, date(2026, 12, 31))
    assert service.sealed_key is not None
    assert decrypt(bytes(service.sealed_key)) == NEW["key"]
    encrypted = bytes(service.sealed_key).decode()
    admin_page = f"/admin/classifier/referenceservice/{service.pk}/change/"
    for address in ("/references/", f"/references/{service.pk}/", "/history/", admin_page):
        shown = text(page.get(address))
        assert NEW["key"] not in shown
        assert encrypted not in shown
    entry = AuditEntry.objects.get(verb="reference.create")
    assert entry.data["url"] == "https://commentanalyzer.googleapis.com"
    assert entry.data["key"] is True
    assert "secret" not in str(entry.data)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "http://169.254.169.254/", "is not a public address"),
        ("url", "https://p.example.org/?key=1", "Leave out the question mark"),
        ("key", "with a space", "ASCII characters without spaces"),
        ("timeout_seconds", "0", "from 0.05 to 30"),
        ("calls_per_second", "nan", "Enter a number"),
        ("share_percent", "101", "from 0 to 100"),
        ("wire", "tei", "Select a valid choice"),
        ("name", " ", "required"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    field: str, value: str, said: str, page: Client, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    answer = page.post("/references/new/", {**NEW, field: value})
    assert answer.status_code == 422
    assert said in text(answer)
    assert not ReferenceService.objects.exists()


def test_a_key_does_not_follow_the_url_to_another_host(page: Client, service: ReferenceService) -> None:
    at = f"/references/{service.pk}/"
    fields = {**NEW, "key": "", "url": service.url + "/base"}
    assert page.post(at, fields).status_code == 302
    answer = page.post(at, {**fields, "url": "https://elsewhere.example.org"})
    assert answer.status_code == 422
    assert "Enter the key again" in text(answer)
    assert page.post(at, {**fields, "url": "https://elsewhere.example.org", "key": "new"}).status_code == 302
    assert page.post(at, {**fields, "url": "https://third.example.org", "no_key": "on"}).status_code == 302
    service.refresh_from_db()
    assert service.sealed_key is None
    assert verbs().count("reference.update") == 3


def test_ask_once_shows_the_scores_or_what_went_wrong_and_stores_nothing(
    page: Client, service: ReferenceService, stub: Stub
) -> None:
    note(service, Reply("quota", "It answered 429.", retry_after="60"))
    assert "60 seconds" in text(page.get(f"/references/{service.pk}/"))
    sentence = "the ferry is late"
    shown = text(page.post(f"/references/{service.pk}/ask/", {"text": sentence}))
    assert f"{score_of(sentence, 'TOXICITY'):.4f}" in shown
    assert stub.asked[0].body["doNotStore"] is True
    assert healths([service.pk])[service.pk].paused_seconds == 0
    stub.way = "refuse"
    shown = text(page.post(f"/references/{service.pk}/ask/", {"text": sentence}))
    assert "It answered 400 (INVALID_ARGUMENT)." in shown
    assert page.post(f"/references/{service.pk}/ask/", {"text": " "}).status_code == 422
    assert not ReferenceCall.objects.exists()


def test_off_on_and_removed(page: Client, service: ReferenceService) -> None:
    at = f"/references/{service.pk}/"
    page.post(f"{at}switch/", {"enabled": "0"})
    assert "It is switched off." in text(page.get(at))
    page.post(f"{at}switch/", {"enabled": "1"})
    page.post(f"{at}remove/")
    assert page.get(at).status_code == 404
    service.refresh_from_db()
    assert service.sealed_key is None
    assert verbs()[-3:] == ["reference.disable", "reference.enable", "reference.remove"]


def test_one_click_changes_what_a_key_does(
    page: Client, admin_person: User, service: ReferenceService
) -> None:
    key, _ = api_key_create(name="forum", owner=admin_person, scopes=["score"])
    at = f"/keys/{key.pk}/reference/"
    for mode in ("observe", "follow", "off"):
        answer = page.post(at, {"mode": mode, "service": service.pk}, follow=True)
        assert answer.status_code == 200
        key.refresh_from_db()
        assert (key.reference_mode, key.reference) == (mode, service)
        assert key.reference_since is not None
    entries = AuditEntry.objects.filter(verb="key.reference").order_by("pk")
    assert [entry.data["after"]["mode"] for entry in entries] == ["observe", "follow", "off"]
    page.post(at, {"mode": "off", "service": service.pk})
    assert entries.count() == 3  # nothing has changed
    page.post(at, {"mode": "observe"})
    page.post(at, {"mode": "nonsense", "service": service.pk})
    page.post(f"/references/{service.pk}/switch/", {"enabled": "0"})
    assert "is switched off" in text(page.post(at, {"mode": "follow", "service": service.pk}, follow=True))
    key.refresh_from_db()
    assert key.reference_mode == "off"


def test_every_form_needs_its_csrf_token(admin_person: User, service: ReferenceService) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_person)
    key, _ = api_key_create(name="forum", owner=admin_person, scopes=["score"])
    at = f"/references/{service.pk}/"
    for address in (
        "/references/new/",
        at,
        f"{at}switch/",
        f"{at}ask/",
        f"{at}remove/",
        f"/keys/{key.pk}/reference/",
    ):
        assert client.post(address, NEW).status_code == 403, address


def test_who_sees_only_some_sources_changes_nothing_of_the_whole_site(
    page: Client, admin_person: User, service: ReferenceService
) -> None:
    forum = Source.objects.create(slug="forum", name="Forum")
    shop = Source.objects.create(slug="shop", name="Shop")
    admin_person.source_access.create(source=forum)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    at = f"/references/{service.pk}/"
    assert page.get(at).status_code == 200
    assert "Remove it" not in text(page.get(at))
    for address in ("/references/new/", at, f"{at}switch/", f"{at}ask/", f"{at}remove/"):
        assert page.post(address, NEW).status_code == 403, address
    colleague = person("colleague", "Admin")
    allowed = {
        api_key_create(name="everywhere", owner=colleague, scopes=["score"])[0].pk: 403,
        api_key_create(name="shop", owner=colleague, scopes=["score"], sources=[shop])[0].pk: 403,
        api_key_create(name="forum", owner=colleague, scopes=["score"], sources=[forum])[0].pk: 302,
    }
    for pk, status in allowed.items():
        answer = page.post(f"/keys/{pk}/reference/", {"mode": "observe", "service": service.pk})
        assert answer.status_code == status
    assert ApiKey.objects.filter(reference_mode="observe").count() == 1


def test_a_lead_looks_and_a_moderator_does_not(service: ReferenceService) -> None:
    for role, status in (("Lead", 200), ("Moderator", 403), ("Viewer", 403), ("Model admin", 403)):
        client = Client()
        client.force_login(person(role.replace(" ", "-"), role))
        assert client.get("/references/").status_code == status
        assert client.post(f"/references/{service.pk}/switch/", {"enabled": "0"}).status_code == 403


def test_the_dashboard_and_the_doctor_tell_of_what_fails(
    page: Client, admin_person: User, service: ReferenceService
) -> None:
    key, _ = api_key_create(name="the forum", owner=admin_person, scopes=["score"])
    page.post(f"/keys/{key.pk}/reference/", {"mode": "follow", "service": service.pk})
    assert "has been failing" not in text(page.get("/dashboard/"))
    for _ in range(5):
        note(service, Reply("server", "It answered 500."))
    said = "1 key follows it and is answered by this site&#x27;s model."
    shown = text(page.get("/dashboard/"))
    assert "Perspective has been failing since" in shown
    assert said in shown
    assert "the forum" in shown
    assert [finding.state for finding in check_references()] == ["warn"]
    for detail in ("It answered 500.", "No connection: Connection refused"):
        note(service, Reply("connection", detail))
        assert f"{detail.rstrip('.')}. {said}" in text(page.get("/dashboard/"))
    ReferenceService.objects.update(sealed_key=b"of another secret key")
    assert [finding.state for finding in check_references()] == ["fail", "warn"]
    assert GOOD_KEY not in str(list(check_references()))
