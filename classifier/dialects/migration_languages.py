"""What each of the languages of Perspective's TOXICITY gets here, by the versions in production."""

from dataclasses import dataclass
from enum import StrEnum

from classifier.inference.language import base_language, supports
from classifier.model_versions.assembly import Assembly
from classifier.models import ModelVersion
from classifier.web.formatting import language_title

# https://developers.perspectiveapi.com/s/about-the-api-attributes-and-languages, read in November 2026
PERSPECTIVE_LANGUAGES = (
    *(
        "ar",
        "zh",
        "cs",
        "nl",
        "en",
        "fr",
        "de",
        "hi",
        "hi-Latn",
        "id",
        "it",
        "ja",
        "ko",
        "pl",
        "pt",
        "ru",
        "es",
    ),
    "sv",
)
NAMES = {"hi-Latn": "Hinglish"}


class Offer(StrEnum):
    """How texts in a language are answered."""

    MEASURED = "measured"
    EXPERIMENTAL = "experimental"
    ANY = "any"
    PERSON = "person"

    @property
    def word(self) -> str:
        return {
            "measured": "Shipped and measured",
            "experimental": "Experimental",
            "any": "Judged, not stated",
            "person": "A person looks",
        }[self.value]

    @property
    def colour(self) -> str:
        return {"measured": "green", "experimental": "amber", "any": "grey", "person": "grey"}[self.value]


@dataclass(frozen=True)
class LanguageOffer:
    """A language of Perspective with what it gets: `version` judges it, `reads` could, if somebody filled its slot."""

    code: str
    title: str
    offer: Offer
    version: str = ""
    reads: str = ""


def language_offers(assembly: Assembly) -> list[LanguageOffer]:
    """Return Perspective's languages by name, with what the versions in production make of each."""
    rows = [_offer(code, assembly) for code in PERSPECTIVE_LANGUAGES]
    return sorted(rows, key=lambda row: row.title)


def _offer(code: str, assembly: Assembly) -> LanguageOffer:
    title = NAMES.get(code, language_title(code))
    version = assembly.version_for(code)
    if version is None or not assembly.knows(code):
        reads = next((str(row) for row in assembly.versions if _is_experimental(row, code)), "")
        return LanguageOffer(code, title, Offer.PERSON, reads=reads)
    if version.languages and supports(version.languages, code):
        return LanguageOffer(code, title, Offer.MEASURED, str(version))
    offer = Offer.ANY if not version.languages else Offer.EXPERIMENTAL
    return LanguageOffer(code, title, offer, str(version))


def _is_experimental(version: ModelVersion, code: str) -> bool:
    return base_language(code) in map(base_language, version.experimental_languages)
