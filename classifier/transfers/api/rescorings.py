"""`/api/v1/rescorings/`: history that is scored again by the version in production, for programs."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.base import checked_query
from classifier.api.fields import ClosedSerializer, TrueOrFalse
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import api_key_of, caller
from classifier.api.problems import NOT_NOW, Problem
from classifier.api.values import Choice, PageQuery, Text
from classifier.api.verbs import NothingInput, checked, found, listed, without_body
from classifier.models import ApiScope, Transfer
from classifier.transfers.api.output import TRANSFER_STATUS_CHOICES
from classifier.transfers.rescoring import rescoring_choice, rescoring_count, rescoring_start
from classifier.transfers.rescoring_selectors import STATUSES, UNDECIDED, rescorings_seen_by
from classifier.transfers.selectors import progress_of
from classifier.transfers.services import RESCORE, TransferNotPossible, transfer_cancel, transfer_resume

RESCORING_STATUSES = [(status, status) for status in STATUSES]
NEEDS = "Needs the scope `admin`, or a session, and the permission to score history again."
CHOICE = {"source": "forum", "begin": "2026-01-01", "status": "all"}
EXAMPLE: dict[str, Any] = {
    "id": 21,
    "url": "https://moderation.example.org/api/v1/rescorings/21/",
    "status": "running",
    "choice": {**CHOICE, "end": "", "version": "", "again": False},
    "done": 12_500,
    "total": 40_000,
    "changes": {"review>approve": 310, "approve>review": 95},
    "reopened": 12,
    "skipped": 1,
    "failed": 0,
    "seconds_left": 240.5,
    "failure_reason": "",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "finished_at": None,
}
ONE = OpenApiExample("A running one", EXAMPLE, response_only=True)


@extend_schema_serializer(component_name="RescoringInput")
class RescoringInput(ClosedSerializer):
    """Which comments; every part may be left out."""

    source = Text(  # type: ignore[assignment]
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="A slug; of every source without one.",
    )
    begin = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=10,
        help_text="Received on this UTC day or later.",
    )
    end = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=10,
        help_text="Received on this day or earlier.",
    )
    status = Choice(choices=RESCORING_STATUSES, required=False, default=UNDECIDED)
    version = Text(
        required=False, default="", allow_blank=True, max_length=200, help_text="Whose verdict counts now."
    )
    again = TrueOrFalse(
        required=False, default=False, help_text="Also what the version in production has scored already."
    )


@extend_schema_serializer(component_name="RescoringCount")
class CountOutput(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    versions = serializers.DictField(
        child=serializers.IntegerField(), help_text="By the version whose verdict counts; `none` without one."
    )


@extend_schema_serializer(component_name="Rescoring")
class RescoringOutput(serializers.Serializer[Transfer]):
    """History that is scored again in the background."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    status = serializers.ChoiceField(
        choices=TRANSFER_STATUS_CHOICES, help_text="Between its turns a running one is queued."
    )
    choice = serializers.DictField(source="options.choice")
    done = serializers.IntegerField(source="done_rows")
    total = serializers.IntegerField(source="total_rows")
    changes = serializers.SerializerMethodField(help_text="How many went from which band to which.")
    reopened = serializers.SerializerMethodField(help_text="Decided before; they wait for a person now.")
    skipped = serializers.SerializerMethodField(help_text="Left out because somebody looked at them.")
    failed = serializers.IntegerField(source="error_rows")
    seconds_left = serializers.SerializerMethodField(help_text="An estimate; null where there is none.")
    failure_reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, row: Transfer) -> str:
        return _url(row, self.context["request"])

    def get_changes(self, row: Transfer) -> dict[str, int]:
        return dict(row.options.get("changes", {}))

    def get_reopened(self, row: Transfer) -> int:
        return int(row.options.get("reopened", 0))

    def get_skipped(self, row: Transfer) -> int:
        return int(row.options.get("skipped", 0))

    def get_seconds_left(self, row: Transfer) -> float | None:
        return progress_of(row).seconds_left


@extend_schema_serializer(component_name="RescoringPage", many=False)
class RescoringPageOutput(serializers.Serializer[Any]):
    items = RescoringOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


class RescoringsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.ADMIN, "POST": ApiScope.ADMIN}
    needs = {"GET": RESCORE, "POST": RESCORE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="list_rescorings",
        summary="Rescorings, newest first",
        description=NEEDS,
        parameters=[PageQuery],
        responses={200: RescoringPageOutput},
        examples=[OpenApiExample("A page", {"items": [EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        rows = rescorings_seen_by(user=caller(request))
        return listed(rows, checked_query(PageQuery, request), request, lambda row: _shown(row, request))

    @extend_schema(
        operation_id="start_rescoring",
        summary="Score history again",
        description=(
            "By the version in production, in the background, when nothing that came in live waits; one at a time. "
            "New verdicts are judged by the policy in force as those of new comments are; a decision is reopened "
            f"where its verdict comes into another band. 409 where there is nothing to do. {NEEDS}"
        ),
        parameters=[OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[202])],
        request=RescoringInput,
        responses={202: RescoringOutput},
        examples=[
            OpenApiExample("What other versions scored this year", CHOICE, request_only=True),
            OpenApiExample("Accepted", EXAMPLE, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> Response:
        by = caller(request)
        choice = rescoring_choice(checked(RescoringInput, request), by=by)
        made = _possible(lambda: rescoring_start(choice=choice, by=by, api_key=api_key_of(request)))
        return Response(_shown(made, request), status=202, headers={"Location": _url(made, request)})


class RescoringCountEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": RESCORE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="count_rescoring",
        summary="How many comments a rescoring would take",
        description=f"Nothing is scored. {NEEDS}",
        request=RescoringInput,
        responses={200: CountOutput},
        examples=[
            OpenApiExample("A choice", CHOICE, request_only=True),
            OpenApiExample(
                "Counted", {"total": 40_000, "versions": {"starter-1a2b3c4d": 40_000}}, response_only=True
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        by = caller(request)
        choice = rescoring_choice(checked(RescoringInput, request), by=by)
        counted = _possible(lambda: rescoring_count(choice=choice, by=by))
        return Response({"total": counted.total, "versions": dict(counted.versions)})


class OneRescoringEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.ADMIN}
    needs = {"GET": RESCORE}

    @extend_schema(
        operation_id="read_rescoring",
        summary="How far a rescoring is, and what it changed",
        description=NEEDS,
        responses={200: RescoringOutput},
        examples=[ONE],
    )
    def get(self, request: Request, rescoring_id: int) -> Response:
        return Response(_shown(_one(request, rescoring_id), request))


class RescoringCancelEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": RESCORE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="cancel_rescoring",
        summary="Cancel a rescoring",
        description=f"Verdicts that are there already stay. {NEEDS}",
        request=NothingInput,
        responses={200: RescoringOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), ONE],
    )
    def post(self, request: Request, rescoring_id: int) -> Response:
        return _done(request, rescoring_id, transfer_cancel)


class RescoringResumeEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": RESCORE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="resume_rescoring",
        summary="Go on with a rescoring that failed or was cancelled",
        description=NEEDS,
        request=NothingInput,
        responses={200: RescoringOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), ONE],
    )
    def post(self, request: Request, rescoring_id: int) -> Response:
        return _done(request, rescoring_id, transfer_resume)


def _one(request: Request, rescoring_id: int) -> Transfer:
    """The caller's, or anyone's for who sees every source; of a key for some sources only its own."""
    row: Transfer = found(rescorings_seen_by(user=caller(request)), rescoring_id)
    return row


def _done(request: Request, rescoring_id: int, verb: Any) -> Response:
    without_body(request)
    row = _one(request, rescoring_id)
    _possible(lambda: verb(transfer=row, by=caller(request)))
    row.refresh_from_db()
    return Response(_shown(row, request))


def _possible(act: Any) -> Any:
    try:
        return act()
    except TransferNotPossible as error:
        raise Problem(NOT_NOW, str(error)) from None


def _shown(row: Transfer, request: Request) -> Any:
    return RescoringOutput(row, context={"request": request}).data


def _url(row: Transfer, request: Request) -> str:
    return str(reverse("api-rescoring", kwargs={"rescoring_id": row.pk}, request=request))
