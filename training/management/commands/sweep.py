"""`manage.py sweep VERB`: start, list, show, cancel, resume."""

from training.cli.base import VerbCommand
from training.sweeps import cli as sweeps


class Command(VerbCommand):
    help = "Search hyper-parameters."
    verbs = [*sweeps.VERBS]
