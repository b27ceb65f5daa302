"""A removed comment, its author's site, and the people who answer."""

import pytest

from classifier.accounts.roles import ADMIN, LEAD
from classifier.models import Comment, Decision, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.tests.builders import classified_comment
from classifier.tests.conftest import person


@pytest.fixture
def site(moderator: User) -> User:
    """Whose key sent the comment."""
    return moderator


@pytest.fixture
def lead(db: None) -> User:
    return person("lead", LEAD)


@pytest.fixture
def other_lead(db: None) -> User:
    return person("other-lead", LEAD)


@pytest.fixture
def boss(db: None) -> User:
    return person("boss", ADMIN)


@pytest.fixture
def comment(active_version: ModelVersion, site: User) -> Comment:
    return classified_comment(active_version, by=site)


def removed(comment: Comment, by: User | None) -> Decision:
    decision = decision_record(comment=comment, action="remove", reason="insult", by=by)
    comment.refresh_from_db()
    return decision
