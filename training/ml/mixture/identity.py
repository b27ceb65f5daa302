"""Balancing rows that name an identity: for every identity word as much harmless as toxic weight.

A set of hate speech names groups almost only in hateful rows, so a model learns that the name itself is toxic (Dixon et
al. 2018, "Measuring and Mitigating Unintended Bias in Text Classification", which balanced the rows by adding harmless
text). Here the weights of the rows are fitted to two margins for every word, harmless and toxic, in turn: iterative
proportional fitting (Deming and Stephan 1940), bounded so that no row counts for many.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.sampling import IDENTITY_TERMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = NDArray[np.float32]

# What HateCheck (Roettger et al. 2021) and sets like it name, beside the terms of Dixon et al.: religions,
# nationalities, ethnicities, orientations, genders, disabilities. None of them is a slur.
MORE_TERMS = (
    *(
        "jews",
        "muslims",
        "christians",
        "hindu",
        "hindus",
        "buddhists",
        "catholics",
        "sikhs",
        "atheist",
        "mormon",
    ),
    *(
        "islamic",
        "judaism",
        "hinduism",
        "religious",
        "arabs",
        "arabic",
        "africans",
        "blacks",
        "whites",
        "asians",
    ),
    *("latinos", "latinas", "hispanics", "mexicans", "americans", "europeans", "canadians", "indians"),
    *(
        "german",
        "french",
        "british",
        "english",
        "irish",
        "scottish",
        "italian",
        "spanish",
        "portuguese",
        "dutch",
    ),
    *(
        "polish",
        "pole",
        "russian",
        "ukrainian",
        "greek",
        "turkish",
        "turk",
        "swedish",
        "romanian",
        "hungarian",
    ),
    *("pakistani", "bangladeshi", "afghan", "iranian", "iraqi", "syrian", "kurdish", "kurd", "israeli"),
    *(
        "palestinian",
        "egyptian",
        "moroccan",
        "algerian",
        "somali",
        "nigerian",
        "kenyan",
        "ethiopian",
        "brazilian",
    ),
    *("korean", "vietnamese", "filipino", "thai", "indonesian", "tibetan", "roma", "romani", "indigenous"),
    *("aboriginal", "native american", "immigrant", "migrant", "refugee", "foreigner", "asylum seeker"),
    *("gays", "lesbians", "bisexuals", "homosexuals", "heterosexuals", "queers", "asexual", "pansexual"),
    *("transsexual", "transgendered"),
    *("non-binary", "intersex", "girl", "boy", "lady", "ladies", "gentleman", "females", "males", "feminist"),
    *("disabled", "disability", "wheelchair user", "autistic", "autism", "dyslexic"),
    *("epileptic", "elderly", "teenager", "overweight"),
)
IDENTITY_WORDS: tuple[str, ...] = tuple(dict.fromkeys((*IDENTITY_TERMS, *MORE_TERMS)))

ROUNDS = 20
LEAST_FACTOR, MOST_FACTOR = 0.2, 5.0
FEWEST_ROWS = 10  # of each side; with fewer, a handful of rows would speak for a group


@dataclass(frozen=True)
class WordBalance:
    """One identity word: rows that hold it, and their weight before and after, harmless and toxic."""

    word: str
    harmless_rows: int
    toxic_rows: int
    harmless_before: float
    toxic_before: float
    harmless_after: float
    toxic_after: float

    @property
    def share_before(self) -> float:
        """The toxic share of the weight before; 0.5 is balanced."""
        return _share(self.toxic_before, self.harmless_before)

    @property
    def share_after(self) -> float:
        """The toxic share of the weight after; 0.5 is balanced."""
        return _share(self.toxic_after, self.harmless_after)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as a run's provenance holds them, weights to one digit."""
        return {
            key: round(value, 1) if isinstance(value, float) else value for key, value in asdict(self).items()
        }


