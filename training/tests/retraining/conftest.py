"""The versions and test sets of the tests of promotion."""

from training.tests.promotion.conftest import *  # noqa: F403
