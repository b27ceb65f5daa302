"""`manage.py train_starter`: make the shipped starter model again from public data: teachers, student, blend."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from training.management.commands._runs import plain_errors
from training.management.commands._starter_data import add_judged, has_parts, require_parts
from training.ml.config import load_preset
from training.ml.recipes.distill import DistillConfig
from training.ml.recipes.teacher import TeacherConfig

GTE_SMALL = "thenlper/gte-small"


class Command(BaseCommand):
    help = (
        "Choose the mixture, fine-tune a 12-layer teacher of each base encoder, teach the 6-layer starter by the mean "
        "of their logits, blend it with the previous one, calibrate, evaluate, and write the model folder. With rows "
        "of wiki_toxic alone: the first starter, the even layers of one teacher. Each part is resumed or skipped when "
        "it was done before."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--base",
            nargs="+",
            default=GTE_SMALL,
            help="hub names or folders of the encoders that become teachers",
        )
        parser.add_argument(
            "--data",
            default="OxAISH-AL-LLM/wiki_toxic",
            help="folder with wiki_toxic/ and mix/mix.parquet, or hub name or folder of wiki_toxic alone",
        )
        parser.add_argument(
            "--previous",
            type=Path,
            default=settings.EARLIER_STARTER_DIR,
            help="model that the student is blended with [the starter of wiki_toxic alone]",
        )
        parser.add_argument(
            "--start",
            type=Path,
            help="model of that shape that the student starts from [the one it is blended with]",
        )
        parser.add_argument(
            "--teacher",
            type=Path,
            nargs="+",
            default=[],
            help="finished models that teach, instead of making teachers of --base; the shipped starter may be its own",
        )
        add_judged(parser)
        parser.add_argument(
            "--work", type=Path, default=settings.VAR_DIR / "starter", help="folder for mixture and runs"
        )
        parser.add_argument("--output", type=Path, default=settings.STARTER_MODEL_DIR)
        parser.add_argument("--threads", type=int, help="CPU threads; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        data = Path(options["data"])
        is_mixture = any(has_parts(data))
        if is_mixture:
            require_parts(data)
        with plain_errors():
            manifest = _from_mixture(options) if is_mixture else _from_wiki_toxic(options)
        self.stdout.write(manifest["version"])


def _from_mixture(options: dict[str, Any]) -> dict[str, Any]:
    from training.ml.progress import ConsoleListener
    from training.ml.recipes.starter import StarterPlan, make_starter

    plan = StarterPlan(
        data=Path(options["data"]),
        bases=_bases(options),
        previous=options["previous"],
        work=options["work"],
        output=options["output"],
        judged=tuple(options["judged"]),
        start=options["start"],
        teachers=tuple(options["teacher"]),
        threads=options["threads"],
    )
    return make_starter(plan, ConsoleListener())


def _from_wiki_toxic(options: dict[str, Any]) -> dict[str, Any]:
    from training.ml.progress import ConsoleListener
    from training.ml.recipes.starter import make_wiki_starter

    work, data = options["work"], options["data"]
    teacher = load_preset(TeacherConfig, "starter-wiki-teacher")
    student = load_preset(DistillConfig, "starter-wiki-student")
    teacher = replace(
        teacher,
        base=_bases(options)[0],
        data=replace(teacher.data, train=data, validation=data),
        loop=replace(teacher.loop, threads=options["threads"]),
    )
    student = replace(
        student,
        teacher=str(work / "teacher"),
        data=replace(student.data, train=data, validation=data),
        loop=replace(student.loop, threads=options["threads"]),
    )
    return make_wiki_starter(
        teacher, student, data=data, work=work, output=options["output"], listener=ConsoleListener()
    )


def _bases(options: dict[str, Any]) -> tuple[str, ...]:
    """Return the base encoders; argparse gives the default as it stands, and others as a list."""
    given = options["base"]
    return (given,) if isinstance(given, str) else tuple(given)
