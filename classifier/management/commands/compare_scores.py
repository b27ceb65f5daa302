"""`manage.py compare_scores FILE.csv`: texts with the scores that another service gave them, beside this model's.

./manage.py compare_scores old.csv --text-column text --score-column TOXICITY -o report.json
./manage.py compare_scores old.csv --threshold 0.65 --label-column removed --target-precision 0.9
"""

import csv
import json
import math
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from classifier.api.dialects.labels import PERSPECTIVE, label_of_attribute
from classifier.inference.errors import InferenceError, TextTooLong
from classifier.inference.store import find_version
from classifier.services import NoBroker, NoWorker, ScoredText, ScoreTimeout, score_texts
from classifier.services.score_comparison import Comparison, TooFewRows, compare
from classifier.services.validation import text_problem

BATCH = 100
DEADLINE_SECONDS = 120.0
SHOWN_MOST = 20
CELL_MOST = 1 << 20
YES, NO = ("1", "true", "yes", "toxic"), ("0", "false", "no", "")
Score = Callable[[list[str]], tuple[list[dict[str, float] | str], str]]


@dataclass
class Rows:
    """What the file holds that can be compared, and the lines that cannot, with the reason."""

    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    old: list[float] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)


class Command(BaseCommand):
    help = (
        "Compare the scores that another service gave to texts with this model's, and translate thresholds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="a CSV file with a header, in UTF-8")
        parser.add_argument("--text-column", default="text", metavar="NAME", help="the texts [text]")
        parser.add_argument(
            "--score-column", metavar="NAME", help="the old scores, 0 to 1 [the attribute's name]"
        )
        parser.add_argument(
            "--attribute", default="TOXICITY", metavar="NAME",
            help=f"what they are scores of: {', '.join(PERSPECTIVE)} or a label of the model [TOXICITY]",
        )  # fmt: skip
        parser.add_argument(
            "--threshold", type=_share, action="append", default=[], metavar="T",
            help="an old threshold to translate beside 0.5 to 0.9; may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--label-column", metavar="NAME", help="what people decided: 1, true, yes or 0, false, no"
        )
        parser.add_argument(
            "--target-precision", type=_share, metavar="P",
            help="find the lowest threshold that is right so often, by --label-column",
        )  # fmt: skip
        parser.add_argument(
            "--here", action="store_true", help="score in this process instead of asking the worker"
        )
        parser.add_argument(
            "--model", metavar="ID", help="with --here: a version or its folder [models/starter]"
        )
        parser.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help="write the whole report as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["target_precision"] is None) != (options["label_column"] is None):
            raise CommandError("--target-precision and --label-column go together")
        if options["model"] and not options["here"]:
            raise CommandError("--model needs --here; the worker scores with the active version")
        label = label_of_attribute(options["attribute"]) or options["attribute"]
        rows = read_rows(
            options["file"],
            options["text_column"],
            options["score_column"] or options["attribute"],
            options["label_column"],
        )
        score = _scorer_here(options["model"]) if options["here"] else _by_worker
        kept, new, version = self._scored(rows, label, score)
        try:
            found = compare(
                [rows.old[at] for at in kept],
                new,
                thresholds=options["threshold"],
                labels=[rows.labels[at] for at in kept] if options["label_column"] else None,
                target_precision=options["target_precision"],
            )
        except TooFewRows as error:
            self._tell_bad(rows)
            raise CommandError(f"{error}.") from None
        report = {
            "attribute": options["attribute"],
            "label": label,
            "model_version": version,
            **found.to_dict(),
            "left_out": [{"line": line, "reason": reason} for line, reason in sorted(rows.bad)],
        }
        if found.policy:
            report["policy"] = {"bands": {label: {"review": None, "remove": None, **found.policy}}}
        self._tell_bad(rows)
        if options["output"] is not None:
            try:
                options["output"].write_text(json.dumps(report, indent=2) + "\n")
            except OSError as error:
                raise CommandError(f"--output: cannot write {options['output']} ({error.strerror})") from None
        self.stdout.write("\n".join(said(found, version, label)))

    def _scored(self, rows: Rows, label: str, score: Score) -> tuple[list[int], list[float], str]:
        kept: list[int] = []
        new: list[float] = []
        version = ""
        for first in range(0, len(rows.texts), BATCH):
            results, version = score(rows.texts[first : first + BATCH])
            for at, result in enumerate(results, start=first):
                if isinstance(result, str):
                    rows.bad.append((rows.lines[at], result))
                elif label not in result:
                    raise CommandError(
                        f"--attribute: {version} has no label {label}; it has {', '.join(result)}"
                    )
                else:
                    kept.append(at)
                    new.append(result[label])
        return kept, new, version

    def _tell_bad(self, rows: Rows) -> None:
        for line, reason in sorted(rows.bad)[:SHOWN_MOST]:
            self.stderr.write(f"line {line}: {reason}; left out")
        if len(rows.bad) > SHOWN_MOST:
            self.stderr.write(f"and {len(rows.bad) - SHOWN_MOST} more lines left out")


def read_rows(path: Path, text: str, score: str, label: str | None) -> Rows:
    """The rows of the file; one that cannot be compared is remembered with its line and the reason."""
    rows = Rows()
    wanted = [name for name in (text, score, label) if name is not None]
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            csv.field_size_limit(CELL_MOST)
            reader = csv.DictReader(stream)
            missing = [name for name in wanted if name not in (reader.fieldnames or ())]
            if missing:
                found = ", ".join(reader.fieldnames or ()) or "none"
                raise CommandError(f"{path} has no column {', '.join(missing)}; its columns are {found}")
            for line, row in _numbered(reader):
                try:
                    kept = _row(row, text, score, label)
                except ValueError as error:
                    rows.bad.append((line, str(error)))
                    continue
                rows.lines.append(line)
                rows.texts.append(kept[0])
                rows.old.append(kept[1])
                rows.labels.append(kept[2])
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8") from None
    except csv.Error as error:
        raise CommandError(f"{path} is not readable as CSV: {error}") from None
    return rows


def _numbered(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with the line it begins in: a quoted text may take several."""
    begin = reader.line_num + 1
    for row in reader:
        yield begin, row
        begin = reader.line_num + 1


def _row(row: dict[str, Any], text: str, score: str, label: str | None) -> tuple[str, float, bool]:
    problem = text_problem(row[text])
    if problem is not None:
        raise ValueError(f"{text}: {problem.message.rstrip('.')}")
    try:
        old = float(row[score])
    except (TypeError, ValueError):
        raise ValueError(f"{score}: is no number") from None
    if not (math.isfinite(old) and 0 <= old <= 1):
        raise ValueError(f"{score}: is not from 0 to 1")
    decided = str(row[label] or "").strip().lower() if label is not None else "0"
    if decided not in YES + NO:
        raise ValueError(f"{label}: is neither yes nor no")
    return row[text], old, decided in YES


def _by_worker(texts: list[str]) -> tuple[list[dict[str, float] | str], str]:
    try:
        results = score_texts(texts=texts, deadline=DEADLINE_SECONDS)
    except (NoWorker, NoBroker) as error:
        raise CommandError(f"{error} Start it, or score in this process with --here.") from None
    except ScoreTimeout:
        raise CommandError(f"The worker did not answer within {DEADLINE_SECONDS:g} seconds.") from None
    version = next((each.model_version for each in results if isinstance(each, ScoredText)), "")
    return [each.scores if isinstance(each, ScoredText) else each.message for each in results], version


def _scorer_here(version: str | None) -> Score:
    from classifier.inference.scorer import Scorer

    starter, models = Path(settings.STARTER_MODEL_DIR), Path(settings.MODELS_DIR)
    try:
        folder = starter if version is None else find_version(version, [starter, models])
        scorer = Scorer(
            folder, settings.SCORER_BACKEND, settings.SCORER_TOKEN_BUDGET, settings.SCORE_MAX_WINDOWS
        )
    except InferenceError as error:
        raise CommandError(f"--model: {error}") from None

    def one(text: str) -> dict[str, float] | str:
        try:
            return dict(scorer.score([text])[0].scores)
        except TextTooLong as error:
            return f"needs {error.windows} windows; the limit is {error.limit}"

    def score(texts: list[str]) -> tuple[list[dict[str, float] | str], str]:
        try:
            return [dict(result.scores) for result in scorer.score(texts)], scorer.version
        except TextTooLong:
            return [one(text) for text in texts], scorer.version

    return score


def _share(value: str) -> float:
    number = float(value)
    if not 0 < number <= 1:
        raise ValueError
    return number


def said(found: Comparison, version: str, label: str) -> Sequence[str]:
    """The report as lines to read."""
    lines = [
        f"{found.rows:,} rows, {label} by {version}",
        f"correlation: Pearson {_number(found.pearson)}, Spearman {_number(found.spearman)}",
        "",
        "old score       rows   old mean   new mean   new 10% to 90%",
    ]
    for each in found.bins:
        lines.append(
            f"{each.begin:.1f} to {each.end:.1f} {each.rows:>10,} {each.old_mean:>10.3f} {each.new_mean:>10.3f}"
            f"   {each.new_low:.3f} to {each.new_high:.3f}"
        )
    lines += ["", "old threshold   flags     new threshold   agreement   kappa   only old   only new"]
    for row in found.translations:
        lines.append(
            f"{row.old:<13.3g} {row.old_share:>7.1%} {_number(row.new):>17} {row.agreement:>11.1%} "
            f"{_number(row.kappa):>7} {row.only_old:>10,} {row.only_new:>10,}"
        )
    if found.target is not None:
        aim = found.target
        reached = (
            f"{_number(aim.threshold)} flags {aim.flagged:,} with precision {_number(aim.precision)} and recall "
            f"{_number(aim.recall)}"
            if aim.threshold is not None
            else "no threshold reaches it"
        )
        lines += ["", f"precision {aim.precision_wished:g}: {reached}"]
    if found.policy:
        bands = ", ".join(f"{name} from {value:.3f}" for name, value in found.policy.items())
        lines += ["", f"to start a policy with: {bands}"]
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
