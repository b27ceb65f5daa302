"""A policy may draw its thresholds by language; texts in other languages have those of all."""

from typing import Any

import pytest
from django.test import Client

from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.dialects.scoring import moderated
from classifier.inference.language import Identified
from classifier.models import Comment, ModelVersion, Policy, User
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.services import policy_for, policy_restore, policy_save
from classifier.policies.versions import policy_changes
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.policies.posted_bands import posted_bands

pytestmark = pytest.mark.django_db
ALL = {"*": {"review": 0.5, "remove": None}}
GERMAN = {"de": {"*": {"review": 0.95, "remove": None}}}


def saved(**fields: Any) -> Policy:
    return policy_save(source=None, bands=ALL, **fields, by=None)


def test_a_comment_is_judged_by_the_thresholds_of_its_language(active_version: ModelVersion) -> None:
    saved(language_bands={"de-AT": GERMAN["de"]}, unknown_language="judge")
    for language in ("de", "en", ""):
        comment_submit(text="hate", source="test", language=language)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    assert list(Comment.objects.order_by("id").values_list("band", flat=True)) == [
        "approve",
        "review",
        "review",
    ]


def test_a_dialect_lifts_to_the_threshold_of_the_language(active_version: ModelVersion) -> None:
    saved(language_bands={"de": {"*": {"review": 0.3, "remove": None}}})
    texts = [("bad", {"toxic": 0.4}, active_version)]
    [german] = moderated(texts, source_id=None, lifts=True, languages=[Identified("de", True)])
    [other] = moderated(texts, source_id=None, lifts=True)
    assert (german.action, other.action) == ("review", "approve")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ([], "language_bands"),
        ({"german!": ALL}, "language_bands.german!"),
        ({"und": ALL}, "language_bands.und"),
        ({"de": ALL, "de-AT": ALL}, "language_bands.de-AT"),
        ({"de": {"toxic": {"review": 2}}}, "language_bands.de.toxic.review"),
        ({"de": {}}, "language_bands.de"),
    ],
)
def test_what_is_wrong_is_named(wrong: Any, field: str) -> None:
    with pytest.raises(InvalidInput, match=r"^language_bands[\w.\[\]!-]*: ") as caught:
        saved(language_bands=wrong)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_versions_say_what_changed_and_bring_it_back(active_version: ModelVersion) -> None:
    first, second = saved(language_bands=GERMAN), saved()
    [change] = policy_changes(first, second)
    assert (change.field, change.before, change.after) == ("language_bands.de.*.review", 0.95, None)
    assert policy_restore(policy=first, by=None).language_bands == first.language_bands
    assert policy_for(None).language_bands["de"]["*"]["review"] == 0.95


def test_a_preview_counts_with_both(active_version: ModelVersion, admin_person: User) -> None:
    comment_submit(text="hate", source="test", language="en")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    before, after = Draft(ALL), Draft(ALL, language_bands={"en": GERMAN["de"]})
    preview = policy_preview(source=None, user=admin_person, before=before, after=after)
    assert (preview.before["review"], preview.after["approve"], preview.changed) == (1, 1, 1)


def test_the_page_reads_and_shows_lines(
    active_version: ModelVersion, admin_person: User, client: Client
) -> None:
    client.force_login(admin_person)
    saved(language_bands=GERMAN)
    address = "/policies/site/"
    page = client.get(address).content.decode()
    assert "de * 0.95 never" in page
    body = {
        **posted_bands(main=("0.5", "")),
        "act": "save",
        "seen_version": policy_for(None).version,
        "fail_mode": "closed",
        "appeal_days": "14",
    }
    wrong = client.post(address, {**body, "language_bands": "de * 0,7"})
    assert (
        wrong.status_code,
        "must be a language, a label and two thresholds" in wrong.content.decode(),
    ) == (422, True)
    wrong = client.post(address, {**body, "language_bands": "de * 0.7 often"})
    assert "“often” must be a number" in wrong.content.decode()
    below = client.post(address, {**body, "language_bands": "ru toxic careful strict"})
    assert (
        "ru.toxic.remove: “strict” is below".replace("“", "&quot;").replace("”", "&quot;")
        in below.content.decode()
    )
    assert client.post(address, {**body, "language_bands": "de * 0,7 0.9"}).status_code == 302
    assert policy_for(None).language_bands == {"de": {"*": {"review": 0.7, "remove": 0.9}}}
