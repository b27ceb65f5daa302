"""What is in production: a default version, and versions by language, which together are the assembly.

Slots and the languages of sources are cached in the process for POLICY_CACHE_SECONDS, so that a site without them pays
one small statement each time that they are read again.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from classifier.inference.language import UNDETERMINED, base_language, normal_tag, supports
from classifier.models import ModelVersion

DEFAULT = ""
"""The slot of the default version."""
COLUMNS = ("version", "labels", "thresholds", "primary_label", "manifest", "directory")
SLOTS = """
SELECT language, model_version_id, shadow_id, NULL::boolean FROM classifier_languageslot
UNION ALL
SELECT language, id, NULL, language_fixed FROM classifier_source WHERE language <> ''
UNION ALL
SELECT '', id, NULL, NULL FROM classifier_modelversion WHERE status = 'active'
"""


@dataclass(frozen=True)
class SourceLanguage:
    """The language that an operator has set for a source; `is_fixed`: every comment is in it."""

    language: str
    is_fixed: bool


NO_LANGUAGE = SourceLanguage("", False)


@dataclass(frozen=True)
class Assembly:
    """The versions in production: `default`, and `slots` by language. Without slots it is the default alone."""

    default: ModelVersion | None
    slots: Mapping[str, ModelVersion] = field(default_factory=dict)

    @property
    def versions(self) -> list[ModelVersion]:
        """Each version once, the default first and then by language."""
        rows = [self.default, *(self.slots[language] for language in sorted(self.slots))]
        return list({row.pk: row for row in rows if row is not None}.values())

    @property
    def languages(self) -> list[str]:
        """The languages that some version here knows, those of the default first; empty: texts in any are judged."""
        own = self.default.languages if self.default is not None else list(settings.MODEL_LANGUAGES)
        if not own:
            return []
        others = [tag for version in self.slots.values() for tag in version.languages]
        known = {base_language(tag): None for tag in own}
        added = sorted({base_language(tag) for tag in (*self.slots, *others)} - set(known))
        return [*own, *added]

    def knows(self, language: str) -> bool:
        """Tell whether a version here judges texts in `language`; undetermined ones are always judged."""
        return supports(self.languages, language)

    def version_for(self, language: str) -> ModelVersion | None:
        """Return the version that judges texts in `language`: that of its slot, else one that knows it.

        The default judges undetermined texts, and those that nobody knows.
        """
        base = base_language(language)
        if base in self.slots:
            return self.slots[base]
        if self.default is not None and supports(self.default.languages, language):
            return self.default
        knowing = (
            self.slots[slot]
            for slot in sorted(self.slots)
            if language != UNDETERMINED
            and self.slots[slot].languages
            and supports(self.slots[slot].languages, language)
        )
        return next(knowing, self.default)

    def known_with(self, language: str) -> list[str]:
        """Return the languages, of those that are known, that the version which judges `language` judges too."""
        version = self.version_for(language)
        return [tag for tag in self.languages if self.version_for(tag) == version]


@dataclass
class Snapshot:
    """The default version's id, slots, shadows by language, languages of sources; and when to read them again."""

    default_id: int | None = None
    slots: dict[str, ModelVersion] = field(default_factory=dict)
    shadows: dict[str, int] = field(default_factory=dict)
    sources: dict[int, SourceLanguage] = field(default_factory=dict)
    look_at: float = 0.0


_lock = threading.Lock()
_snapshot = Snapshot()


def default_id_now() -> int | None:
    """Read everything afresh, in one statement, and return the id of the default version."""
    with _lock:
        return _read().default_id


def slots_in_production() -> Mapping[str, ModelVersion]:
    """Return the filled slots by language; at most POLICY_CACHE_SECONDS old."""
    return _current().slots


def shadows_of_slots() -> Mapping[str, int]:
    """Return the ids of the versions in shadow mode by language, as fresh as the slots."""
    return _current().shadows


def language_of_source(source_id: int | None) -> SourceLanguage:
    """Return the language that is set for a source, as fresh as the slots."""
    return _current().sources.get(source_id, NO_LANGUAGE) if source_id is not None else NO_LANGUAGE


def assembly_of(default: ModelVersion | None) -> Assembly:
    """Return the assembly with this default version."""
    return Assembly(default, slots_in_production())


def assembly_current() -> Assembly:
    """Return what is in production now, without the columns that only a version's own page shows."""
    return assembly_of(ModelVersion.objects.only(*COLUMNS).active())


def languages_in_words(languages: Iterable[str]) -> str:
    """List language tags for a sentence."""
    return ", ".join(languages) or "none"


def base_of(value: str) -> str:
    """Return the slot of a language tag: `pt` of `pt-BR`. Raises ValueError for what is no language."""
    base = base_language(normal_tag(value))
    if base.startswith(UNDETERMINED):
        raise ValueError(value)
    return base


def forget() -> None:
    """Drop the cache, so that the next call reads everything; called after every change."""
    global _snapshot
    _snapshot = Snapshot()


def _current() -> Snapshot:
    snapshot = _snapshot
    if time.monotonic() < snapshot.look_at:
        return snapshot
    with _lock:
        return _snapshot if time.monotonic() < _snapshot.look_at else _read()


def _read() -> Snapshot:
    global _snapshot
    with connection.cursor() as cursor:
        cursor.execute(SLOTS)
        rows = cursor.fetchall()
    filled = {language: pk for language, pk, _, fixed in rows if fixed is None and pk is not None}
    default_id = filled.pop(DEFAULT, None)
    versions = {}
    if filled:
        versions = ModelVersion.objects.only(*COLUMNS).in_bulk(set(filled.values()))
    _snapshot = Snapshot(
        default_id=default_id,
        slots={language: versions[pk] for language, pk in sorted(filled.items()) if pk in versions},
        shadows={language: shadow for language, _, shadow, _ in rows if shadow is not None},
        sources={pk: SourceLanguage(language, fixed) for language, pk, _, fixed in rows if fixed is not None},
        look_at=time.monotonic() + settings.POLICY_CACHE_SECONDS,
    )
    return _snapshot
