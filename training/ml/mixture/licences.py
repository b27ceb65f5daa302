"""Classes of licences: what may go into a model that is passed on to others, and what may not.

A class says what a licence lets its holder do with something made of the rows; it is a help for the operator, not legal
advice. `permissive`: credit is enough (MIT, Apache, BSD, CC BY, CC0). `sharealike`: what is made of it may have to
carry the same licence (CC BY-SA); it may be passed on, and the card says so. `own`: the site's own comments and
decisions. `noncommercial`, `caution` (terms or labelling that are unclear) and `unknown` stay in a model that nobody
else gets.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

PERMISSIVE, SHAREALIKE, OWN = "permissive", "sharealike", "own"
NONCOMMERCIAL, CAUTION, UNKNOWN = "noncommercial", "caution", "unknown"
CLASSES = (PERMISSIVE, SHAREALIKE, OWN, NONCOMMERCIAL, CAUTION, UNKNOWN)
MAY_BE_PASSED_ON = frozenset({PERMISSIVE, SHAREALIKE, OWN})
STRICTEST = (OWN, PERMISSIVE, SHAREALIKE, NONCOMMERCIAL, CAUTION, UNKNOWN)  # the last that occurs decides

_NONCOMMERCIAL = re.compile(
    r"\bnc\b|non-?\s?commercial|\bnd\b|no-?\s?deriv|research (only|use|purposes)", re.I
)
_SHAREALIKE = re.compile(r"\bsa\b|share-?\s?alike|\bodbl\b|\bgfdl\b|\ba?gpl\b", re.I)
_PERMISSIVE = re.compile(
    r"\bmit\b|\bapache\b|\bbsd\b|\bcc-?\s?0\b|\bcc-?\s?by\b|\bpddl\b|\bodc-?by\b|\bisc\b|\bunlicense\b|public domain"
    r"|\bcreative commons attribution\b",
    re.I,
)
_SPELLED = re.compile(r"[-_/]")


class PassingOnRefused(ValueError):
    """A model may not be passed on; the message names the datasets and says what to do."""


@dataclass(frozen=True)
class Ingredient:
    """One set of rows that a model learned from, as its card lists it.

    `rows` are those for training, `weight` the sum of their weights, and its share of the whole follows from it; both
    are 0 where nobody counted.
    """

    name: str
    rows: int = 0
    weight: float = 0.0
    licence: str = ""
    licence_class: str = UNKNOWN
    attribution: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a manifest holds them."""
        return {**asdict(self), "weight": round(self.weight, 2)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Ingredient":
        """Read what `to_dict` wrote; what is not there is unknown."""
        return cls(
            str(value.get("name", "")),
            int(value.get("rows") or 0),
            float(value.get("weight") or 0),
            str(value.get("licence", "")),
            str(value.get("licence_class") or UNKNOWN),
            str(value.get("attribution", "")),
        )


def sources_of(manifest: Mapping[str, Any]) -> list[Ingredient]:
    """Return what a model's manifest says that it learned from; none where it was made before they were named."""
    return [
        Ingredient.from_dict(entry) for entry in manifest.get("sources") or () if isinstance(entry, Mapping)
    ]


def licence_class_of(licence: str) -> str:
    """Return the class of a licence by its name, an SPDX identifier or as people write it; unknown where it is unclear.

    Of several names, separated by ";" or "AND", the strictest decides.
    """
    parts = [part for part in re.split(r";|\bAND\b|,", licence) if part.strip()]
    return strictest(_class_of_one(part) for part in parts)


def _class_of_one(licence: str) -> str:
    spelled = _SPELLED.sub(" ", licence)
    if _NONCOMMERCIAL.search(spelled) or _NONCOMMERCIAL.search(licence):
        return NONCOMMERCIAL
    if _SHAREALIKE.search(spelled):
        return SHAREALIKE
    return PERMISSIVE if _PERMISSIVE.search(spelled) or _PERMISSIVE.search(licence) else UNKNOWN


def strictest(classes: Iterable[str]) -> str:
    """Return the class that binds most; unknown where there is none."""
    known = [one if one in CLASSES else UNKNOWN for one in classes]
    return max(known, key=STRICTEST.index, default=UNKNOWN)


def not_passable(ingredients: Iterable[Ingredient]) -> list[Ingredient]:
    """Return those whose licence keeps a model made of them from being passed on."""
    return [one for one in ingredients if one.licence_class not in MAY_BE_PASSED_ON]


def check_passing_on(ingredients: Sequence[Ingredient]) -> None:
    """Raise PassingOnRefused where an ingredient's licence forbids passing the model on, or none is named."""
    if not ingredients:
        raise PassingOnRefused(
            "This model may not be passed on: nothing says what it learned from. Train it again from datasets whose "
            "licences are named, or mark it as for your own use."
        )
    refused = not_passable(ingredients)
    if refused:
        named = "; ".join(f"“{one.name}” ({_why(one)})" for one in refused)
        raise PassingOnRefused(
            f"This model may not be passed on, because of what it learned from: {named}. Train without these datasets, "
            "name their licence where it allows more, or mark the model as for your own use."
        )


def _why(ingredient: Ingredient) -> str:
    what = {
        NONCOMMERCIAL: "not for commercial use or derived works",
        CAUTION: "terms or labels that are unclear",
    }.get(ingredient.licence_class, "no licence that is known")
    return f"{ingredient.licence}: {what}" if ingredient.licence else what


def ingredients_table(ingredients: Sequence[Ingredient]) -> str:
    """Return a Markdown table of rows, share of the weight, licence and attribution by source."""
    total = sum(one.weight for one in ingredients)
    lines = ["| source | rows | share of the weight | licence | attribution |", "|---|---|---|---|---|"]
    for one in ingredients:
        share = f"{one.weight / total:.1%}" if total and one.weight else "-"
        rows = f"{one.rows:,}" if one.rows else "-"
        cells = (one.name, rows, share, one.licence or "not named", one.attribution or "-")
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def passing_on_sentence(ingredients: Sequence[Ingredient]) -> str:
    """Return what the card says about passing the model on."""
    refused = not_passable(ingredients)
    if refused:
        names = ", ".join(f"“{one.name}”" for one in refused)
        return f"**For the own use of whoever trained it, not to be passed on**: it learned from {names}."
    shared = [f"“{one.name}”" for one in ingredients if one.licence_class == SHAREALIKE]
    if shared:
        return (
            f"It may be passed on with the attribution above. {', '.join(shared)} are share-alike: whether a model is "
            "a work derived from them is open; whoever passes it on decides that."
        )
    return "It may be passed on with the attribution above."
