"""`manage.py retrain VERB`: now, plan."""

from training.cli.base import VerbCommand
from training.retraining import cli as retraining


class Command(VerbCommand):
    help = "Train candidates from moderators' decisions."
    verbs = [*retraining.VERBS]