def balance_identities(
    texts: Sequence[str],
    toxic: "NDArray[np.floating[Any] | np.integer[Any]]",
    weights: "Weights",
    *,
    words: Sequence[str] = IDENTITY_WORDS,
    factors: tuple[float, float] = (LEAST_FACTOR, MOST_FACTOR),
) -> tuple["Weights", list[WordBalance]]:
    """Return weights under which every word has as much harmless as toxic weight, and a report by word.

    `toxic` [rows] is 1, 0, or -1 for unknown; unknown rows and rows without any of `words` keep their weight. A row's
    weight changes by a factor within `factors`, and the total weight of rows with a word stays what it was. A word
    with fewer than FEWEST_ROWS rows on a side is reported, and left as it is. The report lists words that occur, most
    rows first.
    """
    weights = np.asarray(weights, dtype=np.float32)
    toxic = np.asarray(toxic)
    if len(texts) != len(toxic) or len(texts) != len(weights):
        raise ValueError("texts, labels and weights must be of one length")
    rows_of = _rows_with(texts, words)
    harmless_of = {word: rows[toxic[rows] == 0] for word, rows in rows_of.items()}
    toxic_of = {word: rows[toxic[rows] == 1] for word, rows in rows_of.items()}
    fitted = [word for word in rows_of if min(len(harmless_of[word]), len(toxic_of[word])) >= FEWEST_ROWS]
    factor = np.ones(len(texts), dtype=np.float64)
    touched = np.unique(np.concatenate([np.zeros(0, np.int64), *(rows_of[word] for word in fitted)]))
    touched = touched[toxic[touched] >= 0]
    total = float(weights[touched].sum())
    for _ in range(ROUNDS):
        for word in fitted:
            for side in (harmless_of[word], toxic_of[word]):
                both = factor[harmless_of[word]] @ weights[harmless_of[word]] + (
                    factor[toxic_of[word]] @ weights[toxic_of[word]]
                )
                mine = factor[side] @ weights[side]
                if mine > 0:
                    factor[side] = np.clip(factor[side] * (both / 2 / mine), *factors)
        now = float(factor[touched] @ weights[touched])
        if now > 0:
            factor[touched] = np.clip(factor[touched] * (total / now), *factors)
    balanced = (weights * factor).astype(np.float32)
    report = [
        WordBalance(
            word,
            len(harmless_of[word]),
            len(toxic_of[word]),
            float(weights[harmless_of[word]].sum()),
            float(weights[toxic_of[word]].sum()),
            float(balanced[harmless_of[word]].sum()),
            float(balanced[toxic_of[word]].sum()),
        )
        for word in rows_of
        if len(harmless_of[word]) + len(toxic_of[word])
    ]
    return balanced, sorted(report, key=lambda row: -(row.harmless_rows + row.toxic_rows))


def balance_table(report: Sequence[WordBalance], *, most: int = 20) -> str:
    """Return a Markdown table of the commonest words for a model card, and one line about the others."""
    lines = [
        "| word | harmless rows | toxic rows | toxic share of weight before | after |",
        "|---|---|---|---|---|",
    ]
    for row in report[:most]:
        lines.append(
            f"| {row.word} | {row.harmless_rows:,} | {row.toxic_rows:,} | {row.share_before:.2f} | "
            f"{row.share_after:.2f} |"
        )
    rest = report[most:]
    if rest:
        far = sum(abs(row.share_after - 0.5) > 0.1 for row in rest)
        lines.append(f"\n{len(rest)} further words; {far} of them are more than 0.1 from an even share.")
    return "\n".join(lines)


def _share(toxic: float, harmless: float) -> float:
    return toxic / (toxic + harmless) if toxic + harmless else 0.5


def _rows_with(texts: Sequence[str], words: Sequence[str]) -> dict[str, "NDArray[np.int64]"]:
    """Return the rows that hold each word, as itself or with an s, whatever the case."""
    known = {word.lower() for word in words}
    form_of = {
        form: word for word in known for form in (word, f"{word}s") if form == word or form not in known
    }
    longest_first = sorted(form_of, key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
    rows: dict[str, list[int]] = {word.lower(): [] for word in words}
    for index, text in enumerate(texts):
        for word in {form_of[form] for form in pattern.findall(text.lower())}:
            rows[word].append(index)
    return {word: np.asarray(held, dtype=np.int64) for word, held in rows.items() if held}
