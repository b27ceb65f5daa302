"""The way of a training run from the queue to its end, one stage after the other: read STAGES first.

Before the stages `claim` takes the experiment and a device: the run gets a token, and a worker writes only while the
run still has the token that it was given. So a worker that was given up and comes back, or a message that is delivered
twice, does no harm. A stage that cannot go on raises, and `close` writes how the run ended. After the stages `tell`
wakes the sweep that waits for the run, and the runs that wait for the device or for this teacher.

The worker's own process stays small and free of torch; the learning happens in a process of its own, which dies with
it: `training.ml.job.stages` has its stages.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Coalesce, Now

from classifier.core.errors import ArtifactRejected
from classifier.models import User
from toxicsite.lib.die_with_parent import dying_with_parent
from toxicsite.lib.files import write_json
from toxicsite.lib.lifecycle import transition
from training.experiments.follower import Follower, LostRun, log_tail, own_row, plain
from training.experiments.job_spec import CannotStart, job_for, runs_root, teacher_verdict, worker_devices
from training.experiments.registration import run_register
from training.experiments.services import ASKED_TO_STOP, announce_queued, tell_ended
from training.experiments.stage_times import stage_seconds
from training.ml.job.failures import DONE, KILLED, NO_ROOM, failure
from training.models import RUN_TRANSITIONS, Experiment, RunStatus

JOB = (sys.executable, "-m", "training.ml.job")
TICK_SECONDS = 1.0
STOP_SECONDS = 10.0
LEFT = "the worker stops; the run goes on from its checkpoint"
DISK = "The disk is full: free some space, then resume; the run goes on from its checkpoint."

logger = logging.getLogger(__name__)


@dataclass
class Attempt:
    """One worker's try at one experiment, on its way through the stages; each stage fills in what the next needs.

    `code` is the exit code of the process; `cancelled` and `left` say that it was told to stop because of a cancel, or
    because the worker itself leaves.
    """

    experiment: Experiment
    shutdown_requested: Callable[[], bool]
    scored: Callable[[Experiment], None]
    process: "subprocess.Popen[bytes] | None" = None
    code: int | None = None
    cancelled: bool = False
    left: bool = False


@dataclass(eq=False)
class RunEnds(Exception):
    """The run ends here, before all stages are done: its next status, why, and what else to write into the row."""

    to: RunStatus
    reason: str
    by: User | None = None
    fields: dict[str, Any] = field(default_factory=dict)


Stage = Callable[[Attempt], None]


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
    experiment = claim(experiment_id, worker)
    if experiment is None:
        return False
    attempt = Attempt(experiment, shutdown_requested, scored)
    try:
        try:
            for stage in STAGES:
                stage(attempt)
        except RunEnds as end:
            close(attempt, end)
        except (CannotStart, ArtifactRejected, OSError) as error:
            close(attempt, _failed(_sentence(error)))
    except LostRun:
        logger.warning("Experiment %d is no longer this worker's", experiment_id)
    tell(attempt)
    return True


def claim(experiment_id: int, worker: str) -> Experiment | None:
    """Take the experiment and a device, or fail it when its teacher never comes."""
    devices = worker_devices()
    try:
        with transaction.atomic():
            queued = (
                Experiment.objects.queued()
                .select_for_update(of=("self",))
                .select_related("teacher__model_version", "base_version", "dataset")
            )
            experiment = queued.filter(pk=experiment_id).first()
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
                progress={"phase": "starting", "step": 0, "steps": 0, "stages": stage_seconds(experiment)},
            )
            return experiment
    except IntegrityError:  # another run took the device in this moment
        return None


def prepare(attempt: Attempt) -> None:
    """Resolve configuration, rows and start of the run into job.json. Raises CannotStart and OSError."""
    runs_root()
    folder = attempt.experiment.path
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "job.json", job_for(attempt.experiment, worker_devices()))
    for name in ("progress.jsonl", "error.json"):  # of an earlier try
        (folder / name).unlink(missing_ok=True)


def launch(attempt: Attempt) -> None:
    """Start the process of the run. Raises OSError."""
    attempt.process = start_job(attempt.experiment.path)


def follow(attempt: Attempt) -> None:
    """Carry progress, curves and log into the database until the process ends; stop it when asked. Raises LostRun."""
    process = attempt.process
    assert process is not None
    follower = Follower(attempt.experiment)
    try:
        while attempt.code is None:
            try:
                code = process.wait(TICK_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
            try:
                cancel = follower.tick()
            except (OperationalError, InterfaceError):
                logger.warning("The database does not answer; the run goes on")
                connection.close()
                if code is not None:
                    continue  # what came of it has to be written
                cancel = False
            if follower.scored:
                attempt.scored(attempt.experiment)  # a sweep may find it hopeless and cancel it
            attempt.code = code
            if code is None:
                attempt.left = attempt.left or attempt.shutdown_requested()
                if cancel or attempt.left:
                    attempt.cancelled = cancel
                    _end(process)
    finally:
        _end(process)


def conclude(attempt: Attempt) -> None:
    """Go on only where the process has done everything. Raises RunEnds with why it has not."""
    experiment, code = attempt.experiment, attempt.code
    assert code is not None
    if code == DONE:
        return
    if attempt.cancelled:
        by = _who_cancelled(experiment)
        raise RunEnds(RunStatus.CANCELLED, "cancelled; its checkpoint is kept", by)
    if attempt.left:
        raise RunEnds(RunStatus.QUEUED, LEFT, fields={"attempts": max(experiment.attempts - 1, 0)})
    raise _failed(_why(experiment, code))


def register(attempt: Attempt) -> None:
    """Make the artifact a candidate version with its evaluation, and the run a success.

    Raises LostRun, ArtifactRejected and OSError.
    """
    run_register(experiment=attempt.experiment)


STAGES: tuple[Stage, ...] = (
    prepare,  # what is to be done, as a file
    launch,  # the process that does it
    follow,  # into the database, until it ends
    conclude,  # how it ended: go on only if everything is done
    register,  # the candidate version with its evaluation
)


def close(attempt: Attempt, end: RunEnds) -> None:
    """Write how the run ended, if it is still this worker's. Raises LostRun."""
    fields = dict(end.fields)
    with transaction.atomic():
        row = own_row(attempt.experiment)
        if end.to != RunStatus.QUEUED:
            fields["finished_at"] = Now()
        log = plain(log_tail(attempt.experiment.path / "log.txt"))
        _move(row, end.to, end.reason, by=end.by, log=log, **fields)


