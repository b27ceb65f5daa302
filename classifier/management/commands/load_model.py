"""`manage.py load_model DIR [--activate | --activate-if-none]`: register a model artifact."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.core.errors import ArtifactRejected, GateClosed
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion
from toxicsite.lib.lifecycle import LostRace


class Command(BaseCommand):
    help = "Verify a model artifact, copy it into MODELS_DIR and register it as a version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="the artifact's folder (with its manifest.json)")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--activate", action="store_true", help="put it into production")
        choice.add_argument(
            "--activate-if-none", action="store_true", help="put it into production when no version is active"
        )
        parser.add_argument("--reason", default="loaded by command", help="what the history says about it")
        parser.add_argument(
            "--override", default="", metavar="WHY", help="activate although the quality gate is closed"
        )

    def handle(
        self,
        *args: Any,
        directory: Path,
        activate: bool = False,
        activate_if_none: bool = False,
        reason: str = "",
        override: str = "",
        **options: Any,
    ) -> None:
        try:
            version = model_version_register(directory=directory, by=None)
            wanted = activate or (activate_if_none and ModelVersion.objects.active() is None)
            if wanted and not version.is_active:
                model_version_activate(
                    model_version=version, by=None, reason=reason, override_reason=override
                )
        except GateClosed as error:
            raise CommandError(
                f"{error} To override and promote it, give a reason: --override WHY."
            ) from error
        except ArtifactRejected as error:
            raise CommandError(f"{directory} is no usable model: {error}") from error
        except LostRace as error:
            raise CommandError(f"Another version was activated in this moment: {error}") from error
        except OSError as error:
            raise CommandError(f"The model could not be copied: {error}") from error
        self.stdout.write(f"{version.version} is {version.get_status_display().lower()}")
