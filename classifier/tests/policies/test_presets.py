"""Policies by preset: the form offers careful, balanced and strict, and everything that reads bands follows them."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from classifier.models import Comment, ModelVersion, Policy, Source, User
from classifier.policies.active_policies import policy_for
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.recommended_actions import of_comment
from classifier.policies.services import policy_save
from classifier.tests.builders import classified_comment
from classifier.tests.policies.posted_bands import posted_bands
from classifier.tests.review.api.conftest import V1, Program, boss, site

__all__ = ["boss", "site"]
pytestmark = pytest.mark.django_db
PAGE = "/policies/of/forum/"
FIELDS: dict[str, Any] = {"seen_version": "0", "fail_mode": "closed", "appeal_days": "14", "reasons": ""}
POINTS = {
    "careful": {"threshold": 0.95, "precision": 0.912, "recall": 0.4},
    "balanced": {"threshold": 0.5, "precision": 0.8, "recall": 0.75},
    "strict": {"threshold": 0.05, "precision": 0.3, "recall": 0.934},
    "rows": 400,
    "positives": 90,
}


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


@pytest.fixture
def version(active_version: ModelVersion) -> ModelVersion:
    """The version in production, with the three thresholds of its main label."""
    active_version.manifest |= {"operating_points": {"toxic": POINTS}}
    active_version.save()
    return active_version


@pytest.fixture
def admin(client: Client, admin_person: User) -> Client:
    client.force_login(admin_person)
    return client


def test_a_label_has_its_three_thresholds_a_number_or_never(
    forum: Source, admin: Client, version: ModelVersion
) -> None:
    page = admin.get(PAGE).content.decode()
    assert "Careful 0.950: precision 91 %, recall 40 %" in strip_tags(page)
    assert "Strict 0.050: precision 30 %, recall 93 %" in strip_tags(page)
    for option in ("Never", "Careful: 0.950", "Balanced: 0.500", "Strict: 0.050", "A number"):
        assert re.search(rf"<option[^>]*>{option}</option>", page)
    assert "This version has no careful and strict thresholds for Severely toxic" in page
    rows = posted_bands(main=("strict", "careful"), insult=("number", ""), threat=("number", "model"))
    rows |= {"bands-1-review-number": "0,25", "bands-2-review-number": ""}
    refused = admin.post(PAGE, {**FIELDS, **rows, "act": "save"})
    assert refused.status_code == 422
    assert refused.content.decode().count("This must be a number from 0 to 1.") >= 1
    rows |= {"bands-2-review-number": "0.3"}
    assert admin.post(PAGE, {**FIELDS, **rows, "act": "save"}).status_code == 302
    assert Policy.objects.get(source=forum).bands == {
        "*": {"review": "strict", "remove": "careful"},
        "insult": {"review": 0.25, "remove": None},
        "threat": {"review": 0.3, "remove": "model"},
    }
    saved = admin.get(PAGE).content.decode()
    assert '<option value="strict" selected>Strict: 0.050</option>' in saved
    assert 'name="bands-0-review-number" value="0.500"' in saved  # where a number would begin


def test_a_preset_fills_the_bands_and_saves_nothing(
    forum: Source, admin: Client, version: ModelVersion
) -> None:
    policy_save(source=forum, bands={"insult": {"review": 0.2}}, by=None)
    page = admin.get(PAGE, {"preset": "strict"}).content.decode()
    assert '<option value="strict" selected>Strict: 0.050</option>' in page
    assert page.count(" selected>Strict") == 1
    assert page.count(" selected>A number") == 0
    assert "nothing to try it on" in page  # the preview is there already
    assert Policy.objects.filter(source=forum).count() == 1
    assert admin.get(PAGE, {"preset": "nonsense"}).status_code == 200


def test_removing_below_a_preset_s_threshold_is_refused(
    forum: Source, admin: Client, version: ModelVersion
) -> None:
    answer = admin.post(PAGE, {**FIELDS, **posted_bands(main=("careful", "0.9")), "act": "save"})
    assert answer.status_code == 422
    assert "Removing begins at 0.9, before review at 0.95" in answer.content.decode()


def test_band_and_action_follow_the_preset_and_the_verdict_stays_the_model_s(
    forum: Source, version: ModelVersion
) -> None:
    test = Source.objects.get_or_create(slug="test", defaults={"name": "Test"})[0]
    policy_save(source=test, bands={"*": {"review": "strict"}}, by=None)
    calm = classified_comment(version, "lovely day")  # 0.1: over strict, below the model's threshold
    assert (calm.band, calm.current_prediction.verdict) == ("review", "non-toxic")  # type: ignore[union-attr]
    assert of_comment(calm).action == "review"
    policy_save(source=test, bands={"*": {"review": "careful"}}, by=None)
    toxic = classified_comment(version, "i hate you")  # 0.9: toxic, below careful
    assert (toxic.band, toxic.current_prediction.verdict) == ("approve", "toxic")  # type: ignore[union-attr]
    assert of_comment(toxic).action == "publish"
    before, after = (Draft({"*": {"review": word}}) for word in ("careful", "strict"))
    preview = policy_preview(source=test, user=None, before=before, after=after)
    assert (preview.before["review"], preview.after["review"]) == (0, 2)
    assert Comment.objects.count() == 2


def test_a_version_without_such_a_threshold_judges_by_its_own(
    forum: Source, version: ModelVersion, candidates: tuple[ModelVersion, ModelVersion]
) -> None:
    policy_save(source=forum, bands={"*": {"review": "careful"}}, by=None)
    policy = policy_for(forum.pk)
    assert policy.judge_for(version).limits[0].review == 0.95
    assert policy.judge_for(candidates[1]).limits[0].review == 0.5


def test_the_api_says_what_the_bands_come_to(version: ModelVersion, boss: Program) -> None:
    bands = {"*": {"review": "strict", "remove": "careful"}, "insult": {"review": "careful", "remove": None}}
    saved = boss.change("put", f"{V1}policies/site/", {"bands": bands}).json()
    assert saved["bands"] == bands
    assert saved["thresholds"] == {
        "toxic": {"review": 0.05, "remove": 0.95},
        "insult": {"review": 0.5, "remove": None},
    }
    assert saved["fallbacks"] == ["insult.review"]
    assert boss.post(f"{V1}policies/site/preview/", {"bands": bands}).json()["fallbacks"] == ["insult.review"]
    versions = boss.get(f"{V1}policies/site/versions/").json()["items"]
    assert [one["fallbacks"] for one in versions] == [["insult.review"], []]
    shadow = boss.change("put", f"{V1}policies/site/shadow/", {"bands": {"*": {"review": "careful"}}})
    assert shadow.json()["bands"] == {"*": {"review": "careful", "remove": None}}
    ModelVersion.objects.update(status="retired", activated_at="2026-11-24T08:00:00Z")
    assert boss.get(f"{V1}policies/site/").json()["thresholds"] is None
