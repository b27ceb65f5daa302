"""`manage.py results`: the results page, its plots and the README's table, from the recorded runs."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from training.ml.results.page import BEGIN, readme_part, replace_part, results_page
from training.ml.results.runs import RecordedRun, RecordError, load_recorded, save_recorded

COMPARISON = "subset"  # the group whose table the plots stand under
HOME = Path(settings.BASE_DIR) / "training" / "results"


class Command(BaseCommand):
    help = "Make the results page, its plots and the README's table again from the recorded runs."
    requires_system_checks: Any = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=HOME, help="with recorded/; the page goes here")
        parser.add_argument("--readme", type=Path, default=Path(settings.BASE_DIR) / "README.md")
        parser.add_argument(
            "--speed",
            metavar="NAME=ARTIFACT",
            action="append",
            default=[],
            help="time this recorded run's artifact folder anew, all of them one after another in this process; the "
            "machine must do nothing else meanwhile",
        )
        parser.add_argument("--texts", type=Path, help="with --speed: the test rows to time on (.parquet)")
        parser.add_argument("--text-column", default="text")

    def handle(self, *args: Any, folder: Path, readme: Path, **options: Any) -> None:
        try:
            runs = load_recorded(folder / "recorded")
        except RecordError as error:
            raise CommandError(str(error)) from None
        if not runs:
            raise CommandError(
                f"No run is recorded in {folder / 'recorded'}: see manage.py experiment record."
            )
        if options["speed"]:
            runs = self.timed(runs, options["speed"], options["texts"], options["text_column"])
            for run in runs:
                save_recorded(run, folder / "recorded")
        page = results_page(runs, plots_of(runs, folder / "plots"))
        (folder / "README.md").write_text(page, encoding="utf-8")
        text = readme.read_text(encoding="utf-8")
        if BEGIN in text:
            readme.write_text(replace_part(text, readme_part(runs)), encoding="utf-8")
        else:
            self.stderr.write(f"{readme} has no place for the table: it lacks the line {BEGIN}")
        self.stdout.write(f"{len(runs)} recorded runs: {folder / 'README.md'}")

    def timed(
        self, runs: list[RecordedRun], pairs: list[str], texts: Path | None, column: str
    ) -> list[RecordedRun]:
        """Return the runs with the speeds of their artifacts measured side by side. Raises CommandError."""
        from classifier.inference.errors import InferenceError
        from classifier.inference.scorer import Scorer
        from training.ml.data.tables import DataError, load_rows
        from training.ml.evaluation.speed import device_and_threads, measure_speed

        if texts is None:
            raise CommandError("--speed needs --texts, the rows to time on.")
        folders = dict(pair.partition("=")[::2] for pair in pairs)
        unknown = sorted(set(folders) - {run.name for run in runs})
        if unknown:
            raise CommandError(f"No recorded run is called {', '.join(unknown)}.")
        try:
            rows = [text or "" for text in load_rows(str(texts), "test")[column]]
            speeds = {}
            for name, folder in folders.items():
                scorer = Scorer(Path(folder))
                device, threads = device_and_threads(scorer.backend_name)
                speeds[name] = measure_speed(scorer.score, rows, device=device, threads=threads)
                self.stdout.write(f"{name}: {speeds[name]['texts_per_second']:.1f} texts/s")
        except (DataError, InferenceError, KeyError) as error:
            raise CommandError(str(error)) from None
        return [
            replace(run, report={**run.report, "speed": speeds[run.name]}) if run.name in speeds else run
            for run in runs
        ]


def plots_of(runs: list[RecordedRun], folder: Path) -> list[tuple[str, str]]:
    """Draw the plots of the comparison into `folder`; return (file name, sentence) of each."""
    from training.ml.results.plots import draw_plots

    reports = {run.title: run.report for run in runs if run.group == COMPARISON}
    return draw_plots(reports, folder)
