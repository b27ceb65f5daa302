"""What is in a dataset, before anything learns from it: labels, lengths, duplicates, contradictions, leakage."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.near_duplicates import near_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

FORMAT = 1
EXAMPLES = 20
MOST_SOURCES = 50
WORD_STEPS = (0, 5, 10, 25, 50, 100, 200, 400, 800)
SPLITS = ("train", "validation", "test")

Place = tuple[str, int]


def describe(tables: Mapping[str, "TextTable"], tokenizer: Path | None = None) -> dict[str, Any]:
    """Return the statistics of a dataset's splits as JSON values; row numbers count from 0 in their split.

    `tokenizer` is a tokenizer.json: with it lengths are given in wordpieces too. Texts count as the same when they
    differ in case and white space at most; near duplicates share most of their five-word sequences. For each pair of
    splits `leakage` counts the rows of the later one whose text the earlier one holds.
    """
    names = [name for name in SPLITS if name in tables] + [name for name in tables if name not in SPLITS]
    places: list[Place] = [(name, row) for name in names for row in range(len(tables[name]))]
    texts = [text for name in names for text in tables[name].texts]
    copies = _copies(texts)
    near = _near_groups(texts, copies)
    return {
        "format": FORMAT,
        "labels": list(next(iter(tables.values())).labels) if tables else [],
        "splits": {
            name: {
                **_labels(tables[name]),
                "words": _lengths([len(text.split()) for text in tables[name].texts]),
                "wordpieces": _wordpieces(tables[name].texts, tokenizer) if tokenizer else None,
                "empty": sum(not text for text in tables[name].texts),
                "sources": _sources(tables[name]),
                "duplicates": _within(copies, places, name),
                "near_duplicates": _within(near, places, name),
                "conflicts": _conflicts(copies, places, name, tables[name]),
            }
            for name in names
        },
        "leakage": [
            {
                "from": earlier,
                "into": later,
                **_between(copies, places, earlier, later),
                "near": _between(near, places, earlier, later),
            }
            for earlier, later in combinations(names, 2)
        ],
    }


def _labels(table: "TextTable") -> dict[str, Any]:
    known, positive = table.targets >= 0, table.targets == 1
    weights = table.weights.astype(np.float64)
    counts = {}
    for column, label in enumerate(table.labels):
        rows = int(known[:, column].sum())
        total = float(weights[known[:, column]].sum())
        hits = int(positive[:, column].sum())
        counts[label] = {
            "known": rows,
            "positives": hits,
            "rate": hits / rows if rows else None,
            "weighted_rate": float(weights[positive[:, column]].sum()) / total if total else None,
        }
    together = positive.T.astype(np.int64) @ positive.astype(np.int64)
    return {
        "rows": len(table),
        "weight": float(weights.sum()),
        "equal_weights": bool(len(weights) == 0 or (weights == weights[0]).all()),
        "labels": counts,
        "any_positive": int(positive.any(axis=1).sum()),
        "none_known": int((~known.any(axis=1)).sum()),
        "together": {
            label: {other: int(together[i, j]) for j, other in enumerate(table.labels)}
            for i, label in enumerate(table.labels)
        },
    }


def _lengths(lengths: Sequence[int]) -> dict[str, Any]:
    if not len(lengths):
        return {"mean": None, "histogram": []}
    values = np.asarray(lengths)
    quantiles = np.quantile(values, [0.5, 0.9, 0.95, 0.99])
    edges = [*WORD_STEPS, None]
    return {
        "mean": float(values.mean()),
        **{
            name: float(value) for name, value in zip(("median", "p90", "p95", "p99"), quantiles, strict=True)
        },
        "max": int(values.max()),
        "histogram": [
            {
                "from": low,
                "below": high,
                "rows": int(((values >= (low or 0)) & (values < (high or np.inf))).sum()),
            }
            for low, high in pairwise(edges)
        ],
    }


def _wordpieces(texts: Sequence[str], tokenizer: Path) -> dict[str, Any]:
    from tokenizers import Tokenizer

    reader = Tokenizer.from_file(str(tokenizer))
    reader.no_truncation()
    reader.no_padding()
    lengths: list[int] = []
    for start in range(0, len(texts), 2_000):
        lengths += [
            len(encoding.ids) for encoding in reader.encode_batch_fast(list(texts[start : start + 2_000]))
        ]
    return _lengths(lengths)


def _sources(table: "TextTable") -> dict[str, int] | None:
    return None if table.sources is None else dict(Counter(table.sources).most_common(MOST_SOURCES))


def _copies(texts: Sequence[str]) -> list[list[int]]:
    """Return the groups, of two and more, of places whose texts are the same."""
    by_digest: dict[bytes, list[int]] = {}
    for position, text in enumerate(texts):
        plain = " ".join(text.casefold().split())
        digest = blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        by_digest.setdefault(digest, []).append(position)
    return [group for group in by_digest.values() if len(group) > 1]


def _near_groups(texts: Sequence[str], copies: list[list[int]]) -> list[list[int]]:
    """Return groups of places whose texts are nearly the same; of equal texts in one split only the first counts."""
    first_of = np.arange(len(texts))
    for group in copies:
        first_of[group] = group[0]
    parent = np.arange(len(texts))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = int(parent[position])
        return position

    linked: set[int] = set()
    for first, second in _unequal(near_pairs(texts), first_of):
        linked |= {first, second}
        parent[root(second)] = root(first)
    groups: dict[int, list[int]] = {}
    for position in sorted(linked):
        groups.setdefault(root(position), []).append(position)
    return list(groups.values())


def _unequal(pairs: "NDArray[np.int64]", first_of: "NDArray[np.int64]") -> list[tuple[int, int]]:
    different = pairs[first_of[pairs[:, 0]] != first_of[pairs[:, 1]]]
    return [(int(first), int(second)) for first, second in different]


def _within(groups: list[list[int]], places: list[Place], split: str) -> dict[str, Any]:
    """Count the groups inside one split, and the rows beyond the first of each."""
    inside = [[places[i][1] for i in group if places[i][0] == split] for group in groups]
    inside = [rows for rows in inside if len(rows) > 1]
    inside.sort(key=lambda rows: (-len(rows), rows[0]))
    return {
        "groups": len(inside),
        "rows": sum(len(rows) - 1 for rows in inside),
        "examples": [rows[:EXAMPLES] for rows in inside[:EXAMPLES]],
    }


def _between(groups: list[list[int]], places: list[Place], earlier: str, later: str) -> dict[str, Any]:
    """Count the rows of `later` that lie in a group with a row of `earlier`."""
    rows, examples = 0, []
    for group in groups:
        here = [places[i][1] for i in group if places[i][0] == earlier]
        there = [places[i][1] for i in group if places[i][0] == later]
        if here and there:
            rows += len(there)
            examples += [{"row": row, "other_row": here[0]} for row in there]
    return {"rows": rows, "examples": sorted(examples, key=lambda example: example["row"])[:EXAMPLES]}


def _conflicts(
    groups: list[list[int]], places: list[Place], split: str, table: "TextTable"
) -> dict[str, Any]:
    """Find equal texts of one split whose known labels contradict each other."""
    conflicts = []
    for group in groups:
        rows = [places[i][1] for i in group if places[i][0] == split]
        if len(rows) < 2:
            continue
        targets = table.targets[rows]
        both = (targets == 1).any(axis=0) & (targets == 0).any(axis=0)
        if both.any():
            labels = [label for label, differs in zip(table.labels, both, strict=True) if differs]
            conflicts.append({"rows": rows[:EXAMPLES], "labels": labels})
    return {"groups": len(conflicts), "examples": conflicts[:EXAMPLES]}
