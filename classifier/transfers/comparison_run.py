"""Run a comparison: the classifying worker scores the texts of a file, and both services' scores are stored.

The texts are read as comments of the source are: in the format that was chosen, or else the policy's.

It asks as backlog, a few texts at a time and only while no live comment waits, and pauses after a moment, so that
imports and exports get their turn. A chunk is one ReferenceCall a row, written together with the byte behind it; so
after a kill another worker goes on without repeating or losing a row.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from django.conf import settings

from classifier.comments.submission import source_get_or_create
from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import ValidationProblem
from classifier.inference.files.rows import FileRow
from classifier.inference.normalise import NormalisedText
from classifier.models import Comment, ModelVersion, Transfer
from classifier.policies.active_policies import policy_for
from classifier.scoring.score_texts import ScoredText, score_texts
from classifier.transfers.comparisons import Pair, ScoredRow, own_scores, pairs_store, scored_row
from classifier.transfers.file_run import Chunk, FileRun, Read, RowErrors, run_file
from classifier.transfers.services import transfer_enqueue, transfer_give_back, transfer_progress

ASK_TEXTS = 16
ASK_CHARACTERS = 4_096
ASK_SECONDS = 60.0
TURN_SECONDS = 5.0
POLL_SECONDS = 0.1
WAITING = "waiting"  # the option that says what a comparison waits for
NO_WORKER = "No worker scores texts at the moment; it goes on when one does."
LIVE_FIRST = "Comments that came in live wait for their verdict; it goes on after them."


class TurnOver(Exception):
    """This process stops, or the turn of this comparison is over before its chunk is scored."""


def comparison_run(*, transfer: Transfer, shutdown_requested: Callable[[], bool] = lambda: False) -> None:
    """Run a claimed comparison for a moment, then release it. Raises TransferLost."""
    run_file(transfer, lambda file: ComparisonRun(transfer, file).go(shutdown_requested))


class ComparisonRun(FileRun[ScoredRow]):
    chunk_rows = 64
    chunk_characters = 65_536

    def __init__(self, transfer: Transfer, file: Path) -> None:
        super().__init__(transfer, file)
        self.source = source_get_or_create(self.options["source"])
        self.versions: dict[str, int] = {}

    def go(self, shutdown_requested: Callable[[], bool]) -> None:
        end = time.monotonic() + TURN_SECONDS
        self.options.pop(WAITING, None)
        self.look()
        self.options.setdefault("since", [time.time(), self.transfer.done_rows])
        for chunk in self.chunks_left():
            try:
                pairs = self._scored(chunk, shutdown_requested, end)
            except TurnOver:
                self._let_go(shutdown_requested)
                return
            except SCORING_ERRORS:
                self.options[WAITING] = NO_WORKER
                transfer_progress(transfer=self.transfer)
                transfer_give_back(transfer=self.transfer)  # the sweep wakes a worker for it again
                return
            self._store(chunk, pairs)
            if shutdown_requested() or (time.monotonic() >= end and self._more(chunk)):
                self._let_go(shutdown_requested)
                return
        self.finish("compare.file_done", source=self.source)

    def read(self, row: FileRow) -> Read[ScoredRow]:
        return scored_row(row, self.options["text"], self.options["columns"])

    def _let_go(self, shutdown_requested: Callable[[], bool]) -> None:
        transfer_progress(transfer=self.transfer)
        transfer_give_back(transfer=self.transfer)
        if not shutdown_requested():
            transfer_enqueue(transfer=self.transfer)

    def _more(self, chunk: Chunk[ScoredRow]) -> bool:
        return chunk.end < self.file.stat().st_size

    def _scored(
        self, chunk: Chunk[ScoredRow], shutdown_requested: Callable[[], bool], end: float
    ) -> list[Pair]:
        """Return the rows of a chunk with this site's scores. Raises TurnOver where live comments wait until `end`."""
        pairs = []
        for rows in _portions(chunk.rows):
            while Comment.objects.pending().filter(is_backlog=False).exists():
                if shutdown_requested() or time.monotonic() >= end + TURN_SECONDS:
                    self.options[WAITING] = LIVE_FIRST
                    raise TurnOver
                self.beat()
                time.sleep(POLL_SECONDS)
            self.beat()
            answers = score_texts(
                texts=[row.text for row in rows], read=self._read, backlog=True, deadline=ASK_SECONDS
            )
            for row, answer in zip(rows, answers, strict=True):
                if isinstance(answer, ScoredText):
                    own = own_scores(answer.scores, self.options["labels"])
                    pairs.append((row, own, self._version(answer.model_version)))
                else:
                    problem = ValidationProblem(self.options["text"], answer.message, answer.code)
                    refused = row.row or FileRow(row.line, None, "", 0, row.line, row.text)
                    chunk.errors.append(RowErrors(refused, [problem]))
        return pairs

    def _read(self, text: str) -> NormalisedText:
        """Return what the model reads of a text, as of a comment of this source in the file's format."""
        return policy_for(self.source.pk).for_scoring(text, self.options.get("text_format", ""))

    def _store(self, chunk: Chunk[ScoredRow], pairs: list[Pair]) -> None:
        chunk.errors.sort(key=lambda error: error.row.line)
        with self.storing(chunk):
            pairs_store(self.transfer, self.source, pairs)
            self.options["stored"] = self.options.get("stored", 0) + len(pairs)

    def _version(self, version: str) -> int:
        if version not in self.versions:
            self.versions[version] = ModelVersion.objects.values_list("pk", flat=True).get(version=version)
        return self.versions[version]


def _portions(rows: Sequence[ScoredRow]) -> Iterator[list[ScoredRow]]:
    """Yield the rows in small portions, each of which is scored in one request."""
    most = min(ASK_TEXTS, settings.BATCH_MAX_COMMENTS)
    portion: list[ScoredRow] = []
    size = 0
    for row in rows:
        if portion and (len(portion) == most or size + len(row.text) > ASK_CHARACTERS):
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += len(row.text)
    if portion:
        yield portion
