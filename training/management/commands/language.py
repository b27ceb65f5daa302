"""`manage.py language VERB`: add, show."""

from training.cli.base import VerbCommand
from training.retraining import cli_language


class Command(VerbCommand):
    help = "Train a language into a model version, and read what that did to every language of it."
    verbs = [*cli_language.VERBS]
