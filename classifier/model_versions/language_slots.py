"""Versions by language: put one into the slot of a language, take it out, go back, shadow it there.

The default slot is that of `classifier.model_versions.services`. Every verb here is about languages of which some other
version may be in charge; with no slot filled the default judges everything.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from classifier.core.errors import GateClosed, NothingToRollBackTo
from classifier.core.events import MODEL_PROMOTED, emit
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.model_versions.assembly import Assembly, base_of, forget
from classifier.model_versions.memory import memory_check
from classifier.model_versions.model_files import files_check
from classifier.model_versions.promotion_gate import language_gate_check
from classifier.models import LanguageSlot, ModelVersion, ModelVersionEvent, ModelVersionStatus, User
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

CLASSIFY_TASK = "classifier.classify"
PERMISSION = "classifier.activate_modelversion"
EMPTIED = "emptied"
"""The status that the history gives to a version that left its slot with no other in its place."""
ROLLED_BACK = "rolled back"
"""The same where that was how the slot had been before."""
SHADOW_STARTED = "Scores live texts silently"
SHADOW_STOPPED = "No longer scores live texts"
LANGUAGES_MAX = 100


def languages_check(values: Iterable[Any], field: str = "languages") -> list[str]:
    """Return the slots of language tags, each once, in their order. Raises InvalidInput."""
    slots: dict[str, None] = {}
    for index, value in enumerate(values):
        try:
            slots[base_of(value)] = None
        except (ValueError, AttributeError, TypeError):
            message = "This must be a language tag, such as de or pt-BR."
            raise InvalidInput([ValidationProblem(f"{field}[{index}]", message, "invalid")]) from None
    if len(slots) > LANGUAGES_MAX:
        raise InvalidInput(
            [ValidationProblem(field, f"At most {LANGUAGES_MAX} languages are allowed.", "max_items")]
        )
    return list(slots)


def slots_fill(
    *,
    languages: Sequence[str],
    model_version: ModelVersion,
    by: User | None,
    reason: str = "",
    override_reason: str = "",
) -> list[str]:
    """Let `model_version` judge the texts of these languages, all or none of them; return the slots that changed.

    It has to pass the gate of each language, unless it was in that slot before, or `override_reason` says why it goes
    there all the same; the history keeps both. Raises InvalidInput, PermissionDenied, GateClosed, NotPossibleNow (no
    room in the workers' memory), IllegalTransition (it has all of these slots), LostRace or ArtifactRejected.
    """
    require_permission(by, PERMISSION)
    wanted = languages_check(languages)
    held = set(LanguageSlot.objects.filter(model_version=model_version).values_list("language", flat=True))
    wanted = [language for language in wanted if language not in held]
    if not wanted:
        raise IllegalTransition(f"{model_version} judges these languages already")
    override = override_reason.strip()
    gates = {language: _gate(model_version, language, override, wanted) for language in wanted}
    files_check(model_version)  # slow, so before the transaction; the worker checks again when it loads
    memory_check(assembly_with(dict.fromkeys(wanted, model_version)).versions)
    try:
        with transaction.atomic():
            rows = {
                row.language: row
                for row in LanguageSlot.objects.select_for_update().filter(language__in=wanted)
            }
            for language in wanted:
                row = rows.get(language) or LanguageSlot(language=language)
                before = row.model_version
                if row.shadow_id == model_version.pk:
                    row.shadow = None
                row.model_version, row.filled_at = model_version, timezone.now()
                row.save()
                if before is not None:
                    _event(before, language, "active", "retired", by, f"replaced by {model_version}")
                old = _status_in(model_version, language)
                _event(model_version, language, old, "active", by, reason or override, gate=gates[language])
            emit(MODEL_PROMOTED, {"model_version": model_version.pk, "before": None, "languages": wanted})
            _changed()
    except IntegrityError as error:
        raise LostRace("a slot of these languages was changed in this moment") from error
    return wanted


def slot_empty(*, language: str, by: User | None, reason: str = "") -> None:
    """Take the version out of the slot of a language: the other versions judge its texts again.

    Raises InvalidInput, PermissionDenied or IllegalTransition (the slot has no version).
    """
    require_permission(by, PERMISSION)
    [slot] = languages_check([language], "language")
    _empty(slot, EMPTIED, by, reason)


def _empty(slot: str, event: str, by: User | None, reason: str) -> None:
    with transaction.atomic():
        row = LanguageSlot.objects.select_for_update().filter(language=slot).first()
        if row is None or row.model_version is None:
            raise IllegalTransition(f"no version is in production for {slot}")
        _event(row.model_version, slot, "active", event, by, reason)
        if row.shadow_id is None:
            row.delete()
        else:
            row.model_version = row.filled_at = None
            row.save()
        _changed()


def slot_roll_back(*, language: str, by: User | None, reason: str = "") -> ModelVersion | None:
    """Go back to what judged the language before: return that version, or None where no slot was filled then.

    Rolling back twice goes back two changes. Raises NothingToRollBackTo and what slots_fill raises.
    """
    require_permission(by, PERMISSION)
    [slot] = languages_check([language], "language")
    changes = _changes(slot)
    if len(changes) < 2:
        raise NothingToRollBackTo(f"Nothing was in production for {slot} before.")
    before = changes[-2]
    if before is None:
        _empty(slot, ROLLED_BACK, by, reason)
        return None
    version = ModelVersion.objects.get(pk=before)
    slots_fill(languages=[slot], model_version=version, by=by, reason=reason or "rolled back")
    return version


def slot_can_roll_back(language: str) -> bool:
    """Tell whether something else was in production for the language before."""
    return len(_changes(language)) > 1


def slot_shadow_start(
    *, language: str, model_version: ModelVersion, by: User | None, reason: str = ""
) -> None:
    """Let `model_version` score the live texts of a language silently, in place of another shadow there.

    Raises InvalidInput, PermissionDenied, IllegalTransition (it judges them, or is their shadow already) or LostRace.
    """
    require_permission(by, PERMISSION)
    [slot] = languages_check([language], "language")
    try:
        with transaction.atomic():
            row = LanguageSlot.objects.select_for_update().filter(language=slot).first()
            row = row or LanguageSlot(language=slot)
            if row.model_version_id == model_version.pk:
                raise IllegalTransition(
                    f"{model_version} is in production for {slot}; it cannot be its own shadow"
                )
            if row.shadow_id == model_version.pk:
                raise IllegalTransition(f"{model_version} scores live texts in {slot} silently already")
            if row.shadow is not None:
                _shadow_event(row.shadow, slot, SHADOW_STOPPED, by, f"replaced by {model_version}")
            row.shadow = model_version
            row.save()
            _shadow_event(model_version, slot, SHADOW_STARTED, by, reason)
            _changed()
    except IntegrityError as error:
        raise LostRace(f"another version became the shadow of {slot} in this moment") from error


def slot_shadow_stop(*, language: str, by: User | None, reason: str = "") -> None:
    """End the shadow of a language; scores so far stay. Raises InvalidInput, PermissionDenied or IllegalTransition."""
    require_permission(by, PERMISSION)
    [slot] = languages_check([language], "language")
    with transaction.atomic():
        row = LanguageSlot.objects.select_for_update().filter(language=slot).first()
        if row is None or row.shadow is None:
            raise IllegalTransition(f"no version scores live texts in {slot} silently")
        _shadow_event(row.shadow, slot, SHADOW_STOPPED, by, reason)
        if row.model_version_id is None:
            row.delete()
        else:
            row.shadow = None
            row.save()
        _changed()


def slots_by_version() -> dict[int, list[str]]:
    """Return the languages of the slots that each version has, by the version's id."""
    by_version: dict[int, list[str]] = {}
    rows = LanguageSlot.objects.filter(model_version__isnull=False).values_list(
        "model_version_id", "language"
    )
    for pk, language in rows.order_by("language"):
        by_version.setdefault(int(pk or 0), []).append(language)
    return by_version


def assembly_with(changed: dict[str, ModelVersion], default: ModelVersion | None = None) -> Assembly:
    """Return what is in production, from the database, as it would be with these slots and this default."""
    rows = LanguageSlot.objects.filter(model_version__isnull=False).select_related("model_version")
    slots = {row.language: row.model_version for row in rows if row.model_version is not None}
    return Assembly(default or ModelVersion.objects.active(), slots | changed)


def _gate(
    candidate: ModelVersion, language: str, override: str, filled: Sequence[str]
) -> dict[str, Any] | None:
    """Return what the history keeps of the gate's verdict. Raises GateClosed where it blocks without override."""
    verdict = language_gate_check(candidate, language, filled)
    if verdict is None:
        return None
    if not verdict.passed and not override:
        raise GateClosed(candidate, [f"{language}: {reason}" for reason in verdict.reasons])
    kept = verdict.to_dict()
    return kept if verdict.passed else {**kept, "overridden": override}


def _changes(language: str) -> list[int | None]:
    """Return what was in the slot, one after the other, without what was rolled back; None is an empty slot."""
    stack: list[int | None] = [None]
    kinds = [ModelVersionStatus.ACTIVE, EMPTIED, ROLLED_BACK]
    events = ModelVersionEvent.objects.filter(language=language, new__in=kinds).exclude(old=F("new"))
    for version_id, new in events.order_by("id").values_list("model_version_id", "new"):
        if new == EMPTIED:
            stack.append(None)
        elif new == ROLLED_BACK or (len(stack) > 1 and stack[-2] == version_id):
            stack.pop()
        else:
            stack.append(version_id)
    return stack


def _status_in(version: ModelVersion, language: str) -> str:
    """Return what the version was to the slot before: retired where it was in it, else a candidate."""
    was = version.history.filter(language=language, new=ModelVersionStatus.ACTIVE).exists()
    return ModelVersionStatus.RETIRED if was else ModelVersionStatus.CANDIDATE


def _event(
    version: ModelVersion,
    language: str,
    old: str,
    new: str,
    by: User | None,
    reason: str,
    gate: dict[str, Any] | None = None,
) -> None:
    ModelVersionEvent.objects.create(
        model_version=version, language=language, old=old, new=new, actor=by, reason=reason, gate=gate
    )


def _shadow_event(version: ModelVersion, language: str, event: str, by: User | None, reason: str) -> None:
    text = f"{event} in {language}"
    _event(version, language, version.status, version.status, by, f"{text}: {reason}" if reason else text)


def _changed() -> None:
    """Let this process and the workers follow once the change is committed."""
    forget()
    transaction.on_commit(forget)
    enqueue_on_commit(CLASSIFY_TASK)
