"""The table of errors: what kind each one is, and what each face makes of it."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.db import OperationalError
from django.test import RequestFactory

from classifier.api.problems import problem_of
from classifier.core import errors
from classifier.core.error_kinds import ErrorDetails, ErrorKind, details_of, refusal_of
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.dialects.replies import dialect_error
from classifier.management.errors import command_errors
from classifier.web.refusals import refusals_shown
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

WRONG = InvalidInput([ValidationProblem("name", "Give it a name.", "required")])


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (LostRace("comment 5 is no longer pending"), ErrorKind.NOT_NOW, "Comment 5 is no longer pending."),
        (errors.NotPossibleNow("It is over."), ErrorKind.NOT_NOW, "It is over."),
        (errors.TextGone(), ErrorKind.TEXT_ERASED, "The text of this comment was erased"),
        (errors.VersionConflict(), ErrorKind.CHANGED_MEANWHILE, "It has changed since you read it."),
        (WRONG, ErrorKind.INVALID, "Give it a name."),
        (
            errors.WrongFilter("order", "There is no such order."),
            ErrorKind.INVALID,
            "There is no such order.",
        ),
        (PermissionDenied(), ErrorKind.NOT_ALLOWED, "You do not have permission to do this."),
        (errors.ModelBroken("Its files are damaged."), ErrorKind.MODEL_BROKEN, "Its files are damaged."),
        (errors.NoModel("x"), ErrorKind.NO_MODEL, "A worker runs, but it has no active model version."),
        (errors.ScoreTimeout("x"), ErrorKind.TIMEOUT, "No verdict came within"),
        (OperationalError("gone"), ErrorKind.UNAVAILABLE, "The database does not answer."),
        (OSError(28, "No space left on device"), ErrorKind.DISK_FULL, "The server's disk is full"),
    ],
)
def test_each_error_has_a_kind_and_a_sentence(error: Exception, kind: ErrorKind, sentence: str) -> None:
    details = details_of(error)

    assert details is not None
    assert details.kind is kind
    assert details.sentence.startswith(sentence)


def test_an_error_that_no_service_means_to_raise_has_no_row() -> None:
    assert details_of(KeyError("x")) is None
    assert problem_of(KeyError("x")) is None
    assert dialect_error(KeyError("x")) is None


def test_an_erased_text_is_no_fault_of_the_field() -> None:
    gone = InvalidInput([ValidationProblem("comment", "The text of this comment was erased.", "purged")])

    assert details_of(gone) == ErrorDetails(ErrorKind.TEXT_ERASED, "The text of this comment was erased.")


def test_only_what_a_rule_forbids_is_a_refusal() -> None:
    assert refusal_of(IllegalTransition("it is active already")) is not None
    for error in (PermissionDenied("no"), errors.NoWorker("none"), OperationalError("gone")):
        assert refusal_of(error) is None


def test_every_row_has_a_reply_of_the_api_and_of_a_dialect() -> None:
    for name in (
        "ArtifactRejected",
        "ClaimTaken",
        "DecisionConflict",
        "NoBroker",
        "NoWorker",
        "ScoreTimeout",
    ):
        known: Any = getattr(errors, name)
        error = known("so it is", None) if name == "ClaimTaken" else known("so it is")
        problem, reply = problem_of(error), dialect_error(error)
        assert problem is not None
        assert reply is not None
        assert problem.detail.endswith(".")


def test_a_page_shows_what_was_refused_and_lets_everything_else_through(rf: RequestFactory) -> None:
    shown: list[str] = []
    request = rf.get("/")
    request._messages = type("Messages", (), {"add": lambda _, level, text, tags: shown.append(text)})()  # type: ignore[attr-defined]

    with refusals_shown(request, "Nothing was changed: "):
        raise errors.NotPossibleNow("it is over")
    with pytest.raises(PermissionDenied), refusals_shown(request):  # noqa: PT011 - it has no message
        raise PermissionDenied

    assert shown == ["Nothing was changed: It is over."]


def test_a_command_names_the_field() -> None:
    with pytest.raises(CommandError, match=r"^name: Give it a name\.$"), command_errors():
        raise WRONG
    with pytest.raises(CommandError, match=r"^Cannot read or write: .*x\.csv"), command_errors():
        raise FileNotFoundError(2, "No such file", "x.csv")
    with pytest.raises(KeyError, match=r"^'x'$"), command_errors():
        raise KeyError("x")
