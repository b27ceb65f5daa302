"""`manage.py experiment start|watch|list|show|cancel|resume|clone|delete|import|compare|record`."""

from training.cli.base import VerbCommand
from training.experiments import cli as experiments
from training.experiments import cli_start as experiments_start


class Command(VerbCommand):
    help = "Start, follow, compare and record training runs."
    verbs = [*experiments_start.VERBS, *experiments.VERBS]
