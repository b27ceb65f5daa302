"""`toxicsite-score`: run a model over texts or a file, with no database, no queue and no settings.

toxicsite-score "I hate you"
toxicsite-score --input comments.parquet --text-column body --keep id --output scores.parquet --version starter-1a2b3c4d

`manage.py score` takes the same options, with the defaults of the site's settings. A row of the file that cannot be
read is answered in its place, with its line and the reason; the exit code is 3 then.
"""

import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.inference import backends
from classifier.inference.artifact import MANIFEST, find_version
from classifier.inference.errors import InferenceError
from classifier.inference.files.layout import DELIMITERS, Reading
from classifier.inference.files.texts import TextRow, text_rows
from classifier.inference.score_files import FileJob, ScoreFileError, score_file, score_lines
from classifier.inference.scorer import Scorer
from toxicsite.lib.files import replacing

SHIPPED = Path(__file__).resolve().parents[2] / "models"
PROGRESS_SECONDS = 1.0
INTERRUPTED = 130
UNREADABLE = 3

Say = Callable[[str], object]


@dataclass(frozen=True)
class Defaults:
    """What holds where an option is left out: the model, where versions are looked for, and how it is run."""

    model: Path
    places: tuple[Path, ...]
    backend: str = "auto"
    token_budget: int = 2_048
    max_windows: int = 64


def add_arguments(parser: ArgumentParser, defaults: Defaults) -> None:
    parser.add_argument("text", nargs="*", metavar="TEXT", help="a text to score; or use --input")
    parser.add_argument(
        "--input", type=Path, metavar="FILE", help="a file of texts: CSV, JSON Lines, a JSON list or parquet"
    )
    parser.add_argument(
        "--encoding", default="", metavar="NAME", help="of --input, such as cp1252 [found out]"
    )
    parser.add_argument(
        "--delimiter",
        default="",
        choices=["", *DELIMITERS.values()],
        help="between columns of CSV [found out]",
    )
    parser.add_argument("--text-column", default="text", metavar="NAME", help="the column of texts [text]")
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="NAME",
        help="a column of --input that each row of the output has too; may be given several times",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write there instead of standard output: parquet by its name, else JSON Lines; the same command, "
        "started again after a kill, goes on with what is missing",
    )
    parser.add_argument(
        "--version", metavar="ID", help=f"a model version's id or its folder [{defaults.model}]"
    )
    parser.add_argument("--backend", choices=backends.NAMES, default=defaults.backend)
    parser.add_argument(
        "--max-windows", type=int, default=defaults.max_windows, metavar="N",
        help="how many windows of the model's length a text may take [%(default)s]",
    )  # fmt: skip


def run(options: Namespace, defaults: Defaults, write: Say, report: Say) -> int:
    """Score what the options name; return how many rows could not be read. Raises InferenceError."""
    if bool(options.text) == bool(options.input):
        raise ScoreFileError("give either texts or --input FILE (one of the two)")
    if options.output and options.input and options.output.resolve() == options.input.resolve():
        raise ScoreFileError("--output: is the same file as --input; choose another one")
    if options.max_windows < 1:
        raise ScoreFileError("--max-windows: must be at least 1")
    if options.keep and not options.input:
        raise ScoreFileError("--keep: names columns of --input, which is not given")
    rows = _given(options.text) if options.text else None
    scorer = Scorer(_folder(options, defaults), options.backend, defaults.token_budget, options.max_windows)
    progress = Progress(report)
    if options.input and options.output:
        job = FileJob(
            options.input, options.output, options.text_column, tuple(options.keep), _reading(options)
        )
        if not options.output.parent.is_dir():
            raise ScoreFileError(f"--output: cannot write {options.output} (no such folder)")
        unread = score_file(scorer, job, progress)
    else:
        if rows is None:
            rows = text_rows(options.input, options.text_column, _reading(options), keep=options.keep)
        progress(0)
        unread = _to_stream(scorer, rows, options.output, write, progress)
    progress.end()
    return unread


class Progress:
    """Says how many texts are scored and how fast, once a second and at the end.

    The first call says how many were scored by an earlier start.
    """

    def __init__(self, report: Say) -> None:
        self.report = report
        self.began = self.said = time.monotonic()
        self.done = 0
        self.before: int | None = None

    def __call__(self, done: int) -> None:
        if self.before is None:
            self.before = done
            if done:
                self.report(f"{done:,} texts were scored before; going on behind them")
        self.done = done
        if time.monotonic() - self.said >= PROGRESS_SECONDS:
            self.end()

    def end(self) -> None:
        self.said = time.monotonic()
        rate = (self.done - (self.before or 0)) / max(self.said - self.began, 1e-9)
        self.report(f"{self.done:,} {'text' if self.done == 1 else 'texts'} scored, {rate:,.0f} a second")


def _given(texts: Sequence[str]) -> Iterable[TextRow]:
    for number, text in enumerate(texts, start=1):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ScoreFileError(
                f"TEXT {number}: is not valid UTF-8; use --input with a UTF-8 file"
            ) from None
    return [TextRow(number, text) for number, text in enumerate(texts, start=1)]


def _reading(options: Namespace) -> Reading:
    try:
        return Reading.chosen(encoding=options.encoding, delimiter=options.delimiter)
    except ValueError as error:
        raise ScoreFileError(f"--{error.args[0]}: {error.args[1]}") from None


def _folder(options: Namespace, defaults: Defaults) -> Path:
    if options.version is None:
        if not (defaults.model / MANIFEST).is_file():
            raise ScoreFileError(f"--version: name the folder of a model; there is none at {defaults.model}")
        return defaults.model
    try:
        return find_version(options.version, defaults.places)
    except InferenceError as error:
        raise ScoreFileError(f"--version: {error}") from None


def _to_stream(
    scorer: Scorer, rows: Iterable[TextRow], output: Path | None, write: Say, progress: Progress
) -> int:
    if output is None:
        return score_lines(scorer, rows, write, progress)
    try:
        with replacing(output) as aside, aside.open("x", encoding="utf-8") as stream:
            return score_lines(scorer, rows, stream.write, progress)
    except OSError as error:
        raise ScoreFileError(f"--output: cannot write {output} ({error.strerror})") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = ArgumentParser(
        prog="toxicsite-score", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models", type=Path, default=SHIPPED, metavar="FOLDER", help="where versions lie [%(default)s]"
    )
    add_arguments(parser, Defaults(SHIPPED / "starter", ()))
    options = parser.parse_args(arguments)
    defaults = Defaults(options.models / "starter", (options.models,))
    try:
        unread = run(options, defaults, sys.stdout.write, lambda text: print(text, file=sys.stderr))  # noqa: T201
    except InferenceError as error:
        print(f"toxicsite-score: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("toxicsite-score: stopped; the same command goes on with what is missing", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    if unread:
        print(f"toxicsite-score: {unreadable(unread)}", file=sys.stderr)  # noqa: T201
    return UNREADABLE if unread else 0


def unreadable(count: int) -> str:
    return f"rows that could not be read: {count:,}; each has its line and reason"
