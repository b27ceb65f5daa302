"""`manage.py suite VERB`: add, add-hub, list, results, run."""

from training.cli.base import VerbCommand
from training.evaluations import cli as suites


class Command(VerbCommand):
    help = "Bring test suites and read how the versions did."
    verbs = [*suites.VERBS]
