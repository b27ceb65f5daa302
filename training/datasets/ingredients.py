"""What a model that learns from a dataset learned from, source by source, for its card and for passing it on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from training.ml.mixture.licences import UNKNOWN, Ingredient, strictest
from training.ml.mixture.sources import BY_NAME
from training.models import Dataset


def ingredients_of(dataset: Dataset) -> list[Ingredient]:
    """Return the sources of the training rows, most rows first.

    A mixture names its parts as they were when it was made, and the sources of those that have several. A dataset whose
    rows say that they come from public sets of the catalogue is listed by set, each under its own licence, or under the
    class that was chosen for the dataset where that is stricter; its other rows, like those of any dataset, stand under
    the dataset's.
    """
    listed = (
        [one for part in dataset.parts for one in _of_part(part)] if dataset.parts else _by_source(dataset)
    )
    return sorted(listed, key=lambda one: -one.rows)


def licence_class_of_dataset(dataset: Dataset) -> str:
    """Return the class that binds most among the sources of a dataset."""
    return strictest(one.licence_class for one in ingredients_of(dataset))


def _of_part(part: Mapping[str, Any]) -> list[Ingredient]:
    """Return the sources of one part, in proportion to the rows of it that the mixture took."""
    held = Dataset.objects.filter(pk=part.get("dataset") or 0).first()
    rows = part.get("train_rows", (part.get("rows") or {}).get("train") or 0)
    weight = float(part.get("train_weight", rows))
    inner = ingredients_of(held) if held is not None else []
    if len(inner) > 1 or (inner and inner[0].name in BY_NAME):
        total = sum(one.rows for one in inner) or 1
        share = sum(one.weight for one in inner) or 1.0
        return [
            replace(one, rows=round(one.rows * rows / total), weight=one.weight / share * weight)
            for one in inner
        ]
    return [
        Ingredient(
            name=str(part.get("name", "")),
            rows=int(rows),
            weight=weight,
            licence=str(part.get("license_name", held.license_name if held else "")),
            licence_class=str(
                part.get("licence_class") or (held.effective_licence_class if held else UNKNOWN)
            ),
            attribution=str(part.get("attribution", held.attribution if held else "")),
        )
    ]


def _by_source(dataset: Dataset) -> list[Ingredient]:
    train = dict((dataset.statistics.get("splits") or {}).get("train") or {})
    counted = {name: int(rows) for name, rows in dict(train.get("sources") or {}).items() if name in BY_NAME}
    public = [_public(name, rows, dataset.licence_class) for name, rows in counted.items()]
    rest = int(dataset.rows.get("train") or 0) - sum(counted.values())
    if rest > 0 or not public:
        public.append(
            Ingredient(
                dataset.name,
                rest,
                float(rest),
                dataset.license_name,
                dataset.effective_licence_class,
                dataset.attribution,
            )
        )
    return public


def _public(name: str, rows: int, chosen: str) -> Ingredient:
    """Return a set of the catalogue; `chosen` is the class that a person gave to the dataset, or empty."""
    source = BY_NAME[name]
    binding = strictest((source.licence_class, chosen)) if chosen else source.licence_class
    licence = source.licence if binding == source.licence_class else f"{source.licence}, taken as {binding}"
    return Ingredient(name, rows, float(rows), licence, binding, source.attribution)
