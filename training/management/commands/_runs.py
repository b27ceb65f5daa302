"""What the training commands share: options for data and loop, presets, and errors in one sentence."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError

from training.ml.config import ConfigError, DataConfig, LoopConfig, load_preset
from training.ml.recipes.distill import DistillConfig
from training.ml.recipes.teacher import TeacherConfig

C = TypeVar("C", TeacherConfig, DistillConfig)


class RunCommand(BaseCommand):
    """A command that runs a recipe: no database, no system checks, ends with one JSON object on standard output."""

    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--output", type=Path, required=True, help="folder of the run; an unfinished one is resumed"
        )
        parser.add_argument(
            "--preset", help="start from training/ml/presets/NAME.json, or a .json file of your own"
        )
        data = parser.add_argument_group("data")
        data.add_argument(
            "--train", help="hub name, hub-name:split, folder, or .parquet / .csv / .jsonl file"
        )
        data.add_argument("--validation", help="likewise; the same folder or hub name is fine")
        data.add_argument("--text-column", help="default: comment_text")
        data.add_argument(
            "--labels", help="comma-separated; one label makes a softmax head. Default: the six of Jigsaw"
        )
        data.add_argument("--max-length", type=int, help="wordpieces a row, longer ones are cut; default 256")
        data.add_argument("--max-rows", type=int, help="train on a random subset")
        data.add_argument(
            "--max-negatives", type=int, help="keep every labelled row and this many harmless ones"
        )
        data.add_argument(
            "--validation-rows", type=int, help="calibrate and choose thresholds on a random subset"
        )
        loop = parser.add_argument_group("loop")
        loop.add_argument("--epochs", type=float, help="may be a fraction")
        loop.add_argument("--learning-rate", type=float)
        loop.add_argument(
            "--head-learning-rate", type=float, help="of pooler and classifier, which start fresh"
        )
        loop.add_argument("--token-budget", type=int, help="padded tokens a batch; default 2048")
        loop.add_argument("--precision", choices=["auto", "bf16", "fp16", "fp32"])
        loop.add_argument(
            "--gradient-checkpointing", action="store_true", default=None, help="less memory, more time"
        )
        loop.add_argument("--threads", type=int, help="CPU threads; default: all")
        loop.add_argument("--seed", type=int)
        loop.add_argument(
            "--checkpoint-seconds", type=float, help="how often the state is saved; default 180"
        )


def build_config(kind: type[C], options: dict[str, Any]) -> C:
    """Return preset (or defaults) with every given option laid over it. Raises CommandError."""
    try:
        config = load_preset(kind, options["preset"]) if options["preset"] else kind()
    except ConfigError as error:
        raise CommandError(str(error)) from None
    if options["labels"]:
        options = {**options, "labels": tuple(part.strip() for part in options["labels"].split(","))}
    data = replace(config.data, **_given(DataConfig, options))
    if options["train"] and not options["validation"]:
        data = replace(data, validation=options["train"])
    return replace(config, data=data, loop=replace(config.loop, **_given(LoopConfig, options)))


def _given(kind: type, options: dict[str, Any]) -> dict[str, Any]:
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return {name: options[name] for name in names if options.get(name) not in (None, "")}


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what can go wrong in a run into one sentence that says what to do."""
    from classifier.inference.errors import InferenceError
    from training.ml.data.tables import DataError
    from training.ml.encoders.layers import LayerSelectionError
    from training.ml.encoders.loading import BaseModelError
    from training.ml.mixture.licences import PassingOnRefused
    from training.ml.progress import Cancelled

    try:
        yield
    except (
        ConfigError,
        DataError,
        BaseModelError,
        PassingOnRefused,
        LayerSelectionError,
        InferenceError,
        FloatingPointError,
    ) as error:
        raise CommandError(str(error)) from None
    except (Cancelled, KeyboardInterrupt):
        raise CommandError("stopped; run the same command again to resume from the last checkpoint") from None
    except MemoryError:
        raise CommandError("out of memory: lower --token-budget or add --gradient-checkpointing") from None
    except OSError as error:
        raise CommandError(f"cannot read or write: {error}") from None


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2)