def tell(attempt: Attempt) -> None:
    """Tell the sweep that the run has ended, and announce the runs that wait for the device or for this teacher."""
    attempt.scored(attempt.experiment)
    announce_queued()


def start_job(folder: Path) -> "subprocess.Popen[bytes]":
    """Start the job in `folder` in a session of its own, its output at the end of log.txt there. Raises OSError.

    Comments that wait for their verdict go first on the same processor (TRAIN_NICE).
    """
    nice = ["nice", "-n", str(settings.TRAIN_NICE)] if settings.TRAIN_NICE else []
    environment = {
        **os.environ,
        "RUN_PARENT": str(os.getpid()),
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if worker_devices().gpus == 0:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            dying_with_parent([*nice, *JOB, str(folder)]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=settings.BASE_DIR,
            env=environment,
            start_new_session=True,
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Send SIGTERM, after which a checkpoint is saved; SIGKILL to all that is left of it after ten seconds."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _failed(sentence: str) -> RunEnds:
    return RunEnds(RunStatus.FAILED, sentence, fields={"failure_reason": sentence})


def _sentence(error: Exception) -> str:
    """Say in a sentence what stopped a stage, and what to do."""
    if isinstance(error, CannotStart):
        return str(error)
    if isinstance(error, ArtifactRejected):
        return f"The trained model cannot be registered: {error}"
    return failure(error).message


def _why(experiment: Experiment, code: int) -> str:
    """Return one sentence about a process that ended with `code`."""
    try:
        error: dict[str, Any] = json.loads((experiment.path / "error.json").read_text())
        return str(error["message"])
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


def _who_cancelled(experiment: Experiment) -> User | None:
    request = experiment.history.filter(reason=ASKED_TO_STOP).select_related("actor").first()
    return request.actor if request else None


def _move(experiment: Experiment, to: RunStatus, reason: str, by: Any = None, **fields: Any) -> None:
    transition(experiment, to=to, allowed=RUN_TRANSITIONS, by=by, reason=reason[:500], **fields)
    tell_ended(experiment)
