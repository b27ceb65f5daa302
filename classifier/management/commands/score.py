"""`manage.py score`: run a model over texts or a file, with neither database nor queue.

./manage.py score "I hate you"
./manage.py score --input comments.csv --text-column body --output scores.jsonl --version starter-1a2b3c4d

A row of the file that cannot be read is answered in its place by {"line": …, "error": …}; the exit code is 3 then.
"""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from classifier.inference import backends
from classifier.inference.artifact import find_version
from classifier.inference.errors import InferenceError, TextTooLong
from classifier.inference.files.layout import DELIMITERS, Reading
from classifier.inference.files.texts import TextRow, text_rows
from classifier.inference.scorer import Scorer, ScoreResult
from classifier.model_versions.model_files import shipped_folders
from toxicsite.lib.files import replacing

# A batch is large enough to group windows of similar length, and small enough for steady memory and progress.
BATCH_TEXTS = 512
BATCH_CHARACTERS = 1 << 20
PROGRESS_SECONDS = 1.0

Write = Callable[[str], object]


class Command(BaseCommand):
    help = "Score texts: one JSON object a line, in the order given. Needs no database and no queue."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django's own --version (of Django) gives way to the model's
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", nargs="*", metavar="TEXT", help="a text to score; or use --input")
        parser.add_argument(
            "--input",
            type=Path,
            metavar="FILE",
            help="a file of texts: CSV, JSON Lines, a JSON list or parquet",
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
        parser.add_argument(
            "--text-column", default="text", metavar="NAME", help="the column of texts [text]"
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="write there instead of standard output"
        )
        parser.add_argument(
            "--version", metavar="ID", help="a model version's id or its folder [models/starter]"
        )
        parser.add_argument("--backend", choices=backends.NAMES, default=settings.SCORER_BACKEND)
        parser.add_argument(
            "--max-windows", type=int, default=settings.SCORE_MAX_WINDOWS, metavar="N",
            help="how many windows of the model's length a text may take [%(default)s]",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        texts = self._texts(options)
        output: Path | None = options["output"]
        if output and options["input"] and output.resolve() == options["input"].resolve():
            raise CommandError("--output: is the same file as --input; choose another one")
        if options["max_windows"] < 1:
            raise CommandError("--max-windows: must be at least 1")
        try:
            folder = self._folder(options["version"])
            scorer = Scorer(folder, options["backend"], settings.SCORER_TOKEN_BUDGET, options["max_windows"])
            with _opened(output, self.stdout) as write:
                unread = self._score(scorer, texts, write)
        except InferenceError as error:
            raise CommandError(str(error)) from None
        if unread:
            raise CommandError(
                f"rows that could not be read: {unread:,}; each has its line and reason", returncode=3
            )

    def _texts(self, options: dict[str, Any]) -> Iterable[TextRow]:
        given, file = options["text"], options["input"]
        if bool(given) == bool(file):
            raise CommandError("give either texts or --input FILE (one of the two)")
        if file:
            try:
                reading = Reading.chosen(encoding=options["encoding"], delimiter=options["delimiter"])
            except ValueError as error:
                raise CommandError(f"--{error.args[0]}: {error.args[1]}") from None
            return text_rows(file, options["text_column"], reading)
        for number, text in enumerate(given, start=1):
            try:
                text.encode()
            except UnicodeEncodeError:
                raise CommandError(
                    f"TEXT {number}: is not valid UTF-8; use --input with a UTF-8 file"
                ) from None
        return [TextRow(number, text) for number, text in enumerate(given, start=1)]

    def _folder(self, version: str | None) -> Path:
        if version is None:
            return Path(settings.STARTER_MODEL_DIR)
        try:
            return find_version(version, [*shipped_folders(), Path(settings.MODELS_DIR)])
        except InferenceError as error:
            raise CommandError(f"--version: {error}") from None

    def _score(self, scorer: Scorer, rows: Iterable[TextRow], write: Write) -> int:
        """Write a line for each row; return how many could not be read."""
        began = reported_at = time.monotonic()
        done = unread = 0
        for batch in _batches(rows):
            texts = [row.text for row in batch if row.text is not None]
            try:
                results = iter(scorer.score(texts))
            except TextTooLong as error:
                before = [at for at, row in enumerate(batch) if row.text is not None][error.index]
                raise CommandError(
                    f"text {done + before + 1}: needs {error.windows} windows, the limit is {error.limit}; "
                    "shorten it or raise --max-windows"
                ) from None
            for row in batch:
                if row.text is None:
                    unread += 1
                    write(json.dumps({"line": row.line, "error": row.problem}, ensure_ascii=False) + "\n")
                else:
                    write(_line(row.text, next(results), scorer.version) + "\n")
            done += len(batch)
            now = time.monotonic()
            if now - reported_at >= PROGRESS_SECONDS:
                self._progress(done, now - began)
                reported_at = now
        self._progress(done, time.monotonic() - began)
        return unread

    def _progress(self, done: int, seconds: float) -> None:
        self.stderr.write(
            f"{done:,} {'text' if done == 1 else 'texts'} scored, {done / max(seconds, 1e-9):,.0f} a second",
            self.style.NOTICE,
        )


def _batches(rows: Iterable[TextRow]) -> Iterator[list[TextRow]]:
    batch: list[TextRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.text or row.problem)
        if len(batch) >= BATCH_TEXTS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _line(text: str, result: ScoreResult, version: str) -> str:
    row: dict[str, Any] = {"text": text, "verdict": result.verdict, "scores": result.scores}
    if result.concern is not None:  # by a model that has an output for it
        row |= {"concern": result.is_concern, "concern_score": result.concern}
    row |= {"read_as": result.read_as, "model_version": version}
    line = json.dumps(row, ensure_ascii=False)
    # a lone surrogate has no UTF-8, but its \u escape is valid JSON
    return line if line.isascii() or _encodable(line) else json.dumps(row)


def _encodable(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _opened(output: Path | None, standard: OutputWrapper) -> Iterator[Write]:
    """Open standard output, or a file that takes its name only when it is complete."""
    if output is None:
        yield standard.write
        return
    try:
        with replacing(output) as aside, aside.open("x", encoding="utf-8") as stream:
            yield stream.write
    except OSError as error:
        raise CommandError(f"--output: cannot write {output} ({error.strerror})") from None
