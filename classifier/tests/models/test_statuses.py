"""What sits beside the statuses: label, colour, terminal set, and the steps that are allowed."""

from classifier.models import (
    COMMENT_TRANSITIONS,
    MODEL_VERSION_TRANSITIONS,
    TERMINAL_COMMENT_STATUSES,
    CommentStatus,
    ModelVersionStatus,
    Verdict,
)


def test_every_status_has_a_label_and_a_colour() -> None:
    for status in [*CommentStatus, *ModelVersionStatus, *Verdict]:
        assert status.label
        assert status.colour in {"grey", "blue", "green", "red"}


def test_only_pending_comments_are_under_way() -> None:
    assert set(CommentStatus) - TERMINAL_COMMENT_STATUSES == {CommentStatus.PENDING}
    assert CommentStatus.FAILED.is_terminal


def test_every_step_starts_and_ends_at_a_known_status() -> None:
    for steps, statuses in (
        (COMMENT_TRANSITIONS, CommentStatus),
        (MODEL_VERSION_TRANSITIONS, ModelVersionStatus),
    ):
        assert set(steps) == set(statuses.values)
        assert set().union(*steps.values()) <= set(statuses.values)


def test_a_version_cannot_become_a_candidate_again() -> None:
    assert all("candidate" not in following for following in MODEL_VERSION_TRANSITIONS.values())
