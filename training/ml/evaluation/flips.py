"""Verdicts that differ between two versions on the same rows, by the language of the text."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.language import base_language, identify

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.evaluation.compare import Rival

    Bools = NDArray[np.bool_]


@lru_cache(maxsize=100_000)  # the rows of a test set are asked for several times in one evaluation
def language_of(text: str) -> str:
    """Return the base language that a text is identified as; it begins with `und` where that is not clear."""
    return base_language(identify(text).language)


def verdict_flips(
    texts: Sequence[str], ours: "Bools", theirs: "Bools", targets: "NDArray[np.float32]"
) -> list[dict[str, Any]]:
    """Return {"language", "rows", "to_toxic", "to_calm", "right", "wrong"} by language, that of most rows first.

    `ours` and `theirs` [rows] say toxic or not. `to_toxic` are rows that only ours calls so, `to_calm` those that only
    theirs does; of both together ours is `right` or `wrong` where `targets` know it (not -1). Texts in no clear
    language count as one, called und.
    """
    languages = np.array([_named(language_of(text)) for text in texts], dtype=object)
    flipped = ours != theirs
    reports = []
    for language in dict.fromkeys(languages.tolist()):
        here = languages == language
        known = here & flipped & (targets >= 0)
        right = ours[known] == (targets[known] == 1)
        reports.append(
            {
                "language": language,
                "rows": int(here.sum()),
                "to_toxic": int((here & flipped & ours).sum()),
                "to_calm": int((here & flipped & theirs).sum()),
                "right": int(right.sum()),
                "wrong": int((~right).sum()),
            }
        )
    return sorted(reports, key=lambda report: (-report["rows"], report["language"]))


def flips_between(
    label: str, texts: Sequence[str], ours: "Rival", theirs: "Rival", targets: "NDArray[np.float32]"
) -> dict[str, Any]:
    """Return the flips of `label` from `theirs` to `ours`, each by its own threshold."""
    flags = [side.column(label) >= side.thresholds[label] for side in (ours, theirs)]
    return {
        "against": theirs.version,
        "label": label,
        "languages": verdict_flips(texts, flags[0], flags[1], targets),
    }


def _named(language: str) -> str:
    return "und" if language.startswith("und") else language
