"""The measured half of the transfer benchmark: `python -m benchmarks.transfer_work STEP ROWS` on its own database.

A step is import, export-csv, export-jsonl or search; each prints one JSON list.
"""

import csv
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPEATS = 10
EVERY_TEXT = 400  # one text of this many holds the rare words
SEARCHES = (
    ("a frequent word", "{frequent}"),
    ("a word in one of 400 texts", "needle"),
    ("a whole word in quotes", '"needle"'),
    ("two words in quotes, one after the other", '"needle haystack"'),
    ("part of a word", "eedl"),
    ("a disguised word", "n33dl!e"),
    ("without another word", "needle -haystack"),
    ("one or the other", "haystack or needle"),
    ("a word in no text", "xylophonist"),
    ("a phrase in no text", '"needle xylophonist"'),
    ("a smiley, among the newest", ":-)"),
)


def main(step: str, rows: int) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "toxicsite.settings"
    django.setup()
    if step == "import":
        results = [_import(rows)]
    elif step.startswith("export"):
        results = [_export(step.partition("-")[2])]
    else:
        results = list(_searches())
    print(json.dumps(results))


def _import(rows: int) -> dict[str, Any]:
    from django.conf import settings

    from classifier.transfers.import_run import import_run
    from classifier.transfers.imports import import_command

    path = Path(settings.VAR_DIR) / "given.csv"
    _write(path, rows)
    before, began = _memory("VmRSS"), time.perf_counter()
    transfer = import_command(path=path, source="forum")
    import_run(transfer=transfer, path=path)
    seconds = time.perf_counter() - began
    if (transfer.status, transfer.options["stored"]) != ("succeeded", rows):
        raise RuntimeError(f"{transfer.status}: {transfer.failure_reason}")
    return {
        "what": "import CSV",
        "rows": rows,
        "bytes": path.stat().st_size,
        "seconds": seconds,
        "before": before,
        "peak": _memory("VmHWM"),
    }


def _export(file_format: str) -> dict[str, Any]:
    from classifier.transfers.exports import export_stream, filters_of

    before, began, size, rows = _memory("VmRSS"), time.perf_counter(), 0, 0

    def keep_count(number: int) -> None:
        nonlocal rows
        rows = number

    for piece in export_stream(filters=filters_of({}), file_format=file_format, by=None, report=keep_count):
        size += len(piece)
    return {
        "what": f"export {file_format.upper()}",
        "rows": rows,
        "bytes": size,
        "seconds": time.perf_counter() - began,
        "before": before,
        "peak": _memory("VmHWM"),
    }


def _searches() -> Iterator[dict[str, Any]]:
    """Yield a page of 50 of every status, newest first, as the list page asks for it."""
    from django.db import connection

    from benchmarks.queue_work import _plan
    from benchmarks.texts import WORDS
    from classifier.review.filters import QueueFilters
    from classifier.review.selectors import queue_count, queue_page

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE classifier_comment")
    for what, typed in SEARCHES:
        filters = QueueFilters(status="all", text=typed.format(frequent=WORDS[0]))

        def read(filters: QueueFilters = filters) -> Any:
            return queue_page(user=None, filters=filters, order="newest", size=50)

        def count(filters: QueueFilters = filters) -> Any:
            return queue_count(user=None, filters=filters)

        for name, work in (("page", read), ("count", count)):
            times = []
            for _ in range(REPEATS):
                began = time.perf_counter()
                result = work()
                times.append((time.perf_counter() - began) * 1e3)
            hits = str(result) if name == "count" else str(len(result.comments))
            plan = _plan(work, "SELECT")
            yield {"what": f"{name}: {what}", "times": times, "found": hits, "plan": plan}


def _write(path: Path, rows: int) -> None:
    from benchmarks.queue_rows import _texts

    generator = random.Random(5)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "external_id", "author", "created_at"])
        for line in _texts(rows):
            number, _, text = line.rstrip("\n").partition("\t")
            if int(number) % EVERY_TEXT == 0:
                text += generator.choice(
                    [" needle haystack", " needle, haystack", " haystack needle", " n33dl!e needle"]
                )
            day = f"2026-{1 + int(number) % 10:02}-{1 + int(number) % 28:02}T10:00:00Z"
            writer.writerow([text, f"post-{number}", f"author-{int(number) % 50_000}", day])


def _memory(name: str) -> int:
    """Return a line of /proc/self/status in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
