"""Which version judges a text: by the language that its sender states, that of its source, or the one identified."""

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.inference.language import (
    UNDETERMINED,
    Identified,
    identify,
    identify_parts,
    normal_tag,
)
from classifier.model_versions.assembly import NO_LANGUAGE, Assembly, SourceLanguage
from classifier.models import ModelVersion


@dataclass(frozen=True, slots=True)
class Route:
    """A language that a text counts as, whether some version knows it, and the version that judges it there."""

    language: str
    is_supported: bool
    version: ModelVersion


@dataclass(frozen=True, slots=True)
class Routed:
    """The routes of a text, one for each version that judges it; `detected` are the languages identified, if any were.

    A text with several routes is mixed: what the version says that finds it more toxic counts.
    """

    routes: tuple[Route, ...]
    detected: tuple[str, ...] = ()


def routed(
    text: str,
    assembly: Assembly,
    *,
    stated: Sequence[str] = (),
    source: SourceLanguage = NO_LANGUAGE,
    detect: bool = False,
) -> Routed:
    """Return which versions judge `text`.

    `stated` are the languages that its sender names: they count first, then a fixed one of the source. Else the
    language is identified; where it is not clear, the usual language of the source counts. With `detect` it is
    identified in any case.
    """
    given = [_tag(tag) for tag in stated] or ([source.language] if source.is_fixed else [])
    if given and not detect:
        return Routed(_routes(given, assembly))
    languages = _identified(text, assembly, source)
    return Routed(_routes(given or _with_usual(languages, source), assembly), tuple(languages))


def _identified(text: str, assembly: Assembly, source: SourceLanguage) -> list[str]:
    """Return the languages of a text, against those of the version that judges it if nothing is clear."""
    known = assembly.known_with(source.language or UNDETERMINED)
    elsewhere = [tag for tag in assembly.languages if tag not in known]
    found: Identified = identify(text, known, elsewhere)
    if not assembly.slots:
        return [found.language]
    parts = [tag for tag in identify_parts(text, known, elsewhere) if assembly.knows(tag)]
    return parts if len(parts) > 1 else [found.language]


def _with_usual(languages: list[str], source: SourceLanguage) -> list[str]:
    return [source.language] if source.language and languages == [UNDETERMINED] else languages


def _routes(languages: Sequence[str], assembly: Assembly) -> tuple[Route, ...]:
    """Return a route for each version that judges one of the languages; supported where all of them are known."""
    is_supported = all(assembly.knows(language) for language in languages)
    routes: dict[int, Route] = {}
    for language in languages:
        version = assembly.version_for(language)
        if version is not None:
            routes.setdefault(version.pk, Route(language, is_supported, version))
    return tuple(routes.values())


def _tag(value: str) -> str:
    """Write a tag that a sender states as others are written; what is none by its first part."""
    try:
        return normal_tag(value)
    except ValueError:
        return value.replace("_", "-").partition("-")[0].lower()[:35]
