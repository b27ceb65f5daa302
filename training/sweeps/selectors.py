"""What the pages of sweeps read."""

from django.db.models import Count, Q, QuerySet

from training.models import Experiment, RunStatus, Sweep


def sweeps_listed() -> QuerySet[Sweep]:
    """Return the sweeps that are not deleted, newest first, each with `runs_active`."""
    active = Q(experiments__status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    return (
        Sweep.objects.filter(deleted_at__isnull=True)
        .select_related("dataset", "created_by")
        .annotate(runs_active=Count("experiments", filter=active))
    )


def sweep_detail(*, sweep_id: int) -> Sweep:
    """Return a sweep that is not deleted, with all that its page names. Raises Sweep.DoesNotExist."""
    sweeps = Sweep.objects.filter(deleted_at__isnull=True).select_related(
        "dataset", "teacher", "base_version", "best_experiment", "created_by"
    )
    return sweeps.prefetch_related("history__actor").get(pk=sweep_id)


def sweep_runs(*, sweep: Sweep) -> dict[int, Experiment]:
    """Return the runs of a sweep's trials by trial number."""
    return {run.trial_number: run for run in sweep.experiments.all() if run.trial_number is not None}


def full_runs(*, sweep: Sweep) -> list[Experiment]:
    """Return the runs in full that were started from this sweep's trials."""
    marked = Experiment.objects.visible().filter(sweep__isnull=True, trigger="sweep")
    return list(marked.filter(notes__endswith=f"of the sweep “{sweep.name}”.")[:10])
