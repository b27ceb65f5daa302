"""`manage.py dataset VERB`: add-folder, add-file, add-hub, add-decisions, mix, list, show, make-test-set, delete."""

from training.management.verbs import datasets
from training.management.verbs.base import VerbCommand


class Command(VerbCommand):
    help = "Freeze rows to learn from and to measure with."
    verbs = [*datasets.VERBS]
