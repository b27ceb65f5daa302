"""`manage.py model VERB`: list, show, evaluate, compare, activate, roll-back, shadow, languages."""

from training.cli.base import VerbCommand
from training.promotion import cli as versions


class Command(VerbCommand):
    help = "Measure model versions and decide which one is in production."
    verbs = [*versions.VERBS]
