"""Versions and test sets that these tests share with those of promotion."""

from training.tests.promotion.conftest import (  # noqa: F401
    as_model_admin,
    decided,
    files,
    measure,
    pair,
    stranger,
    test_set,
)
