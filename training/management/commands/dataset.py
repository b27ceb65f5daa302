"""`manage.py dataset VERB`: add-folder, add-file, add-hub, add-decisions, mix, list, show, make-test-set, delete."""

from training.cli.base import VerbCommand
from training.datasets import cli as datasets


class Command(VerbCommand):
    help = "Freeze rows to learn from and to measure with."
    verbs = [*datasets.VERBS]
