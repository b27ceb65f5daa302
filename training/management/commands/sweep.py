"""`manage.py sweep VERB`: start, list, show, cancel, resume."""

from training.management.verbs import sweeps
from training.management.verbs.base import VerbCommand


class Command(VerbCommand):
    help = "Search hyper-parameters."
    verbs = [*sweeps.VERBS]
