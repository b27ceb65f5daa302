"""The admin's one exception to the content policy is the admin's alone."""

import pytest
from django.test import Client

from classifier.core.audit import audit_record
from classifier.models import User

pytestmark = pytest.mark.django_db


def policy(client: Client, path: str) -> dict[str, str]:
    header = client.get(path).headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())


def test_the_admin_may_evaluate_but_never_run_inline_code(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    for path in ("/admin/", "/admin/classifier/comment/", "/admin/classifier/user/"):
        directives = policy(client, path)
        assert directives["script-src"] == "'self' 'unsafe-eval'"
        assert directives["style-src"] == "'self'"
        assert "unsafe-inline" not in str(directives)


def test_every_other_page_keeps_the_strict_policy(client: Client, admin_person: User) -> None:
    assert policy(client, "/sign-in/")["script-src"] == "'self'"
    client.force_login(admin_person)
    for path in ("/", "/comments/", "/nowhere/"):
        directives = policy(client, path)
        assert directives["script-src"] == "'self'"
        assert "unsafe" not in str(directives)


def test_no_admin_page_holds_an_inline_style_or_script(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    for kind in ("comment", "user", "apikey", "modelversion", "prediction", "commentevent", "source"):
        html = client.get(f"/admin/classifier/{kind}/").content.decode()
        assert "<style" not in html
        assert "<script>" not in html
        assert ' style="' not in html


def test_a_row_with_json_is_shown_indented_and_without_an_inline_style(
    client: Client, admin_person: User
) -> None:
    entry = audit_record(
        verb="policy.save", by=admin_person, subject="site", data={"days": 14, "note": "<b>Stricter"}
    )
    client.force_login(admin_person)
    html = client.get(f"/admin/classifier/auditentry/{entry.pk}/change/").content.decode()
    assert "&quot;days&quot;: 14,\n" in html
    assert "&lt;b&gt;Stricter" in html
    assert ' style="' not in html
