"""What the manifest of a version says of its quality: shown until this site has measured the version itself.

Such numbers come from other rows than the test set of this site, so they never lie beside those of another version in
the gate, and every page that shows them names the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.models import ModelVersion
from training.ml.evaluation.stored import StoredReport
from training.ml.json_reader import number

SPLITS = ("test", "validation")


@dataclass(frozen=True)
class ManifestNumbers:
    """The numbers of one split of rows: `report` has metrics by label and the size, `rows` says what they are of."""

    split: str
    report: StoredReport
    rows: str


def manifest_numbers(version: ModelVersion) -> list[ManifestNumbers]:
    """Return the measurements in the manifest that hold the primary label, those on test rows first."""
    manifest: Mapping[str, Any] = version.manifest if isinstance(version.manifest, Mapping) else {}
    splits = _part(manifest, "metrics")
    found = []
    for split in SPLITS:
        labels = _part(splits, split)
        own = _part(labels, version.primary_label)
        if not any(number(value) is not None for value in own.values()):
            continue
        raw = {
            "metrics": labels,
            "size": {"bytes": _bytes(manifest), "parameters": manifest.get("parameters")},
        }
        found.append(ManifestNumbers(split, StoredReport.of(raw), _rows(manifest, split, own)))
    return found


def _rows(manifest: Mapping[str, Any], split: str, measured: Mapping[str, Any]) -> str:
    """Name the rows, such as `15,310 validation rows of mixture`."""
    count = number(measured.get("support", measured.get("rows")))
    words = f"{split} rows" if count is None else f"{count:,.0f} {split} rows"
    name = _part(_part(manifest, "provenance"), "data").get(split)
    # a run's own data are folders of this machine, which say nothing to a reader
    return f"{words} of {name}" if isinstance(name, str) and name and "/" not in name else words


def _bytes(manifest: Mapping[str, Any]) -> int | None:
    sizes = [number(_part(_part(manifest, "files"), name).get("bytes")) for name in _part(manifest, "files")]
    known = [size for size in sizes if size is not None]
    return int(sum(known)) if known else None


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    return part if isinstance(part, Mapping) else {}
