"""However large a file is, reading, checking and counting it takes the same memory."""

import tracemalloc
from typing import Any

import pytest

from classifier.models import Transfer
from classifier.tests.transfers.conftest import imported
from classifier.transfers import import_run
from classifier.transfers.worker import RUNS

pytestmark = pytest.mark.django_db
MEBIBYTE = 1024 * 1024


def peak(rows: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The most that an import of `rows` rows held at once, without the database's part."""
    line = '"' + "a comment of some length, with quotes " * 8 + '",{},ann\n'
    data = "text,id,author\n" + "".join(line.format(number) for number in range(rows))
    stored: list[int] = []

    def count(rows: Any, **kwargs: Any) -> int:
        stored.append(len(rows))
        return len(rows)

    monkeypatch.setattr(import_run, "rows_store", count)
    run = import_run.import_run

    def measured(**kwargs: Any) -> None:
        tracemalloc.start()
        run(**kwargs)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    peaks: list[int] = []
    monkeypatch.setitem(RUNS, Transfer.Kind.IMPORT, measured)
    transfer = imported(data)
    monkeypatch.undo()
    assert (transfer.status, sum(stored)) == (Transfer.Status.SUCCEEDED, rows)
    assert len(data) > rows * 300
    return peaks[0]


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    folder = settings.TRANSFERS_DIR
    small = peak(3_000, monkeypatch)
    settings.TRANSFERS_DIR = folder
    large = peak(12_000, monkeypatch)
    assert large < small * 1.2
    assert large < 8 * MEBIBYTE
