"""`/api/v1/rescorings/`: score history again with the model version in production."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint, found
from classifier.api.fields import Choice, ClosedSerializer, Text, TrueOrFalse
from classifier.api.operation import location, operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from classifier.models import ApiScope, Transfer
from classifier.transfers.api.transfers import TRANSFER_STATUS_CHOICES
from classifier.transfers.rescoring import rescoring_choice, rescoring_count, rescoring_start
from classifier.transfers.rescoring_selectors import STATUSES, UNDECIDED, rescorings_seen_by
from classifier.transfers.selectors import progress_of
from classifier.transfers.services import RESCORE, transfer_cancel, transfer_resume

RESCORING_STATUSES = [(status, status) for status in STATUSES]


class RescoringInput(ClosedSerializer):
    """Which comments to score again; every field may be left out."""

    source = Text(  # type: ignore[assignment]
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="The slug of a source; all sources if empty.",
    )
    begin = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=10,
        help_text="Submitted on this UTC day or later.",
    )
    end = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=10,
        help_text="Submitted on this UTC day or earlier.",
    )
    status = Choice(choices=RESCORING_STATUSES, required=False, default=UNDECIDED)
    version = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="The model version of the current verdict; any if empty.",
    )
    again = TrueOrFalse(
        required=False,
        default=False,
        help_text="Also score what the version in production has scored already.",
    )


class RescoringCount(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    versions = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Comments by the model version of their current verdict; `none` for those without one.",
    )


@extend_schema_serializer(component_name="Rescoring")
class RescoringOutput(serializers.Serializer[Transfer]):
    """A run that scores history again in the background."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    status = serializers.ChoiceField(
        choices=TRANSFER_STATUS_CHOICES, help_text="A running one is `queued` between its turns."
    )
    choice = serializers.DictField(source="options.choice")
    done = serializers.IntegerField(source="done_rows")
    total = serializers.IntegerField(source="total_rows")
    changes = serializers.SerializerMethodField(
        help_text="The number of comments by the change of their band, such as `review>approve`."
    )
    reopened = serializers.SerializerMethodField(
        help_text="Comments whose decision was reopened: they wait for a moderator now."
    )
    skipped = serializers.SerializerMethodField(
        help_text="Comments left out because a moderator had claimed them."
    )
    failed = serializers.IntegerField(source="error_rows")
    seconds_left = serializers.SerializerMethodField(help_text="An estimate; null if there is none.")
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


class RescoringEndpoint(Endpoint):
    """An address of rescorings: keys need the scope `admin`."""

    scope = ApiScope.ADMIN

    def rescoring(self, rescoring_id: int) -> Transfer:
        """Return the rescoring of the address, if the caller may see it. Raises Http404."""
        row: Transfer = found(rescorings_seen_by(user=caller(self.request)), rescoring_id)
        return row

    def changed(self, rescoring_id: int, change: Callable[..., Any]) -> Response:
        """Change the rescoring of the address, and answer with it."""
        without_body(self.request)
        row = self.rescoring(rescoring_id)
        change(transfer=row, by=caller(self.request))
        row.refresh_from_db()
        return Response(_output(row, self.request))


class RescoringsEndpoint(RescoringEndpoint):
    @operation(
        "list_rescorings",
        needs=RESCORE,
        query=PageQuery,
        answers=page_of(RescoringOutput),
    )
    def get(self, request: Request) -> Response:
        """List rescorings, newest first."""
        rows = rescorings_seen_by(user=caller(request))
        return listed(rows, checked_query(PageQuery, request), request, RescoringOutput)

    @operation(
        "start_rescoring",
        needs=RESCORE,
        headers=[location(202, description="The address of the rescoring.")],
        body=RescoringInput,
        answers={202: RescoringOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request) -> Response:
        """Score history again.

        The model version in production scores the chosen comments in the background, while no new one waits. Only one
        rescoring runs at a time. The active policy judges the new verdicts like those of new comments. If a verdict
        falls into another band, a decision about the comment is reopened. 409: there is nothing to score, or another
        rescoring runs.
        """
        by = caller(request)
        choice = rescoring_choice(checked(RescoringInput, request), by=by)
        row = rescoring_start(choice=choice, by=by, api_key=api_key_of(request))
        return Response(_output(row, request), status=202, headers={"Location": _url(row, request)})


class RescoringCountEndpoint(RescoringEndpoint):
    @operation(
        "count_rescoring",
        needs=RESCORE,
        body=RescoringInput,
        answers=RescoringCount,
        problems=[NOT_NOW],
    )
    def post(self, request: Request) -> Response:
        """Count the comments that a rescoring would score.

        Nothing is scored.
        """
        by = caller(request)
        choice = rescoring_choice(checked(RescoringInput, request), by=by)
        counted = rescoring_count(choice=choice, by=by)
        return Response({"total": counted.total, "versions": dict(counted.versions)})


class OneRescoringEndpoint(RescoringEndpoint):
    @operation("read_rescoring", needs=RESCORE, answers=RescoringOutput)
    def get(self, request: Request, rescoring_id: int) -> Response:
        """Read the progress of a rescoring, and what it changed."""
        return Response(_output(self.rescoring(rescoring_id), request))


class RescoringCancelEndpoint(RescoringEndpoint):
    @operation(
        "cancel_rescoring",
        needs=RESCORE,
        body=NothingInput,
        answers=RescoringOutput,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, rescoring_id: int) -> Response:
        """Cancel a rescoring.

        Verdicts that it has stored are kept.
        """
        return self.changed(rescoring_id, transfer_cancel)


class RescoringResumeEndpoint(RescoringEndpoint):
    @operation(
        "resume_rescoring",
        needs=RESCORE,
        body=NothingInput,
        answers=RescoringOutput,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, rescoring_id: int) -> Response:
        """Resume a rescoring that failed or was cancelled."""
        return self.changed(rescoring_id, transfer_resume)


def _output(row: Transfer, request: Request) -> Any:
    return RescoringOutput(row, context={"request": request}).data


def _url(row: Transfer, request: Request) -> str:
    return str(reverse("api-rescoring", kwargs={"rescoring_id": row.pk}, request=request))
