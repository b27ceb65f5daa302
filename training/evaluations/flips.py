"""Flips of verdicts between two registered versions, from the scores that their evaluations have stored."""

from typing import Any

from classifier.models import ModelVersion
from training.core.errors import NotAllowedNow
from training.experiments.job_spec import TEXT_COLUMN
from training.models import Dataset, Evaluation
from training.promotion.selectors import rows_fingerprint


def version_flips(*, version: ModelVersion, against: ModelVersion) -> dict[str, Any]:
    """Return what `training.ml.evaluation.flips.flips_between` says of two versions on the test set.

    Raises NotAllowedNow where there is no test set, or one of them has no stored scores on it.
    """
    from training.ml.data.tables import load_table
    from training.ml.evaluation.compare import load_rival
    from training.ml.evaluation.flips import flips_between

    test_set = Dataset.objects.test_set()
    if test_set is None or not test_set.file("test").is_file():
        raise NotAllowedNow(
            "No dataset is the test set, so nothing can be compared: manage.py dataset make-test-set."
        )
    label = version.primary_label
    if label not in against.labels or label not in test_set.labels:
        raise NotAllowedNow(f"{against} or the test set does not know {label}, by which {version} decides.")
    sides, fingerprint = [], rows_fingerprint(test_set)
    for side in (version, against):
        known = (
            Evaluation.objects.filter(model_version=side, fingerprint=fingerprint).exclude(scores="").first()
        )
        if known is None or not known.scores_path.is_file():
            raise NotAllowedNow(
                f"{side} has no stored scores on {test_set}: manage.py model evaluate {side} first."
            )
        sides.append(load_rival(side.path, known.scores_path))
    table = load_table(str(test_set.file("test")), "test", text_column=TEXT_COLUMN, labels=[label])
    return flips_between(label, table.texts, sides[0], sides[1], table.targets[:, 0])
