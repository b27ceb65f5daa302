"""What the commands that make starters share: the folder of both sources, and the texts that stay out of training."""

import argparse
from pathlib import Path

from django.core.management.base import CommandError

WIKI, MIXTURE = Path("wiki_toxic", "train.parquet"), Path("mix", "mix.parquet")


def has_parts(data: Path) -> list[bool]:
    """Return whether the folder has wiki_toxic's training rows, and the table of public sets."""
    return [(data / part).is_file() for part in (WIKI, MIXTURE)]


def require_parts(data: Path) -> None:
    """Raise CommandError, with the remedy, unless both sources lie in the folder."""
    for part, is_there in zip((WIKI, MIXTURE), has_parts(data), strict=True):
        if not is_there:
            raise CommandError(
                f"--data: there is no {data / part}; put wiki_toxic's Parquet files into {data / WIKI.parent} and run: "
                f"manage.py dataset build-mixture {data / MIXTURE}"
            )


def add_judged(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--judged",
        type=Path,
        action="append",
        default=[],
        help="file of texts that stay out of training, beside those of the shipped suites; several times",
    )
