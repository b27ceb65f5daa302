"""Numbers, shares and labels as pages write them."""

from django.conf.locale import LANG_INFO

from classifier.inference.language import UNDETERMINED

LANGUAGE_NAMES = {tag: info["name"] for tag, info in LANG_INFO.items() if "name" in info} | {
    "am": "Amharic",
    "as": "Assamese",
    "ba": "Bashkir",
    "fil": "Filipino",
    "gu": "Gujarati",
    "ha": "Hausa",
    "lo": "Lao",
    "mt": "Maltese",
    "no": "Norwegian",
    "or": "Odia",
    "ps": "Pashto",
    "si": "Sinhala",
    "so": "Somali",
    "tl": "Tagalog",
    "yi": "Yiddish",
    "zh": "Chinese",
}
SCRIPT_NAMES = {
    "Arab": "Arabic",
    "Cyrl": "Cyrillic",
    "Deva": "Devanagari",
    "Hani": "Chinese",
    "Latn": "Latin",
}
LABEL_TITLES = {
    "toxic": "Toxic",
    "severe_toxic": "Severely toxic",
    "obscene": "Obscene",
    "threat": "Threat",
    "insult": "Insult",
    "identity_hate": "Identity hate",
}


def language_title(tag: str) -> str:
    """Name a language for people: `German` for `de`; tags that are not known by name stay as they are."""
    language, _, rest = tag.partition("-")
    name = "Undetermined" if language == UNDETERMINED else LANGUAGE_NAMES.get(language, language)
    return f"{name} ({SCRIPT_NAMES.get(rest, rest)})" if rest else name


def label_title(label: str) -> str:
    """Name a label of a model as pages write it."""
    return LABEL_TITLES.get(label, label.replace("_", " ").capitalize())


def percent(probability: float) -> str:
    """Format `0.973` as `97.3%`; never as 0% or 100%, which no model can promise."""
    if probability > 0.9995:
        return ">99.9%"
    if probability < 0.0005:
        return "<0.1%"
    return f"{probability * 100:.1f}%"


def svg_length(probability: float) -> str:
    return f"{min(max(probability, 0.0), 1.0) * 100:.2f}%"


def duration(seconds: float) -> str:
    if seconds < 1:
        return f"{max(seconds * 1000, 1):.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
