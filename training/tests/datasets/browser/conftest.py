"""A signed-in model admin before a Chromium, and what the tests of runs have."""

from training.tests.browser_fixtures import (
    base,
    browser,
    make_dataset,
    meant,
    model_admin,
    page,
    places,
    signed_in,
    start_worker,
)

__all__ = [
    "base",
    "browser",
    "make_dataset",
    "meant",
    "model_admin",
    "page",
    "places",
    "signed_in",
    "start_worker",
]
