"""`manage.py suite VERB`: add, list, results."""

from training.management.verbs import suites
from training.management.verbs.base import VerbCommand


class Command(VerbCommand):
    help = "Bring test suites and read how the versions did."
    verbs = [*suites.VERBS]
