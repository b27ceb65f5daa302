"""`manage.py model VERB`: list, show, evaluate, activate, roll-back, shadow."""

from training.management.verbs import versions
from training.management.verbs.base import VerbCommand


class Command(VerbCommand):
    help = "Measure model versions and decide which one is in production."
    verbs = [*versions.VERBS]
