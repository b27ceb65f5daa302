"""The form of a policy holds up: its rows name their labels, mistakes are told with their place, versions go on."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.models import Comment, ModelVersion, Policy, Source, User
from classifier.policies.services import policy_save
from classifier.tests.builders import classified_comment
from classifier.tests.policies.posted_bands import posted_bands

pytestmark = pytest.mark.django_db
PAGE = "/policies/of/forum/"
FIELDS: dict[str, Any] = {
    "seen_version": "0",
    "fail_mode": "closed",
    "appeal_days": "14",
    "reasons": "insult: Insults somebody",
}


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


@pytest.fixture
def boss(client: Client, admin_person: User) -> Client:
    client.force_login(admin_person)
    return client


def saved(boss: Client, **fields: Any) -> Any:
    return boss.post(PAGE, {**FIELDS, "act": "save", **fields})


def test_thresholds_stay_with_their_labels_when_others_come_before_them(
    forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    page = boss.get(PAGE).content.decode()
    assert '<input type="hidden" name="bands-1-label" value="toxic" id="id_bands-1-label">' in page
    labels = ["spam", *active_version.labels]
    ModelVersion.objects.filter(pk=active_version.pk).update(
        labels=labels, thresholds=dict.fromkeys(labels, 0.5)
    )
    answer = saved(boss, **posted_bands(main=("", ""), toxic=("0.3", "0.9")))
    assert answer.status_code == 302
    assert Policy.objects.get(source=forum).bands == {"toxic": {"review": 0.3, "remove": 0.9}}


def test_a_label_that_has_gone_meanwhile_is_kept(
    forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    assert saved(boss, **posted_bands(main=("", ""), elsewhere=("0.4", ""))).status_code == 302
    assert Policy.objects.get(source=forum).bands == {"elsewhere": {"review": 0.4, "remove": None}}


def test_a_label_that_cannot_be_stored_is_refused(forum: Source, boss: Client) -> None:
    answer = saved(boss, **posted_bands(**{"main": ("", ""), "a\x00b": ("0.4", "")}))
    assert answer.status_code == 422
    assert "Null characters are not allowed." in answer.content.decode()


def test_the_word_model_may_be_written_large(
    forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    assert saved(boss, **posted_bands(main=("Model", ""))).status_code == 302
    assert Policy.objects.get(source=forum).bands == {"*": {"review": "model", "remove": None}}


@pytest.mark.parametrize(
    ("label", "review", "remove"),
    [("*", "model", "0.4"), ("toxic", "model", "0.4"), ("toxic", "0.6", "model")],
)
def test_removing_may_not_begin_below_the_models_own_threshold_for_review(
    label: str, review: str, remove: str, forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    answer = saved(boss, **posted_bands(**{label: (review, remove)}))
    assert answer.status_code == 422
    assert "own threshold is 0.5" in answer.content.decode()
    assert not Policy.objects.filter(source=forum).exists()


def test_each_mistake_stands_beside_its_field_and_nothing_that_was_written_is_lost(
    forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    rows = posted_bands(main=("much", ""), toxic=("0.3", "7"))
    page = saved(boss, **rows, appeal_days="soon", fail_mode="ajar", note="Stricter")
    assert page.status_code == 422
    html = page.content.decode()
    for name in ("bands-0-review", "bands-1-remove", "appeal_days", "fail_mode"):
        assert re.search(f'aria-describedby="[^"]*id_{name}_error"', html)
        assert f'id="id_{name}_error"' in html
    for written in ('value="much"', 'value="7"', 'value="soon"', 'value="Stricter"'):
        assert written in html
    assert html.count("main label: This must be a number from 0 to 1.") == 1  # in place of the preview
    assert not Policy.objects.filter(source=forum).exists()


def test_a_form_without_its_rows_is_refused(forum: Source, boss: Client) -> None:
    assert saved(boss).status_code == 422
    assert not Policy.objects.filter(source=forum).exists()


def test_a_wrong_reason_is_told_with_its_line(forum: Source, boss: Client) -> None:
    answer = saved(
        boss, **posted_bands(main=("0.5", "")), reasons="insult: Insults\n\nis bad: No code\nhate: Hate"
    )
    assert answer.status_code == 422
    assert "“is bad: No code”: A code has 1 to 64 letters" in answer.content.decode()


def test_every_version_is_reached_and_tells_what_it_changed(forum: Source, boss: Client) -> None:
    for days in range(1, 54):
        policy_save(source=forum, bands={"toxic": {"review": 0.5}}, appeal_days=days, by=None)
    page = boss.get(PAGE).content.decode()
    assert "<b>Version 53</b>" in page
    assert "days to appeal: 3 → 4" in page
    assert "<b>Version 3</b>" not in page
    assert 'href="?older_than=4#versions-title"' in page
    older = boss.get(PAGE, {"older_than": "4"}).content.decode()
    assert "<b>Version 3</b>" in older
    assert "days to appeal: 1 → 2" in older
    assert "in force</span>" not in older
    assert older.count(">Restore</button>") == 3


def test_restoring_does_not_overwrite_what_somebody_saved_meanwhile(forum: Source, boss: Client) -> None:
    for days in (1, 2, 3):
        policy_save(source=forum, bands={"toxic": {"review": 0.5}}, appeal_days=days, by=None)
    asked = {"version": "1", "seen_version": "2"}
    page = boss.post(f"{PAGE}restore/", asked, follow=True).content.decode()
    assert "Version 3 was saved in the meantime" in page
    assert Policy.objects.filter(source=forum).count() == 3
    boss.post(f"{PAGE}restore/", {**asked, "seen_version": "3"})
    assert Policy.objects.filter(source=forum).first().appeal_days == 1  # type: ignore[union-attr]


def test_a_comment_without_its_text_is_named_in_the_preview(
    boss: Client, active_version: ModelVersion
) -> None:
    comment = classified_comment(active_version)
    Comment.objects.filter(pk=comment.pk).update(text="", text_purged_at=timezone.now())
    preview = {**FIELDS, "act": "preview", **posted_bands(toxic=("0.95", ""))}
    page = boss.post("/policies/of/test/", preview).content.decode()
    assert f"Comment {comment.pk}: the text was purged" in page
    assert "of the last 1 comment:" in page


@pytest.mark.parametrize("target", ["abc", "0", "-5", "101", "nan", ""])
def test_a_target_that_is_no_percentage_is_told(
    target: str, forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    asked = {"label": "toxic", "goal": "precision", "target": target}
    page = boss.get(PAGE, asked).content.decode()
    assert "This must be a number above 0, up to 100." in page
    assert "decisions about this label" not in page


def test_a_target_may_be_written_as_people_do(
    forum: Source, boss: Client, active_version: ModelVersion
) -> None:
    for target in ("90", "90 %", "90,5"):
        page = boss.get(PAGE, {"label": "toxic", "goal": "precision", "target": target}).content.decode()
        assert "0 decisions about this label" in page


def test_the_form_says_how_texts_are_read_and_versions_tell_what_changed(forum: Source, boss: Client) -> None:
    rows = posted_bands(main=("0.5", ""))
    assert saved(boss, **rows).status_code == 302
    read = {"text_format": "html", "leave_out": ["addresses", "quotes"], "seen_version": "1"}
    assert saved(boss, **rows, **read).status_code == 302
    policy = Policy.objects.filter(source=forum).first()
    assert policy is not None
    assert (policy.text_format, policy.leave_out) == ("html", ["quotes", "addresses"])
    page = boss.get(PAGE).content.decode()
    assert "format of texts: text → html" in page
    assert "left out of rules and scores: nothing → quotes, addresses" in page
    assert re.search(r'value="quotes"[^>]* checked', page)
    assert not re.search(r'value="code"[^>]* checked', page)
    assert saved(boss, **rows, text_format="rst").status_code == 422
