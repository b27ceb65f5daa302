"""Imports without a worker: a file is brought, and the service that the worker calls does it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classifier.models import Transfer, User
from classifier.transfers.imports import import_create
from classifier.transfers.services import upload_store
from classifier.transfers.worker import transfer_work

Bring = Callable[..., Transfer]


@pytest.fixture(autouse=True)
def transfers_dir(tmp_path: Path, settings: Any) -> Path:
    settings.TRANSFERS_DIR = tmp_path / "transfers"
    return tmp_path / "transfers"


def bring(data: str | bytes, *, by: User | None = None, source: str = "forum", **options: Any) -> Transfer:
    """An import that waits for a worker."""
    stored = upload_store([data if isinstance(data, bytes) else data.encode()])
    return import_create(file=stored, name="given.csv", source=source, by=by, **options)


def imported(data: str | bytes, **options: Any) -> Transfer:
    """An import that a worker has done."""
    transfer = bring(data, **options)
    transfer_work(transfer_id=transfer.pk)
    transfer.refresh_from_db()
    return transfer


def jsonl(*rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)
