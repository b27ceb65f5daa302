"""Versions and test sets that these tests share with those of promotion."""

from training.tests.promotion.conftest import (  # noqa: F401
    admin_person,
    artifacts,
    as_model_admin,
    candidates,
    decided,
    files,
    measure,
    model_admin,
    models_dir,
    moderator,
    pair,
    start_worker,
    stranger,
    test_set,
)
