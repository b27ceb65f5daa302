"""Versions by language: filled, emptied, rolled back and shadowed one slot at a time, behind the gate and a budget."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.core.errors import GateClosed, NothingToRollBackTo, NotPossibleNow
from classifier.core.validation import InvalidInput
from classifier.model_versions import assembly
from classifier.model_versions.assembly import Assembly, assembly_current, base_of, language_of_source
from classifier.model_versions.language_slots import (
    slot_empty,
    slot_roll_back,
    slot_shadow_start,
    slot_shadow_stop,
    slots_fill,
)
from classifier.model_versions.memory import memory_needed, within_memory
from classifier.model_versions.promotion_gate import GateVerdict, language_gate_register
from classifier.model_versions.services import (
    model_version_activate,
    model_version_before_active,
    model_version_register,
)
from classifier.models import LanguageSlot, ModelVersion, Source, User
from classifier.tests.tiny_artifact import tiny_artifact
from toxicsite.lib.lifecycle import IllegalTransition

pytestmark = pytest.mark.django_db
Pair = tuple[ModelVersion, ModelVersion]
CLOSED = GateVerdict(False, ["It is worse."], {}, "one")


@pytest.fixture(autouse=True)
def no_language_gate() -> Iterator[None]:
    before = language_gate_register(None)
    yield
    language_gate_register(before)
    assembly.forget()


@pytest.fixture
def pair(active_version: ModelVersion, tmp_path: Path) -> Pair:
    """The default in production, which knows English, and a candidate that knows German and Russian."""
    folder = tiny_artifact(
        tmp_path / "many", seed=7, name="many", languages=("de", "ru", "en"), experimental=("el",)
    )
    return active_version, model_version_register(directory=folder)


def judges(language: str) -> ModelVersion | None:
    assembly.forget()
    return assembly_current().version_for(language)


def test_without_a_slot_the_default_judges_everything(pair: Pair) -> None:
    assert assembly_current().versions == [pair[0]]
    assert assembly_current().languages == ["en"]
    assert {judges(language) for language in ("en", "de", "und", "und-Cyrl")} == {pair[0]}


def test_a_filled_slot_judges_its_language_and_what_else_its_version_knows(
    pair: Pair, model_admin: User
) -> None:
    assert slots_fill(languages=["de-AT"], model_version=pair[1], by=model_admin, reason="German") == ["de"]
    assert (judges("de"), judges("ru"), judges("en"), judges("fr"), judges("und")) == (
        *(pair[1], pair[1]),
        *(pair[0], pair[0], pair[0]),
    )
    known = assembly_current()
    assert known.languages == ["en", "de", "ru"]
    assert known.knows("de-CH")
    assert not known.knows("el")
    pair[1].refresh_from_db()
    assert pair[1].status == "candidate"
    event = pair[1].history.get()
    assert (event.language, event.old, event.new, event.actor) == ("de", "candidate", "active", model_admin)
    assert model_version_before_active() is None


def test_an_experimental_language_is_known_once_its_slot_is_filled(pair: Pair) -> None:
    slots_fill(languages=["el"], model_version=pair[1], by=None)
    assert assembly_current().knows("el")


def test_rolling_back_goes_back_one_change_of_that_slot_at_a_time(pair: Pair) -> None:
    slots_fill(languages=["de", "ru"], model_version=pair[1], by=None)
    slots_fill(languages=["de"], model_version=pair[0], by=None)
    assert slot_roll_back(language="de", by=None) == pair[1]
    assert slot_roll_back(language="de", by=None) is None
    assert judges("de") == pair[1], "it has the slot of Russian and knows German"
    with pytest.raises(NothingToRollBackTo, match=r"^Nothing was in production for de before\.$"):
        slot_roll_back(language="de", by=None)
    assert LanguageSlot.objects.get().language == "ru"


def test_an_emptied_slot_can_be_rolled_back_too(pair: Pair) -> None:
    slots_fill(languages=["de"], model_version=pair[1], by=None)
    slot_empty(language="de", by=None, reason="too strict")
    assert not LanguageSlot.objects.exists()
    assert slot_roll_back(language="de", by=None) == pair[1]
    with pytest.raises(IllegalTransition, match=r"^no version is in production for ru$"):
        slot_empty(language="ru", by=None)


def test_the_gate_is_asked_for_each_language_unless_the_version_was_there(pair: Pair) -> None:
    asked: list[Any] = []

    def gate(*args: Any) -> GateVerdict:
        asked.append(args)
        return CLOSED

    language_gate_register(gate)
    with pytest.raises(GateClosed, match="de: It is worse"):
        slots_fill(languages=["de"], model_version=pair[1], by=None)
    assert asked == [(pair[1], "de", pair[0], ["de"])]
    assert not LanguageSlot.objects.exists()
    slots_fill(languages=["de"], model_version=pair[1], by=None, override_reason="nobody else knows it")
    assert pair[1].history.get().gate == {**CLOSED.to_dict(), "overridden": "nobody else knows it"}
    slot_empty(language="de", by=None)
    slots_fill(languages=["de"], model_version=pair[1], by=None)
    assert len(asked) == 2


def test_a_version_shadows_one_language(pair: Pair) -> None:
    slot_shadow_start(language="ru", model_version=pair[1], by=None)
    assert assembly.shadows_of_slots() == {"ru": pair[1].pk}
    assert assembly_current().slots == {}
    slots_fill(languages=["ru"], model_version=pair[1], by=None)
    assert LanguageSlot.objects.get().shadow is None
    with pytest.raises(IllegalTransition, match="its own shadow"):
        slot_shadow_start(language="ru", model_version=pair[1], by=None)
    slot_shadow_start(language="ru", model_version=pair[0], by=None)
    slot_shadow_stop(language="ru", by=None)
    assert LanguageSlot.objects.get().model_version == pair[1]


def test_what_workers_have_no_room_for_is_refused_with_the_numbers(
    pair: Pair, settings: Any, tmp_path: Path
) -> None:
    needed = sum(map(memory_needed, pair))
    settings.MODEL_MEMORY_MIB = needed
    slots_fill(languages=["de"], model_version=pair[1], by=None)
    third = model_version_register(directory=tiny_artifact(tmp_path / "three", seed=3))
    with pytest.raises(NotPossibleNow, match=rf"would need about .* MODEL_MEMORY_MIB allows {needed}"):
        slots_fill(languages=["ru"], model_version=third, by=None)
    settings.MODEL_MEMORY_MIB = needed - 1
    assert within_memory(list(pair)) == [pair[0]]
    with pytest.raises(
        NotPossibleNow, match=r"^The versions in production would need about 2 MiB in each worker"
    ):
        model_version_activate(model_version=third, by=None)
    assert ModelVersion.objects.active() == pair[0]


def test_who_may_not_activate_and_what_is_no_language_is_refused(pair: Pair, moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.activate_modelversion$"):
        slots_fill(languages=["de"], model_version=pair[1], by=moderator)
    for wrong in ("german language", "und", "", None, 7):
        with pytest.raises(
            InvalidInput, match=r"^languages\[1\]: This must be a language tag, such as de or pt-BR\.$"
        ):
            slots_fill(languages=["de", wrong], model_version=pair[1], by=None)  # type: ignore[list-item]
    assert not LanguageSlot.objects.exists()
    assert base_of("pt_br") == "pt"
    assert base_of("hi-Latn") == "hi-Latn"


def test_a_default_that_states_no_language_judges_all_but_the_slots(candidates: Pair, settings: Any) -> None:
    settings.MODEL_LANGUAGES = ()
    both = Assembly(candidates[0], {"de": candidates[1]})
    assert both.languages == []
    assert both.knows("fr")
    assert (both.version_for("de"), both.version_for("fr")) == (candidates[1], candidates[0])


def test_the_language_of_a_source_is_read_with_the_slots(db: None) -> None:
    forum = Source.objects.create(slug="forum", name="Forum", language="de", language_fixed=True)
    assert language_of_source(forum.pk).is_fixed
    assert language_of_source(None).language == ""
    assert json.dumps(vars(language_of_source(forum.pk))) == '{"language": "de", "is_fixed": true}'
