"""The read-only admin of training: what its services refuse is shown in their own words."""

from classifier.admin_tools.actions import permission_check
from classifier.admin_tools.read_only import ReadOnlyAdmin
from toxicsite.lib.lifecycle import IllegalTransition, LostRace
from training.core.errors import ConfigRejected, DatasetRejected, NotAllowedNow, SuiteRejected


class TrainingAdmin(ReadOnlyAdmin):
    refusals = (ConfigRejected, DatasetRejected, IllegalTransition, LostRace, NotAllowedNow, SuiteRejected)
    has_run_permission = permission_check("training.run_experiment")
