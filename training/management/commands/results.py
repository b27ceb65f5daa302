"""`manage.py results`: the results page, its plots and the README's table, from the recorded runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from training.ml.results import RecordedRun, RecordError, load_recorded
from training.ml.results_page import BEGIN, readme_part, replace_part, results_page

COMPARISON = "subset"  # the group whose table the plots stand under
HOME = Path(settings.BASE_DIR) / "training" / "results"


class Command(BaseCommand):
    help = "Make the results page, its plots and the README's table again from the recorded runs."
    requires_system_checks: Any = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=HOME, help="with recorded/; the page goes here")
        parser.add_argument("--readme", type=Path, default=Path(settings.BASE_DIR) / "README.md")

    def handle(self, *args: Any, folder: Path, readme: Path, **options: Any) -> None:
        try:
            runs = load_recorded(folder / "recorded")
        except RecordError as error:
            raise CommandError(str(error)) from None
        if not runs:
            raise CommandError(
                f"No run is recorded in {folder / 'recorded'}: see manage.py experiment record."
            )
        page = results_page(runs, plots_of(runs, folder / "plots"))
        (folder / "README.md").write_text(page, encoding="utf-8")
        text = readme.read_text(encoding="utf-8")
        if BEGIN in text:
            readme.write_text(replace_part(text, readme_part(runs)), encoding="utf-8")
        else:
            self.stderr.write(f"{readme} has no place for the table: it lacks the line {BEGIN}")
        self.stdout.write(f"{len(runs)} recorded runs: {folder / 'README.md'}")


def plots_of(runs: list[RecordedRun], folder: Path) -> list[tuple[str, str]]:
    """Draw the plots of the comparison into `folder`; return (file name, sentence) of each."""
    from training.ml.plots import draw_plots

    reports = {run.title: run.report for run in runs if run.group == COMPARISON}
    return draw_plots(reports, folder)
