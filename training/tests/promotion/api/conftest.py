"""The people and programs of the API's tests, and rows that exist in the database only."""

from training.tests.api.conftest import (
    artifacts,
    candidates,
    dataset,
    models_dir,
    onlooker,
    places,
    program,
    program_for,
    stranger,
    trainer,
)

__all__ = [
    "artifacts",
    "candidates",
    "dataset",
    "models_dir",
    "onlooker",
    "places",
    "program",
    "program_for",
    "stranger",
    "trainer",
]
