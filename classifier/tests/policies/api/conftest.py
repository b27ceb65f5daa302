"""Programs of a moderator, a lead and an admin, and comments of the moderator's site."""

from classifier.tests.review.api.conftest import boss, comment, lead, site

__all__ = ["boss", "comment", "lead", "site"]
