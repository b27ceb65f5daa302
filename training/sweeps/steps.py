"""One step of a sweep, as far as it goes now: tell what has ended, stop what is hopeless, ask for the next trials.

It may be called as often as one likes, by several workers, and be killed anywhere: a trial lives in Optuna's storage
from the moment it is asked for, its run is found again by its number, and telling twice does nothing.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.services import experiment_create
from training.ml.search import study as studies
from training.ml.search.objectives import NoValue
from training.ml.search.study import SweepPlan
from training.models import OVER, SWEEP_TRANSITIONS, Experiment, RunStatus, Sweep
from training.sweeps.optuna_storage import StorageRefused, sweep_storage
from training.sweeps.selectors import plan_of, trial_config
from training.sweeps.services import active_trials, cancel_trials, sweep_train_best

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

logger = logging.getLogger(__name__)
STEPPING = 7_203_002  # advisory lock, with the sweep's id: one step of a sweep at a time
FAILURES_IN_A_ROW = 3  # trials that failed one after the other: something other than the values is wrong
THROWN_AWAY = ("*.safetensors", "teacher-logits-*.npy")


def sweeps_step() -> None:
    """Step every sweep that is not over; called by the periodic task. One that cannot be stepped stops no other."""
    for sweep in Sweep.objects.exclude(status__in=OVER).order_by("pk"):
        try:
            sweep_step(sweep=sweep)
        except Exception:
            logger.exception("sweep %s could not be stepped; the next turn tries again", sweep.pk)


def sweep_step(*, sweep: Sweep) -> None:
    """Take a sweep as far as it goes now; does nothing while another worker does."""
    with _alone(sweep) as alone:
        if not alone:
            return
        sweep.refresh_from_db()
        try:
            if sweep.deleted_at is not None:
                studies.forget_study(sweep_storage(), sweep.study_name)
            elif not sweep.is_over:
                _step(sweep)
        except StorageRefused as refused:
            _end(sweep, RunStatus.FAILED, str(refused))
        except LostRace:  # somebody cancelled it a moment ago
            logger.info("sweep %s changed while it was stepped", sweep.pk)


def trial_step(run: Experiment) -> None:
    """Step the sweep that a run is a trial of; whatever goes wrong there does not end the run."""
    if run.sweep is None:
        return
    try:
        sweep_step(sweep=run.sweep)
    except Exception:
        logger.exception("sweep %s could not be stepped; the periodic task tries again", run.sweep_id)


def _step(sweep: Sweep) -> None:
    plan = plan_of(sweep)
    if sweep.status == RunStatus.QUEUED:
        transition(sweep, to=RunStatus.RUNNING, allowed=SWEEP_TRANSITIONS)
    study = studies.open_study(plan, sweep_storage(), sweep.study_name)
    news = _settle(sweep, study, plan)
    if news or not sweep.analysis:
        _remember(sweep, study, plan)
    trials = sweep.analysis["trials"]
    ended = [t for t in trials if t["state"] != "running"]
    last = ended[-FAILURES_IN_A_ROW:]
    if sweep.cancel_requested_at is not None:
        cancel_trials(active_trials(sweep), by=None)
        if not active_trials(sweep):
            _drop_unfinished(study, plan)
            _end(sweep, RunStatus.CANCELLED, "cancelled", study, plan)
    elif len(last) == FAILURES_IN_A_ROW and all(t["state"] == "fail" for t in last):
        cancel_trials(active_trials(sweep), by=None)
        if not active_trials(sweep):
            why = last[-1]["why"] or "see its log"
            _end(sweep, RunStatus.FAILED, f"The last {FAILURES_IN_A_ROW} trials failed: {why}", study, plan)
    elif len(ended) >= plan.trials:
        if not active_trials(sweep):
            _finish(sweep, study, plan)
    else:
        _start_trials(sweep, study, plan, plan.trials - len(ended))


def _settle(sweep: Sweep, study: "Study", plan: SweepPlan) -> bool:
    """Tell the study what came of trials whose runs are over, and stop hopeless ones; return whether it was told."""
    runs = {run.trial_number: run for run in sweep.experiments.all()}
    news = False
    for trial in studies.unfinished(study, plan):
        run = runs.get(trial.number)
        if run is None:
            continue
        if run.is_over:
            _tell(study, plan, trial, run)
            news = True
        elif studies.is_hopeless(trial, _moments(run, plan), plan.prunes):
            cancel_trials([run], by=None)
    return news


def _tell(study: "Study", plan: SweepPlan, trial: "Trial", run: Experiment) -> None:
    if run.status == RunStatus.SUCCEEDED:
        try:
            studies.tell_values(study, trial.number, [o.value(run.result) for o in plan.objectives])
        except NoValue as missing:
            studies.tell_failed(study, trial.number, str(missing))
    elif run.status == RunStatus.CANCELLED and studies.PRUNED in trial.user_attrs:
        studies.tell_pruned(study, trial.number)
    else:
        studies.tell_failed(study, trial.number, run.failure_reason or f"its run was {run.status}")


def _moments(run: Experiment, plan: SweepPlan) -> dict[int, float]:
    """Return a run's scores on the way by moment, counted from 1 in the order in which they came."""
    if not plan.prunes:
        return {}
    points = run.points.filter(name=f"validation_{plan.objectives[0].metric}").order_by("id")
    return dict(enumerate(points.values_list("value", flat=True), start=1))


