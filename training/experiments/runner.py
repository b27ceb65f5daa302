"""Running one experiment: claim it and a device, start its process, follow it, and say how it ended.

The worker's own process stays small and free of torch; the learning happens in `training.ml.job`, which dies with it.
Whoever runs an experiment holds its token and writes only while it is theirs, so that a worker that was given up and
comes back, or a message that is delivered twice, does no harm.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Coalesce, Now

from classifier.core.errors import ArtifactRejected
from toxicsite.lib.die_with_parent import dying_with_parent
from toxicsite.lib.files import write_json
from toxicsite.lib.lifecycle import transition
from training.experiments.devices import worker_devices
from training.experiments.follower import Follower, LostRun, log_tail, plain
from training.experiments.job_spec import CannotStart, job_for, runs_root, teacher_verdict
from training.experiments.queueing import ring_queued
from training.experiments.registration import run_register
from training.experiments.run_events import tell_ended
from training.experiments.services import ASKED_TO_STOP
from training.ml.job.failures import KILLED, failure
from training.ml.job.protocol import DONE, NO_ROOM
from training.models import RUN_TRANSITIONS, Experiment, RunStatus

TICK_SECONDS = 1.0
STOP_SECONDS = 10.0
LEFT = "the worker stops; the run goes on from its checkpoint"
DISK = "The disk is full: free some space, then resume; the run goes on from its checkpoint."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ending:
    """How the process ended: exit code, and whether it was told to stop because of a cancel or of our own leaving."""

    code: int
    cancelled: bool = False
    left: bool = False


def experiment_run(
    *,
    experiment_id: int,
    worker: str,
    shutdown_requested: Callable[[], bool] = lambda: False,
    scored: Callable[[Experiment], None] = lambda experiment: None,
) -> bool:
    """Run a queued experiment to its end; return False when it is not to be run here and now.

    `shutdown_requested` tells that the worker has been asked to stop: the run is then queued again with its checkpoint.
    `scored` is called with the run when it has a new score on validation rows, and when it has ended.
    """
    experiment = _claim(experiment_id, worker)
    if experiment is None:
        return False
    try:
        _run(experiment, shutdown_requested, scored)
    except LostRun:
        logger.warning("Experiment %d is no longer this worker's", experiment_id)
    scored(experiment)
    ring_queued()
    return True


def _claim(experiment_id: int, worker: str) -> Experiment | None:
    """Take the experiment and a device, or fail it when its teacher never comes."""
    devices = worker_devices()
    try:
        with transaction.atomic():
            found = (
                Experiment.objects.queued()
                .select_for_update(of=("self",))
                .select_related("teacher__model_version", "base_version", "dataset")
            )
            experiment = found.filter(pk=experiment_id).first()
            if experiment is None:
                return None
            verdict, why = teacher_verdict(experiment)
            if verdict == "wait":
                return None
            if verdict == "never":
                _move(experiment, RunStatus.FAILED, why, failure_reason=why, finished_at=Now())
                return None
            if Experiment.objects.filter(status=RunStatus.RUNNING, device=devices.name).exists():
                return None
            token = uuid.uuid4()
            _move(
                experiment,
                RunStatus.RUNNING,
                f"taken by {worker}",
                run_token=token,
                worker=worker[:200],
                device=devices.name,
                heartbeat_at=Now(),
                started_at=Coalesce("started_at", Now()),
                finished_at=None,
                cancel_requested_at=None,
                attempts=experiment.attempts + 1,
                failure_reason="",
                progress={"phase": "starting", "step": 0, "steps": 0},
            )
            return experiment
    except IntegrityError:  # another run took the device in this moment
        return None


def _run(
    experiment: Experiment, shutdown_requested: Callable[[], bool], scored: Callable[[Experiment], None]
) -> None:
    """Start the process and bring the experiment to what came of it."""
    try:
        process = _start(experiment)
    except CannotStart as error:
        return _fail(experiment, str(error))
    except OSError as error:
        return _fail(experiment, failure(error).message)
    try:
        ending = _follow(experiment, process, shutdown_requested, scored)
    finally:
        _end(process)
    if ending.code == DONE:
        return _finish(experiment)
    if ending.cancelled:
        return _close(
            experiment,
            RunStatus.CANCELLED,
            "cancelled; its checkpoint is kept",
            by=_who_cancelled(experiment),
        )
    if ending.left:
        return _close(experiment, RunStatus.QUEUED, LEFT, attempts=max(experiment.attempts - 1, 0))
    return _fail(experiment, _why(experiment, ending.code))


def _start(experiment: Experiment) -> "subprocess.Popen[bytes]":
    """Write job.json and start `training.ml.job` in a session of its own, its output in log.txt."""
    runs_root()
    folder = experiment.path
    folder.mkdir(parents=True, exist_ok=True)
    devices = worker_devices()
    write_json(folder / "job.json", job_for(experiment, devices))
    for name in ("progress.jsonl", "error.json"):  # of an earlier try
        (folder / name).unlink(missing_ok=True)
    environment = {
        **os.environ,
        "RUN_PARENT": str(os.getpid()),
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if devices.gpus == 0:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            dying_with_parent([*_nice(), sys.executable, "-m", "training.ml.job", str(folder)]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=settings.BASE_DIR,
            env=environment,
            start_new_session=True,
        )


def _nice() -> list[str]:
    """Let comments that wait for their verdict go first on the same processor."""
    return ["nice", "-n", str(settings.TRAIN_NICE)] if settings.TRAIN_NICE else []


def _follow(
    experiment: Experiment,
    process: "subprocess.Popen[bytes]",
    shutdown_requested: Callable[[], bool],
    scored: Callable[[Experiment], None],
) -> Ending:
    """Carry its progress into the database until it ends; stop it when asked. Raises LostRun."""
    follower = Follower(experiment)
    cancelled = left = False
    while True:
        try:
            code = process.wait(TICK_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        try:
            asked = follower.tick()
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; the run goes on")
            connection.close()
            if code is not None:
                continue  # what came of it has to be written
            asked = False
        if follower.scored:
            scored(experiment)  # a sweep may find it hopeless and cancel it
        if code is not None:
            return Ending(code, cancelled, left)
        left = left or shutdown_requested()
        if asked or left:
            cancelled = asked
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, which saves a checkpoint; SIGKILL to all that is left of it after ten seconds."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _finish(experiment: Experiment) -> None:
    try:
        run_register(experiment=experiment)
    except ArtifactRejected as error:
        _fail(experiment, f"The trained model cannot be registered: {error}")
    except OSError as error:
        _fail(experiment, failure(error).message)


def _why(experiment: Experiment, code: int) -> str:
    """One sentence about a process that ended with `code`."""
    try:
        told: dict[str, Any] = json.loads((experiment.path / "error.json").read_text())
        return str(told["message"])
    except (OSError, ValueError, KeyError):
        pass
    if code == NO_ROOM:
        return DISK
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL) or "Signal 9 (SIGKILL)" in log_tail(
        experiment.path / "log.txt"
    ):
        return KILLED
    if code < 0:
        return f"The run's process was ended by signal {-code}; resume it to go on from the checkpoint."
    return f"The run's process ended with code {code}; its log says more."


def _who_cancelled(experiment: Experiment) -> Any:
    asked = experiment.history.filter(reason=ASKED_TO_STOP).select_related("actor").first()
    return asked.actor if asked else None


def _fail(experiment: Experiment, sentence: str) -> None:
    _close(experiment, RunStatus.FAILED, sentence, failure_reason=sentence)


def _close(experiment: Experiment, to: RunStatus, reason: str, by: Any = None, **fields: Any) -> None:
    """Write the end of our part, if the run is still ours. Raises LostRun."""
    with transaction.atomic():
        row = own_row(experiment)
        if to != RunStatus.QUEUED:
            fields["finished_at"] = Now()
        _move(row, to, reason, by=by, log=plain(log_tail(experiment.path / "log.txt")), **fields)


def own_row(experiment: Experiment) -> Experiment:
    """The locked row, while it is this worker's. Raises LostRun."""
    row = Experiment.objects.select_for_update().filter(
        pk=experiment.pk, run_token=experiment.run_token, status=RunStatus.RUNNING
    )
    found = row.first()
    if found is None:
        raise LostRun
    return found


def _move(experiment: Experiment, to: RunStatus, reason: str, by: Any = None, **fields: Any) -> None:
    transition(experiment, to=to, allowed=RUN_TRANSITIONS, by=by, reason=reason[:500], **fields)
    tell_ended(experiment)
