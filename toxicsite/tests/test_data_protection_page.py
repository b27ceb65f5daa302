"""The page for the data protection officer names every stored field that can hold words or names."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from toxicsite.launcher.environment import PROJECT

PAGE = PROJECT / "docs/operate/data-protection.md"
HOLDS_WORDS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, ArrayField)

# Models in which nobody writes about a person, with the reason.
NOT_PERSONAL = {
    "ContentType": "names of tables",
    "Group": "the roles",
    "Permission": "what roles may do",
    "ApiKeyUsage": "counts by key and day",
    "BackupRecord": "the folder of a backup",
    "LanguageSlot": "codes of languages",
    "MetricPoint": "names of curves of a run",
    "ModelVersion": "labels, thresholds and measurements of a version",
    "NoticeAlert": "what lasts, such as the age of a queue",
    "RuleShadowHit": "a comment and a rule",
    "ShadowJudgement": "a prediction and a draft",
    "Source": "names of the operator's sites",
    "WebhookDelivery": "an event, a webhook and times",
}
# Fields of models that are on the page, which hold codes, digests of files or names of machines.
CODES = {
    "Comment": {"band", "text_format"},
    "CommentEvent": {"old", "new"},
    "Dataset": {"labels", "fingerprints", "license_name"},
    "Evaluation": {"baseline", "fingerprint", "trained_on"},
    "Experiment": {"trigger", "language", "worker", "device", "directory"},
    "ExperimentEvent": {"old", "new"},
    "ModelVersionEvent": {"old", "new", "language"},
    "NoticeChannel": {"notices"},
    "NoticeDelivery": {"claimed_by"},
    "NoticePreference": {"kinds"},
    "RetrainingPlan": {"recipe"},
    "ShadowPolicyEvent": {"old", "new"},
    "Sweep": {"space", "objectives", "sampler", "pruner", "study_name"},
    "SweepEvent": {"old", "new"},
    "TestSuite": {"label", "groups", "fingerprint"},
    "Webhook": {"events"},
}


def personal(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Return whether a field may hold words, or says who did something."""
    if field.is_relation:
        return field.related_model is apps.get_model(settings.AUTH_USER_MODEL)
    named = re.search(r"author|reporter|text_hash", field.name)
    return bool(named) or (isinstance(field, HOLDS_WORDS) and not getattr(field, "choices", None))


def stored() -> dict[str, set[str]]:
    """Return the fields of each model that the page has to name."""
    found = {
        model.__name__: {field.name for field in model._meta.local_fields if personal(field)}
        for model in apps.get_models()
        if model.__name__ not in NOT_PERSONAL
    }
    return {name: fields - CODES.get(name, set()) for name, fields in found.items() if fields}


def on_the_page(page: Path = PAGE) -> dict[str, set[str]]:
    """Return the fields that the table of the database names, by model."""
    rows = re.findall(r"^\| `([A-Z]\w+)` \| (.+?) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}


def test_every_field_with_words_or_names_is_on_the_page() -> None:
    page = on_the_page()
    missing = {name: fields - page.get(name, set()) for name, fields in stored().items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}


def test_the_page_names_no_field_that_is_gone() -> None:
    fields = {
        model.__name__: {field.name for field in model._meta.local_fields} for model in apps.get_models()
    }
    assert {name: known - fields.get(name, set()) for name, known in on_the_page().items()} == {
        name: set() for name in on_the_page()
    }


def test_what_is_explained_elsewhere_exists() -> None:
    fields = {
        model.__name__: {field.name for field in model._meta.local_fields} for model in apps.get_models()
    }
    assert set(NOT_PERSONAL) <= set(fields)
    assert [name for name, codes in CODES.items() if not codes <= fields[name]] == []


@pytest.mark.parametrize("name", ["Comment", "Suggestion", "ReferenceCall", "CommentContext", "Appeal"])
def test_the_check_looks_at_the_models_with_texts(name: str) -> None:
    assert stored()[name], "the check of fields looks at nothing"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("REFERENCE_KEEP_DAYS", "180 days"),
        ("WEBHOOK_LOG_DAYS", "30 days"),
        ("TRANSFER_KEEP_HOURS", "72 hours"),
        ("SCORE_JOB_SECONDS", "10 minutes"),
        ("REFERENCE_QUEUE_SECONDS", "10 minutes"),
    ],
)
def test_the_times_on_the_page_are_the_defaults(setting: str, told: str) -> None:
    assert f"`{setting}` ({told})" in PAGE.read_text(encoding="utf-8")
    number, unit = told.split()
    seconds = {"days": 86_400, "hours": 3_600, "minutes": 60}[unit] * float(number)
    of_setting = {"DAYS": 86_400, "HOURS": 3_600, "SECONDS": 1}[setting.rsplit("_", 1)[1]]
    assert getattr(settings, setting) * of_setting == seconds