def _start_trials(sweep: Sweep, study: "Study", plan: SweepPlan, left: int) -> None:
    """Give every trial that was asked for its run, then ask for more while there is room."""
    started = set(sweep.experiments.values_list("trial_number", flat=True))
    waiting = [t for t in studies.unfinished(study, plan) if t.number not in started]
    free = min(int(sweep.options.get("at_once") or 1), left) - len(active_trials(sweep))
    if free <= 0:
        return
    for _ in range(free):
        trial = waiting.pop(0) if waiting else studies.ask(study, plan)
        try:
            run = experiment_create(
                name=f"{sweep.name[:130]}, trial {trial.number}",
                recipe=sweep.recipe,
                config=trial_config(sweep, plan, trial.params),
                dataset=sweep.dataset,
                teacher=sweep.teacher,
                base_version=sweep.base_version,
                trigger="sweep",
                sweep=sweep,
                trial_number=trial.number,
                by=sweep.created_by,
            )
        except ConfigRejected as error:
            studies.tell_failed(study, trial.number, f"{error.field}: {error.message}")
        except PermissionDenied:
            studies.tell_failed(study, trial.number, "not started")
            _end(sweep, RunStatus.FAILED, f"{sweep.created_by} may no longer start runs.", study, plan)
            return
        else:
            _share_logits(sweep, run)
    _remember(sweep, study, plan)


def _share_logits(sweep: Sweep, run: Experiment) -> None:
    """Give a trial the teacher's logits that an earlier one computed; their names say what they belong to."""
    for earlier in sweep.experiments.filter(trial_number__lt=run.trial_number, directory__gt="").order_by(
        "-pk"
    ):
        files = list(earlier.path.glob("teacher-logits-*.npy"))
        if not files:
            continue
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            for file in files:
                (run.path / file.name).hardlink_to(file)
        except OSError:  # then it computes them itself
            logger.info("trial %s computes the teacher's logits again", run.trial_number)
        return


def _finish(sweep: Sweep, study: "Study", plan: SweepPlan) -> None:
    _remember(sweep, study, plan)
    if sweep.analysis["best"] is None:
        _end(sweep, RunStatus.FAILED, "No trial has finished; look at the log of one of them.", study, plan)
        return
    with transaction.atomic():  # the end and the run that it starts, or neither
        _end(sweep, RunStatus.SUCCEEDED, "", study, plan)
        if sweep.options.get("train_best"):
            try:
                sweep_train_best(sweep=sweep, by=sweep.created_by)
            except (ConfigRejected, NotAllowedNow, PermissionDenied) as error:
                Sweep.objects.filter(pk=sweep.pk).update(
                    failure_reason=f"The best values could not be trained in full: {error}"
                )
    _make_room(sweep)


def _end(
    sweep: Sweep, to: str, why: str, study: "Study | None" = None, plan: SweepPlan | None = None
) -> None:
    if study is not None and plan is not None:
        _remember(sweep, study, plan)
    best = sweep.analysis.get("best")
    try:
        transition(
            sweep,
            to=to,
            allowed=SWEEP_TRANSITIONS,
            reason=why[:500],
            failure_reason=why if to == RunStatus.FAILED else "",
            finished_at=timezone.now(),
            best_experiment=None
            if best is None
            else sweep.experiments.filter(trial_number=best, deleted_at__isnull=True).first(),
        )
    except IllegalTransition:
        sweep.refresh_from_db()


def _drop_unfinished(study: "Study", plan: SweepPlan) -> None:
    for trial in studies.unfinished(study, plan):
        studies.tell_failed(study, trial.number, "the sweep was cancelled")


def _remember(sweep: Sweep, study: "Study", plan: SweepPlan) -> None:
    analysis: dict[str, Any] = studies.analyse(study, plan)
    Sweep.objects.filter(pk=sweep.pk).update(analysis=analysis)
    sweep.analysis = analysis


def _make_room(sweep: Sweep) -> None:
    """Throw away the weights of trials that are not among the best; card, curves and log stay."""
    front = set(sweep.analysis["front"])
    for run in sweep.experiments.filter(model_version__isnull=True, students__isnull=True, directory__gt=""):
        if run.trial_number in front or not run.is_over:
            continue
        for folder in ("artifact", "checkpoint"):
            shutil.rmtree(run.path / folder, ignore_errors=True)
        for pattern in THROWN_AWAY:
            for file in run.path.glob(pattern):
                file.unlink(missing_ok=True)


@contextmanager
def _alone(sweep: Sweep) -> Iterator[bool]:
    """Hold the sweep's lock, given back by PostgreSQL when this process dies; False while another holds it."""
    key = [STEPPING, sweep.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        row = cursor.fetchone()
        if row != (True,):
            yield False
            return
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
