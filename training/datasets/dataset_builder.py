"""Building datasets: a child process reads and checks the rows, then folder and database row appear together."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.storage_errors import is_disk_full, reports_disk_full
from toxicsite.lib.upsert import try_insert
from training.core.errors import DatasetDiskFull, DatasetRejected
from training.models import Dataset

NAME_CHARACTERS = 150
EMPTY_FOLDER = "empty"
REFUSED = 2  # the child's exit code when it says why in error.json
READING_AT_ONCE = 2
READING_WAIT_SECONDS = 10.0

_reading = threading.BoundedSemaphore(READING_AT_ONCE)


def check_new(*, name: str, by: User | None) -> str:
    """Return the name stripped when `by` may add a dataset of this name. Raises DatasetRejected, PermissionDenied."""
    require_permission(by, "training.add_dataset")
    name = " ".join(name.split())
    if not name:
        raise DatasetRejected("name", "Give the dataset a name.")
    if len(name) > NAME_CHARACTERS:
        raise DatasetRejected("name", f"The name has {len(name)} characters; at most {NAME_CHARACTERS} fit.")
    if Dataset.objects.filter(name=name).exists():
        raise DatasetRejected("name", f"There is a dataset called “{name}” already; choose another name.")
    return name


@dataclass(frozen=True)
class HoldOut:
    """Sources whose rows nobody learns from, and that are test rows instead.

    `smallest`: where none is named and several have enough rows of both kinds, the smallest one.
    """

    sources: tuple[str, ...] = ()
    smallest: bool = False

    def job(self) -> dict[str, Any]:
        """Return it as the process that freezes rows reads it."""
        return {"sources": list(self.sources), "smallest": self.smallest}


NOTHING_HELD_OUT = HoldOut()


@contextmanager
def incoming_folder(field: str = "") -> Iterator[Path]:
    """Yield a folder beside those of the datasets, and remove it afterwards, whatever happened.

    Raises DatasetRejected, and DatasetDiskFull (`field` names the rows there is no room for) where the disk is full.
    """
    root = Path(settings.DATASETS_DIR)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".incoming-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        if is_disk_full(error):
            raise DatasetDiskFull(field) from error
        raise DatasetRejected(
            "", f"The files cannot be written to {root}: {error.strerror or error}. Nothing was stored."
        ) from error


def run_child(job: Mapping[str, Any], folder: Path, *, bounded: bool = True) -> dict[str, Any]:
    """Let a child process write what `job` names into `folder`/out; return its report. Raises DatasetRejected.

    `bounded` children may use no more than DATASET_MEMORY_MIB and DATASET_READ_SECONDS, and this process waits for few
    of them at the same time, so that threads of the web server are left for everybody else.
    """
    if not bounded:
        return _run_child(job, folder, bounded=False)
    if not _reading.acquire(timeout=READING_WAIT_SECONDS):
        raise DatasetRejected(
            "file",
            f"{READING_AT_ONCE} other files are being read at this moment; send this one again in a minute.",
        )
    try:
        return _run_child(job, folder, bounded=True)
    finally:
        _reading.release()


def _run_child(job: Mapping[str, Any], folder: Path, *, bounded: bool) -> dict[str, Any]:
    work = folder / EMPTY_FOLDER  # where the child runs: no relative name can be a folder there
    work.mkdir(exist_ok=True)
    test_set = Dataset.objects.test_set()
    whole = {
        "limits": {"bytes": settings.DATASET_MAX_BYTES, "rows": settings.DATASET_MAX_ROWS},
        "memory_mib": settings.DATASET_MEMORY_MIB if bounded else 0,
        "test_set": str(test_set.file("test").resolve()) if test_set is not None else None,
        **job,
    }
    (folder / "job.json").write_text(json.dumps(whole), encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(settings.BASE_DIR),
        "OPENBLAS_NUM_THREADS": "1",  # each thread's stack counts against the memory that the child may have
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "training.ml.file_format.job", str(folder.resolve())],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=settings.DATASET_READ_SECONDS if bounded else None,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DatasetRejected(
            "file",
            f"Reading this takes longer than {settings.DATASET_READ_SECONDS:.0f} seconds (DATASET_READ_SECONDS); "
            "bring fewer rows.",
        ) from error
    if done.returncode == 0:
        report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return report
    if reports_disk_full(done.stderr.decode("utf-8", "replace")):
        raise DatasetDiskFull("file")
    if done.returncode == REFUSED:
        problem = json.loads((folder / "error.json").read_text(encoding="utf-8"))
        raise DatasetRejected(problem["field"], problem["message"])
    last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"])[
        -1
    ]
    if done.returncode < 0 or "MemoryError" in last or "bad_alloc" in last:
        raise DatasetRejected(
            "file", "Reading this takes more memory than is allowed (DATASET_MEMORY_MIB); bring fewer rows."
        )
    raise DatasetRejected("file", f"The rows cannot be read: {last[:300]}")


def dataset_store(
    *, folder: Path, report: Mapping[str, Any], dataset: Dataset | None = None, name: str, **fields: Any
) -> Dataset:
    """Move `folder`/out to its place and record it, both or neither; a waiting `dataset` is filled in.

    Raises DatasetRejected when the name was taken in the meantime.
    """
    directory = f"{slugify(name)[:60] or 'data'}-{secrets.token_hex(4)}"
    target = Path(settings.DATASETS_DIR) / directory
    (folder / "out").rename(target)
    contents = {
        "directory": directory,
        "labels": report["labels"],
        "rows": report["rows"],
        "fingerprints": report["fingerprints"],
        "statistics": report["statistics"],
    }
    try:
        with transaction.atomic():
            if dataset is None:
                made = Dataset(name=name, **fields, **contents)
                if try_insert(made):
                    return made
                raise DatasetRejected(
                    "name", f"There is a dataset called “{name}” already; choose another name."
                )
            if Dataset.objects.usable().filter(pk=dataset.pk, directory="").update(**contents) == 1:
                dataset.refresh_from_db()
                return dataset
    except BaseException:  # the name is taken, or the database away: leave no folder that no row names
        shutil.rmtree(target, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)  # it was deleted, or another worker loaded it meanwhile
    dataset.refresh_from_db()
    return dataset
