"""`manage.py compare_scores FILE.csv`: compare the scores that another service gave to texts with this model's.

./manage.py compare_scores old.csv --text-column text --score-column TOXICITY -o report.json
./manage.py compare_scores old.csv --threshold 0.65 --label-column removed --target-precision 0.9
./manage.py compare_scores old.csv --attribute TOXICITY=tox --attribute INSULT=abuse --store --source forum
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from classifier.core.errors import NoBroker, NoWorker, ScoreTimeout
from classifier.core.validation import InvalidInput, text_problem
from classifier.dialects.labels import PERSPECTIVE, label_of_attribute
from classifier.inference.artifact import find_version
from classifier.inference.errors import InferenceError, TextTooLong
from classifier.inference.files.layout import DELIMITERS, GUESSED, Reading, folded_name, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.presets.perspective import perspective_row
from classifier.inference.files.rows import rows_of
from classifier.inference.files.values import read_label, read_score
from classifier.inference.markup import read_text
from classifier.model_versions.model_files import shipped_folders
from classifier.models import ModelVersion, TextFormat
from classifier.policies.active_policies import policy_for
from classifier.references.score_comparison import Comparison, TooFewRows, compare
from classifier.scoring.score_texts import Read, ScoredText, score_texts, source_id_of
from classifier.transfers.comparisons import ScoredRow, comparison_store

BATCH = 100
DEADLINE_SECONDS = 120.0
SHOWN_MOST = 20
Score = Callable[[list[str]], tuple[list[dict[str, float] | str], str]]


@dataclass
class Rows:
    """The rows of the file that can be compared, and the lines that cannot, with the reason.

    `old` has the scores by attribute; with several attributes, a row may lack some.
    """

    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    old: list[dict[str, float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)


class Command(BaseCommand):
    help = (
        "Compare the scores that another service gave to texts with this model's, and translate thresholds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, metavar="FILE", help="CSV with a header, JSON Lines, or a JSON list"
        )
        parser.add_argument("--encoding", default="", metavar="NAME", help="such as cp1252 [found out]")
        parser.add_argument(
            "--delimiter",
            default="",
            choices=["", *DELIMITERS.values()],
            help="between columns of CSV [found out]",
        )
        parser.add_argument("--text-column", default="text", metavar="NAME", help="the texts [text]")
        parser.add_argument(
            "--score-column", metavar="NAME", action="append", default=[],
            help="the old scores, 0 to 1 [the attribute's name]; several are scores of what they are called",
        )  # fmt: skip
        parser.add_argument(
            "--attribute", metavar="NAME[=COLUMN]", action="append", default=[],
            help=f"what they are scores of: {', '.join(PERSPECTIVE)} or a label of the model [TOXICITY]; "
            "may be given several times, each with its column",
        )  # fmt: skip
        parser.add_argument(
            "--threshold", type=_share, action="append", default=[], metavar="T",
            help="an old threshold to translate beside 0.5 to 0.9; may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--label-column",
            metavar="NAME",
            help="what people decided: 1, true, yes, removed or 0, false, no, approved",
        )
        parser.add_argument(
            "--target-precision", type=_share, metavar="P",
            help="find the lowest threshold that is right so often, by --label-column",
        )  # fmt: skip
        parser.add_argument(
            "--format", choices=TextFormat.values,
            help="how the texts are written [as the policy of --source says; without --source, text]",
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
        parser.add_argument(
            "--store", action="store_true",
            help="keep the pairs for the page Compare scores, where a map of thresholds is fitted from them",
        )  # fmt: skip
        parser.add_argument("--source", metavar="SLUG", help="with --store: the source that they belong to")
        parser.add_argument(
            "--keep-texts",
            action="store_true",
            help="with --store: keep the texts as long as the source does",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["target_precision"] is None) != (options["label_column"] is None):
            raise CommandError("--target-precision and --label-column go together")
        if options["model"] and not options["here"]:
            raise CommandError("--model needs --here; the worker scores with the active version")
        if (options["source"] or options["keep_texts"]) and not options["store"]:
            raise CommandError("--source and --keep-texts need --store")
        if options["store"] and not options["source"]:
            raise CommandError("--store needs --source: whoever sees the source sees the comparison")
        columns = _columns(options["attribute"], options["score_column"])
        labels = {name: label_of_attribute(name) or name for name in columns}
        try:
            reading = Reading.chosen(encoding=options["encoding"], delimiter=options["delimiter"])
        except ValueError as error:
            raise CommandError(f"--{error.args[0]}: {error.args[1]}") from None
        rows = read_rows(options["file"], options["text_column"], columns, options["label_column"], reading)
        read = _reader(options["source"], options["format"] or "")
        score = _scorer_here(options["model"], read) if options["here"] else partial(_by_worker, read)
        kept, new, version = self._scored(rows, labels, score)
        reports: list[dict[str, Any]] = []
        lines: list[str] = []
        for name, label in labels.items():
            indices = [index for index, at in enumerate(kept) if name in rows.old[at]]
            try:
                comparison = compare(
                    [rows.old[kept[index]][name] for index in indices],
                    [new[index][name] for index in indices],
                    thresholds=options["threshold"],
                    labels=[rows.labels[kept[index]] for index in indices]
                    if options["label_column"]
                    else None,
                    target_precision=options["target_precision"],
                )
            except TooFewRows as error:
                self._write_left_out(rows)
                raise CommandError(f"{error}." if len(labels) == 1 else f"{name}: {error}.") from None
            of_attribute = {
                "attribute": name,
                "label": label,
                "model_version": version,
                **comparison.to_dict(),
            }
            if comparison.policy:
                of_attribute["policy"] = {
                    "bands": {label: {"review": None, "remove": None, **comparison.policy}}
                }
            reports.append(of_attribute)
            lines += [*([] if not lines else [""]), *report_lines(comparison, version, label)]
        left_out = [{"line": line, "reason": reason} for line, reason in sorted(rows.bad)]
        report = reports[0] if len(reports) == 1 else {"model_version": version, "attributes": reports}
        report["left_out"] = left_out
        self._write_left_out(rows)
        if options["store"]:
            lines += ["", self._stored(options, rows, columns, kept, new, version)]
        if options["output"] is not None:
            try:
                options["output"].write_text(json.dumps(report, indent=2) + "\n")
            except OSError as error:
                raise CommandError(f"--output: cannot write {options['output']} ({error.strerror})") from None
        self.stdout.write("\n".join(lines))

    def _stored(
        self,
        options: dict[str, Any],
        rows: Rows,
        columns: dict[str, str],
        kept: list[int],
        new: list[dict[str, float]],
        version: str,
    ) -> str:
        """Keep the pairs; return the sentence that says where they are shown."""
        row = ModelVersion.objects.defer("manifest").filter(version=version).first()
        if row is None:
            raise CommandError(f"--store: the database knows no version {version}; register it first")
        try:
            transfer = comparison_store(
                name=options["file"].name,
                source=options["source"],
                wire="perspective",
                columns=columns,
                rows=[ScoredRow(rows.lines[at], rows.texts[at], rows.old[at]) for at in kept],
                ours=[
                    {name: scores[name] for name in rows.old[at]}
                    for at, scores in zip(kept, new, strict=True)
                ],
                version=row,
                keeps_texts=options["keep_texts"],
                text_format=options["format"] or "",
                error_rows=len(rows.bad),
            )
        except InvalidInput as error:
            raise CommandError(f"--source: {error.problems[0].message}") from None
        return f"kept {len(kept):,} pairs; they are shown at /comparisons/{transfer.pk}/"

    def _scored(
        self, rows: Rows, labels: dict[str, str], score: Score
    ) -> tuple[list[int], list[dict[str, float]], str]:
        kept: list[int] = []
        new: list[dict[str, float]] = []
        version = ""
        for first in range(0, len(rows.texts), BATCH):
            results, version = score(rows.texts[first : first + BATCH])
            for at, result in enumerate(results, start=first):
                if isinstance(result, str):
                    rows.bad.append((rows.lines[at], result))
                    continue
                unknown = next((label for label in labels.values() if label not in result), None)
                if unknown is not None:
                    raise CommandError(
                        f"--attribute: {version} has no label {unknown}; it has {', '.join(result)}"
                    )
                kept.append(at)
                new.append({name: result[label] for name, label in labels.items()})
        return kept, new, version

    def _write_left_out(self, rows: Rows) -> None:
        for line, reason in sorted(rows.bad)[:SHOWN_MOST]:
            self.stderr.write(f"line {line}: {reason}; left out")
        if len(rows.bad) > SHOWN_MOST:
            self.stderr.write(f"and {len(rows.bad) - SHOWN_MOST} more lines left out")


def _columns(attributes: list[str], columns: list[str]) -> dict[str, str]:
    """Map attributes to columns, from --attribute NAME[=COLUMN] and --score-column."""
    column_of: dict[str, str] = {}
    if not attributes and len(columns) > 1:
        column_of = {column: column for column in columns}
    elif columns and any("=" in attribute for attribute in attributes):
        raise CommandError("give the columns by --attribute NAME=COLUMN or by --score-column, not by both")
    elif columns and len(columns) != max(1, len(attributes)):
        raise CommandError("--score-column: give one for each --attribute")
    else:
        names = attributes or ["TOXICITY"]
        for index, attribute in enumerate(names):
            name, is_given, column = attribute.partition("=")
            column_of[name] = columns[index] if columns else column if is_given else name
    if len(column_of) < len(attributes) or "" in column_of or "" in column_of.values():
        raise CommandError("--attribute: name each attribute once, as NAME or NAME=COLUMN")
    return column_of


def read_rows(
    path: Path, text: str, scores: dict[str, str], label: str | None, reading: Reading = GUESSED
) -> Rows:
    """Read the rows of the file; of a row that cannot be compared, its line and the reason are kept.

    `scores` are the columns by attribute; with several, a row may leave some empty.
    """
    rows = Rows()
    wanted = [name for name in (text, *scores.values(), label) if name is not None]
    try:
        layout = layout_of(path, reading, names=set(map(folded_name, wanted)))
        _require(path, wanted, layout.header if layout.format == "csv" else None)
        for row in map(perspective_row, rows_of(path, layout)):
            if row.values is None:
                rows.bad.append((row.line, row.problem))
                continue
            if layout.format != "csv" and not rows.lines:
                _require(path, [text], tuple(row.values))
            try:
                kept = _row(row.values, text, scores, label)
            except ValueError as error:
                rows.bad.append((row.line, str(error)))
                continue
            rows.lines.append(row.line)
            rows.texts.append(kept[0])
            rows.old.append(kept[1])
            rows.labels.append(kept[2])
    except FileUnreadable as error:
        raise CommandError(f"{path}: {error}") from None
    return rows


def _require(path: Path, wanted: list[str], names: Sequence[str] | None) -> None:
    missing = [name for name in wanted if names is not None and name not in names]
    if missing:
        columns = ", ".join(names or ()) or "none"
        raise CommandError(f"{path} has no column {', '.join(missing)}; its columns are {columns}")


def _row(
    row: Mapping[str, Any], text: str, scores: dict[str, str], label: str | None
) -> tuple[str, dict[str, float], bool]:
    problem = text_problem(row.get(text))
    if problem is not None:
        raise ValueError(f"{text}: {problem.message.rstrip('.')}")
    old = {}
    for name, column in scores.items():
        try:
            score = read_score(row.get(column))
        except ValueError as error:
            raise ValueError(f"{column}: {str(error).removeprefix('This ').rstrip('.')}") from None
        if score is not None:
            old[name] = score
        elif len(scores) == 1:
            raise ValueError(f"{column}: there is no score")
    if not old:
        raise ValueError(f"{', '.join(scores.values())}: there is no score")
    if label is None:
        return row[text], old, False
    try:
        decided = read_label(row.get(label), "toxic", label)
    except ValueError:
        raise ValueError(f"{label}: is neither yes nor no") from None
    return row[text], old, decided == 1


def _reader(source: str | None, text_format: str) -> Read:
    """Return what reads the texts: the policy of the source, where one is named."""
    if source is None:
        return lambda text: read_text(text, text_format or TextFormat.TEXT).for_scoring()
    policy = policy_for(source_id_of(source))
    return lambda text: policy.for_scoring(text, text_format)


def _by_worker(read: Read, texts: list[str]) -> tuple[list[dict[str, float] | str], str]:
    try:
        results = score_texts(texts=texts, read=read, deadline=DEADLINE_SECONDS)
    except (NoWorker, NoBroker) as error:
        raise CommandError(f"{error} Start it, or score in this process with --here.") from None
    except ScoreTimeout:
        raise CommandError(f"The worker did not answer within {DEADLINE_SECONDS:g} seconds.") from None
    version = next((result.model_version for result in results if isinstance(result, ScoredText)), "")
    scores = [result.scores if isinstance(result, ScoredText) else result.message for result in results]
    return scores, version


def _scorer_here(version: str | None, read: Read) -> Score:
    from classifier.inference.scorer import Scorer

    starter, models = Path(settings.STARTER_MODEL_DIR), Path(settings.MODELS_DIR)
    try:
        folder = starter if version is None else find_version(version, [*shipped_folders(), models])
        scorer = Scorer(
            folder, settings.SCORER_BACKEND, settings.SCORER_TOKEN_BUDGET, settings.SCORE_MAX_WINDOWS
        )
    except InferenceError as error:
        raise CommandError(f"--model: {error}") from None

    def score_alone(text: str) -> dict[str, float] | str:
        try:
            return dict(scorer.score([text])[0].scores)
        except TextTooLong as error:
            return f"needs {error.windows} windows; the limit is {error.limit}"

    def score(originals: list[str]) -> tuple[list[dict[str, float] | str], str]:
        texts = [read(text).text for text in originals]
        try:
            return [dict(result.scores) for result in scorer.score(texts)], scorer.version
        except TextTooLong:
            return [score_alone(text) for text in texts], scorer.version

    return score


def _share(value: str) -> float:
    number = float(value)
    if not 0 < number <= 1:
        raise ValueError
    return number


def report_lines(comparison: Comparison, version: str, label: str) -> Sequence[str]:
    """Write the report as lines to read."""
    lines = [
        f"{comparison.rows:,} rows, {label} by {version}",
        f"correlation: Pearson {_number(comparison.pearson)}, Spearman {_number(comparison.spearman)}",
        "",
        "old score       rows   old mean   new mean   new 10% to 90%",
    ]
    for bin in comparison.bins:
        lines.append(
            f"{bin.begin:.1f} to {bin.end:.1f} {bin.rows:>10,} {bin.old_mean:>10.3f} {bin.new_mean:>10.3f}"
            f"   {bin.new_low:.3f} to {bin.new_high:.3f}"
        )
    lines += ["", "old threshold   flags     new threshold   agreement   kappa   only old   only new"]
    for row in comparison.translations:
        lines.append(
            f"{row.old:<13.3g} {row.old_share:>7.1%} {_number(row.new):>17} {row.agreement:>11.1%} "
            f"{_number(row.kappa):>7} {row.only_old:>10,} {row.only_new:>10,}"
        )
    if comparison.target is not None:
        aim = comparison.target
        reached = (
            f"{_number(aim.threshold)} flags {aim.flagged:,} with precision {_number(aim.precision)} and recall "
            f"{_number(aim.recall)}"
            if aim.threshold is not None
            else "no threshold reaches it"
        )
        lines += ["", f"precision {aim.precision_wished:g}: {reached}"]
    if comparison.policy:
        bands = ", ".join(f"{name} from {value:.3f}" for name, value in comparison.policy.items())
        lines += ["", f"to start a policy with: {bands}"]
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
