"""`manage.py experiment start|list|show|watch|cancel|resume|clone|delete|import|compare|record`."""

from training.management.verbs import experiments, experiments_start, recording
from training.management.verbs.base import VerbCommand


class Command(VerbCommand):
    help = "Start, follow, compare and record training runs."
    verbs = [*experiments_start.VERBS, *experiments.VERBS, *recording.VERBS]
