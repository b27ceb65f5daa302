"""Test suites of the Hugging Face hub: asked for in a moment, loaded by the training worker.

Each one that is asked for has a folder below RUNS_DIR until it is a suite: `wanted.json` says what to load, and
`error.json` why it failed.
"""

import json
import logging
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from django.conf import settings
from django.db import connection

from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.files import write_json
from toxicsite.lib.jobs import enqueue_now, enqueue_on_commit
from training.core.errors import SuiteRejected
from training.evaluations.suites import checked_label, checked_name, suite_store
from training.experiments.job_spec import runs_root
from training.experiments.registration import read_json
from training.ml.evaluation.hub_suites import REFUSED, SUITE_PRESETS
from training.ml.evaluation.suites import CASES, Case
from training.ml.file_format.hub import check_hub_name
from training.ml.file_format.rows import RowsRejected
from training.ml.json_reader import read
from training.models import TestSuite

LOAD_TASK = "training.suite_load"
LOAD_LOCK = 0x746F7803  # the first half of the advisory lock's key; the second is made of the folder's name
FOLDER = "suites"
WANTED = "wanted.json"
ERROR = "error.json"
EMPTY_FOLDER = "empty"
SECONDS = 600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WantedSuite:
    """A hub suite that waits to be loaded; `key` names its folder, `problem` says why loading it failed."""

    key: str = ""
    name: str = ""
    hub_name: str = ""
    configuration: str = ""
    revision: str = ""
    label: str = "toxic"
    description: str = ""
    by: int | None = None
    problem: str = ""

    @property
    def state(self) -> str:
        return "failed" if self.problem else "loading"


def suite_from_hub(
    *,
    hub_name: str,
    by: User | None,
    name: str = "",
    label: str = "toxic",
    description: str = "",
    configuration: str = "",
    revision: str = "",
) -> WantedSuite:
    """Record that a hub suite is wanted and notify the training worker, which loads it.

    `hub_name` is OWNER/NAME or the name of a preset, such as hatecheck or hatecheck-spanish, whose title and
    description are taken where none is given. Raises SuiteRejected for what can be seen at once, and PermissionDenied.
    """
    require_permission(by, "training.add_testsuite")
    hub_name = hub_name.strip()
    preset = SUITE_PRESETS.get(hub_name)
    if preset is None:
        preset = next((known for known in SUITE_PRESETS.values() if known.hub_name == hub_name), None)
    hub_name = preset.hub_name if preset else hub_name
    try:
        check_hub_name(hub_name)
    except RowsRejected as error:
        raise SuiteRejected("hub_name", f"{error}") from error
    name = checked_name(name or (preset.title if preset else hub_name))
    if TestSuite.objects.filter(name=name).exists():
        raise SuiteRejected("name", f"There is a test suite called “{name}” already.")
    wanted = WantedSuite(
        key=secrets.token_hex(8),
        name=name,
        hub_name=hub_name,
        configuration=configuration.strip(),
        revision=revision.strip(),
        label=checked_label(label),
        description=description.strip() or (preset.description if preset else ""),
        by=by.pk if by else None,
    )
    for earlier in suites_wanted():
        if earlier.name == name and earlier.problem:
            suite_forget(key=earlier.key, by=by)
    folder = _folder(wanted.key)
    folder.mkdir(parents=True)
    write_json(folder / WANTED, asdict(wanted))
    enqueue_on_commit(LOAD_TASK, key=wanted.key)
    return wanted


def suites_wanted() -> list[WantedSuite]:
    """Return the hub suites that wait to be loaded or could not be, by name."""
    known = []
    for path in Path(runs_root() / FOLDER).glob(f"*/{WANTED}"):
        wanted = read(WantedSuite, read_json(path))
        error = read_json(path.parent / ERROR) or {}
        known.append(WantedSuite(**{**asdict(wanted), "problem": str(error.get("message", ""))}))
    return sorted(known, key=lambda wanted: wanted.name)


def suite_forget(*, key: str, by: User | None) -> None:
    """Take a hub suite that failed to load, or still waits, off the list. Raises PermissionDenied."""
    require_permission(by, "training.add_testsuite")
    if key in {wanted.key for wanted in suites_wanted()}:
        shutil.rmtree(_folder(key), ignore_errors=True)


def suite_load(*, key: str) -> TestSuite | None:
    """Load a hub suite that waits for it and return it; the training worker's part. Safe to repeat and to kill.

    None where nothing waits under this key, another worker is loading it, or it cannot be loaded: then its folder says
    why, and it waits for a person.
    """
    wanted = next((row for row in suites_wanted() if row.key == key and not row.problem), None)
    if wanted is None or not _locked(key):
        return None
    try:
        return _load(wanted)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOAD_LOCK, _lock_number(key)])


def suites_announce() -> None:
    """Announce the suites that wait to be loaded again, for the periodic sweep: a message may have been lost."""
    try:
        for wanted in suites_wanted():
            if not wanted.problem:
                enqueue_now(LOAD_TASK, key=wanted.key)
    except NoBroker:
        logger.warning("Redis does not answer; the next sweep queues the suites that wait to be loaded")


def _load(wanted: WantedSuite) -> TestSuite | None:
    folder = _folder(wanted.key)
    try:
        suite = suite_store(
            name=wanted.name,
            kind=CASES,
            label=wanted.label,
            description=wanted.description,
            cases=[Case(**case) for case in _read_in_child(wanted, folder)],
            by=User.objects.filter(pk=wanted.by).first() if wanted.by is not None else None,
        )
    except SuiteRejected as error:
        write_json(folder / ERROR, {"message": error.message})
        return None
    shutil.rmtree(folder, ignore_errors=True)
    return suite


def _read_in_child(wanted: WantedSuite, folder: Path) -> list[dict[str, Any]]:
    """Read the cases in a process whose working directory is empty. Raises SuiteRejected."""
    work = folder / EMPTY_FOLDER
    work.mkdir(exist_ok=True)
    write_json(folder / "job.json", asdict(wanted))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "training.ml.evaluation.hub_suites", str(folder.resolve())],
            cwd=work,
            env=os.environ | {"PYTHONPATH": str(settings.BASE_DIR), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SuiteRejected(
            "hub_name", f"Loading took longer than {SECONDS:.0f} seconds; try again later."
        ) from error
    if done.returncode == 0:
        cases: list[dict[str, Any]] = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
        return cases
    if done.returncode == REFUSED:
        message = str((read_json(folder / ERROR) or {}).get("message"))
        raise SuiteRejected("hub_name", f"{message[:1].upper()}{message[1:]}")
    logger.error("loading the suite %s failed: %s", wanted.hub_name, done.stderr.decode("utf-8", "replace"))
    raise SuiteRejected("hub_name", "Loading failed; the log of the training worker has the details.")


def _folder(key: str) -> Path:
    return runs_root() / FOLDER / key


def _locked(key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOAD_LOCK, _lock_number(key)])
        return bool(cursor.fetchone()[0])


def _lock_number(key: str) -> int:
    return crc32(key.encode()) % 2**31
