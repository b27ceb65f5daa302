"""The gate looks at every language that changes hands with a promotion, and refuses where one of them falls."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client

from classifier.core.errors import GateClosed
from classifier.model_versions.language_slots import slots_fill
from classifier.model_versions.promotion_gate import (
    gate_check,
    gate_register,
    language_gate_check,
    language_gate_register,
)
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import LanguageSlot, ModelVersion, ModelVersionEvent, User
from classifier.tests.tiny_artifact import tiny_artifact
from training.promotion.gate import quality_gate
from training.promotion.language_gate import language_gate
from training.tests.cli.conftest import run, run_json
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db
Make = Callable[..., ModelVersion]


@pytest.fixture
def make(pair: Pair, tmp_path: Path, settings: Any) -> Make:
    """Register a version with these languages; `manifest` lays fields over what is stored of its manifest."""
    settings.GATE_MAX_ROC_AUC_LOSS = 0.005
    gate_register(quality_gate)
    language_gate_register(language_gate)

    def made(name: str, seed: int, languages: tuple[str, ...], **manifest: Any) -> ModelVersion:
        experimental = manifest.pop("experimental", ())
        folder = tiny_artifact(
            tmp_path / name, seed=seed, name=name, languages=languages, experimental=experimental
        )
        version = model_version_register(directory=folder)
        if manifest:
            version.manifest = {**version.manifest, **manifest}
            version.save()
        return version

    return made


def slices(**areas: float) -> list[dict[str, Any]]:
    about = {"kind": "language", "small": False, "rows": 500}
    return [{**about, "name": name, "roc_auc": area} for name, area in areas.items()]


def with_slices(measure: Measure, version: ModelVersion, **areas: float) -> None:
    row = measure(version)
    row.report = {**row.report, "slices": slices(**areas)}
    row.save()


def put(version: ModelVersion, *languages: str) -> None:
    slots_fill(languages=languages, model_version=version, by=None, override_reason="set up")


def test_a_language_beside_the_slot_that_falls_closes_the_gate(make: Make, measure: Measure) -> None:
    """`old` sits in one slot and is the only one that knows Portuguese: both languages change hands."""
    old, new = make("old", 11, ("de", "pt")), make("new", 12, ("de", "pt"))
    put(old, "de")
    with_slices(measure, old, de=0.80, pt=0.85)
    with_slices(measure, new, de=0.88, pt=0.70)
    verdict = language_gate_check(new, "de")
    assert verdict is not None
    assert not verdict.passed
    assert verdict.brief == "falls in pt"
    [reason] = verdict.reasons
    assert (
        f"In pt its ROC-AUC is 0.7000, that of {old}, which judges it now, 0.8500, on the test rows" in reason
    )
    assert verdict.numbers["languages"]["pt"] == {
        "judge": old.version,
        "candidate": 0.70,
        "active": 0.85,
        "allowed_loss": 0.005,
        "measured_on": "the test rows",
        "rows": 500,
    }
    with pytest.raises(
        GateClosed, match=r"^The quality gate keeps new-\w{8} out of production\. de: In pt its"
    ) as caught:
        slots_fill(languages=["de"], model_version=new, by=None)
    assert str(caught.value).count("In pt") == 1
    assert LanguageSlot.objects.get(language="de").model_version == old
    slots_fill(languages=["de"], model_version=new, by=None, override_reason="German matters more")
    event = ModelVersionEvent.objects.filter(model_version=new, language="de").latest("id")
    assert event.gate["overridden"] == "German matters more"
    assert event.gate["numbers"]["languages"]["pt"]["candidate"] == 0.70


def test_a_language_that_stays_with_its_slot_is_not_looked_at(make: Make, measure: Measure) -> None:
    old, new = make("old", 11, ("de", "pt")), make("new", 12, ("de", "pt"))
    put(old, "de", "pt")
    with_slices(measure, old, de=0.80, pt=0.85)
    with_slices(measure, new, de=0.88, pt=0.70)
    verdict = language_gate_check(new, "de")
    assert verdict is not None
    assert verdict.passed
    assert "languages" not in verdict.numbers
    both = language_gate_check(new, "pt", ["de", "pt"])
    assert both is not None
    assert not both.passed  # by its own comparison, once


def test_a_language_that_the_candidate_does_not_name_would_be_lost(make: Make) -> None:
    old, new = make("old", 11, ("de", "pt")), make("new", 12, ("de",))
    put(old, "de")
    verdict = language_gate_check(new, "de")
    assert verdict is not None
    [reason] = verdict.reasons
    default = ModelVersion.objects.active()
    assert (
        reason
        == f"{default} would judge the texts in pt that {old} judges now, and does not name this language."
    )


def test_without_test_rows_the_change_that_the_manifest_states_counts(make: Make) -> None:
    old = make("old", 11, ("de", "pt"))
    put(old, "de")
    change = {
        "de": {"rows": 300, "before": 0.8, "after": 0.9},
        "pt": {"rows": 200, "before": 0.9, "after": 0.89},
    }
    fallen = make(
        "new", 12, ("de", "pt"), language_change={"start": old.version, "added": "de", "languages": change}
    )
    verdict = language_gate_check(fallen, "de")
    assert verdict is not None
    assert "In pt its ROC-AUC is 0.8900" in verdict.reasons[0]
    assert "on the rows of its training" in verdict.reasons[0]
    other = make(
        "other",
        13,
        ("de", "pt"),
        language_change={"start": "another-version", "added": "de", "languages": change},
    )
    unknown = language_gate_check(other, "de")
    assert unknown is not None
    assert unknown.passed
    assert "compare both versions in pt" in " ".join(unknown.unchecked)


def test_sets_of_one_name_and_size_in_both_manifests_count_last(make: Make) -> None:
    def of(area: float, rows: int = 400) -> dict[str, Any]:
        return {
            "pt": {"sets": {"olid": {"rows": rows, "roc_auc": area}, "own": {"rows": 90, "roc_auc": None}}}
        }

    old = make("old", 11, ("de", "pt"))
    put(old, "de")
    ModelVersion.objects.filter(pk=old.pk).update(
        manifest={**old.manifest, "measured_languages": of(0.86)}
    )  # its files stay as they are
    fallen = language_gate_check(make("new", 12, ("de", "pt"), measured_languages=of(0.8)), "de")
    assert fallen is not None
    assert "0.8600, on the sets of both manifests" in fallen.reasons[0]
    other_rows = language_gate_check(make("next", 13, ("de", "pt"), measured_languages=of(0.8, 401)), "de")
    assert other_rows is not None
    assert other_rows.passed


def test_the_default_is_compared_in_the_languages_that_it_judges_and_no_slot_has(
    make: Make, measure: Measure
) -> None:
    old, slot = make("old", 11, ("en", "pt", "de")), make("slot", 14, ("de",))
    model_version_activate(model_version=old, by=None, override_reason="set up")
    put(slot, "de")
    new = make("new", 12, ("en", "pt", "de"))
    with_slices(measure, old, en=0.9, pt=0.85, de=0.85)
    with_slices(measure, new, en=0.9, pt=0.70, de=0.10)
    verdict = gate_check(new)
    assert verdict is not None
    assert [reason for reason in verdict.reasons if reason.startswith("In ")] == [
        f"In pt its ROC-AUC is 0.7000, that of {old}, which judges it now, 0.8500, on the test rows; at most 0.005 "
        "below is allowed."
    ]
    assert set(verdict.numbers["languages"]) == {"en", "pt"}
    assert "In en it is at most 0.005 below" in " ".join(verdict.satisfied)


def test_page_api_and_command_show_the_gate_of_a_slot(
    make: Make, measure: Measure, as_model_admin: Client, model_admin: User
) -> None:
    old, new = make("old", 11, ("de", "pt")), make("new", 12, ("de", "pt"), experimental=("el",))
    put(old, "de")
    with_slices(measure, old, de=0.80, pt=0.85)
    with_slices(measure, new, de=0.88, pt=0.70)
    page = as_model_admin.get(f"/training/versions/{new.pk}/?language=de").content.decode()
    for words in ("Gate of the slot of German", "In pt its ROC-AUC is 0.7000", "falls", "Portuguese"):
        assert words in page
    assert (
        "Gate of the slot of German"
        not in as_model_admin.get(f"/training/versions/{new.pk}/").content.decode()
    )
    assert (
        "judges texts in German already"
        in as_model_admin.get(f"/training/versions/{old.pk}/?language=de").content.decode()
    )
    answer = as_model_admin.get(f"/api/v1/model-versions/{new.pk}/?language=de").json()
    assert answer["gate"]["passed"] is False
    assert answer["gate"]["numbers"]["languages"]["pt"]["active"] == 0.85
    assert as_model_admin.get(f"/api/v1/model-versions/{new.pk}/?language=??").status_code == 400
    shown = run_json("model", "show", new.version, "--language", "de")
    assert shown["gate"]["numbers"]["languages"]["pt"]["candidate"] == 0.70
    with pytest.raises(CommandError, match="In pt its ROC-AUC"):
        run("model", "activate", new.version, "--languages", "de")
