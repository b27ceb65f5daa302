"""Brings an installation up to date: tables, static files, starter model, sample dataset, first accounts.

`python -m toxicsite.launcher.prepare` prints new logins, or one sentence and exit code 1; details go to
standard error.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

if TYPE_CHECKING:
    from classifier.models import ModelVersion


def main() -> int:
    """Run the steps in order; each is safe to repeat, and does little when there is nothing to do."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")
    step = "The settings cannot be read"
    try:
        django.setup()
        step = "The database cannot be brought up to date"
        call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)
        step = "The static files cannot be collected"
        call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
        step = "The starter model cannot be loaded"
        _load_shipped_models()
        step = "The sample dataset cannot be loaded"
        _load_sample()
        step = "The first accounts cannot be made"
        call_command("create_accounts", "--if-none", stdout=sys.stdout)
    except ImproperlyConfigured as error:
        sys.stdout.write(f"{error}\n")
        return 1
    except CommandError as error:
        sys.stdout.write(f"{step}: {error}\n")
        return 1
    except Exception as error:  # the last place before the person: one sentence there, the rest in the log
        traceback.print_exc()
        first = str(error).strip().splitlines()
        sys.stdout.write(f"{step}: {first[0] if first else type(error).__name__}\n")
        return 1
    return 0


def _load_shipped_models() -> None:
    """Register the starter, the one before it and the multilingual one.

    On a new site the multilingual one judges the languages that it was measured in. Where a site has versions already,
    what came with an upgrade is offered, never swapped in.
    """
    from django.conf import settings

    from classifier.model_versions.assembly import languages_in_words
    from classifier.model_versions.model_files import shipped_candidate, shipped_folders
    from classifier.models import ModelVersion

    known = set(ModelVersion.objects.values_list("version", flat=True))
    folders = list(shipped_folders())
    if settings.STARTER_MODEL_DIR not in folders:
        sys.stderr.write(f"no starter model in {settings.STARTER_MODEL_DIR}\n")
    for folder in folders:
        _load_starter(folder)
    multilingual = _version_in(Path(settings.MULTILINGUAL_STARTER_DIR))
    if multilingual is not None and multilingual.languages and multilingual.version not in known:
        if known:
            sys.stdout.write(
                f"This release brings a multilingual model, {multilingual}, for "
                f"{languages_in_words(multilingual.languages)}. It judges nothing until you give it those languages "
                "under Training, Model versions, Languages.\n"
            )
        else:
            _fill_slots(multilingual)
    offered = shipped_candidate()
    if offered is not None and offered.version not in known:
        sys.stdout.write(
            f"This release brings a new starter model, {offered}. {ModelVersion.objects.active()} stays in production "
            "until you promote the other: compare them under Training, Model versions.\n"
        )


def _load_starter(folder: Path) -> None:
    """Register the shipped model and mend its copy; where another version is active, the site starts without it."""
    from classifier.models import ModelVersion

    try:
        call_command("load_model", str(folder), "--activate-if-none", stdout=sys.stderr)
    except CommandError as error:
        if ModelVersion.objects.active() is None:
            raise
        sys.stderr.write(f"The starter model cannot be loaded: {error}\n")


def _version_in(folder: Path) -> "ModelVersion | None":
    """Return the registered version that the model in `folder` is."""
    from classifier.inference.artifact import load_manifest
    from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
    from classifier.models import ModelVersion

    try:
        return ModelVersion.objects.filter(version=load_manifest(folder).version).first()
    except (ArtifactInvalid, ArtifactMismatch):
        return None


def _fill_slots(version: "ModelVersion") -> None:
    """Let the multilingual starter judge the languages of its manifest that the default version does not know."""
    from classifier.core.errors import ArtifactRejected, NotPossibleNow
    from classifier.inference.language import supports
    from classifier.model_versions.language_slots import slots_fill
    from classifier.models import ModelVersion

    default = ModelVersion.objects.active()
    languages = [tag for tag in version.languages if default is None or not supports(default.languages, tag)]
    if not languages:
        return
    reason = "ships with this release, measured in these languages"
    try:
        slots_fill(languages=languages, model_version=version, by=None, reason=reason, override_reason=reason)
    except (ArtifactRejected, NotPossibleNow) as error:
        sys.stderr.write(f"The multilingual starter judges no language: {error}\n")


def _load_sample() -> None:
    """Load the shipped sample; a machine too small for that still moderates, so failing is only logged."""
    from training.core.errors import DatasetRejected
    from training.datasets.services import dataset_sample_load

    try:
        dataset_sample_load()
    except DatasetRejected as error:
        sys.stderr.write(f"no sample dataset: {error.message}\n")


if __name__ == "__main__":
    sys.exit(main())
