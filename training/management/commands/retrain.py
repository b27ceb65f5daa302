"""`manage.py retrain VERB`: now, plan."""

from training.management.verbs import retraining
from training.management.verbs.base import VerbCommand


class Command(VerbCommand):
    help = "Train candidates from moderators' decisions."
    verbs = [*retraining.VERBS]
