"""`/api/v1/reports/`: readers report comments."""

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.fields import ClosedSerializer, SourceParameter, Text, TrueOrFalse
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.reading import checked, checked_query, optional
from classifier.comments.api.output import ACTION_CHOICES
from classifier.models import ApiScope, Comment, Report
from classifier.policies.recommended_actions import of_comment
from classifier.review.reports import (
    ADD,
    MARK,
    REASON_CHARACTERS,
    REPORTER_CHARACTERS,
    report_add,
    reports_mark,
)
from classifier.review.selectors import SEES_REPORTS, reports_visible_to


class ReportInput(ClosedSerializer):
    """A reader's report."""

    reporter_ref = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=REPORTER_CHARACTERS,
        help_text="Your own id of the reader: reports of one reader count once. Without it, each report counts.",
    )
    reason = Text(required=False, default="", allow_blank=True, max_length=REASON_CHARACTERS)


class ReportsMarkInput(ClosedSerializer):
    """Whether reports of the comment are harmless."""

    harmless = TrueOrFalse(help_text="true: further reports do not bring it back, until its text changes.")


class ReportListQuery(PageQuery):
    source = SourceParameter()  # type: ignore[assignment]


class ReportOutput(serializers.Serializer[Report]):
    """A reader's report of a comment."""

    id = serializers.IntegerField()
    comment = serializers.IntegerField(source="comment_id")
    source = serializers.CharField(source="comment.source.slug")  # type: ignore[assignment]
    reporter_ref = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="ReportsMark")
class ReportsMarkOutput(serializers.Serializer[Comment]):
    """Whether reports of a comment count."""

    comment = serializers.IntegerField(source="pk")
    harmless = serializers.BooleanField(source="reports_harmless")
    report_count = serializers.IntegerField()
    in_queue = serializers.SerializerMethodField(help_text="Whether it waits for a moderator.")

    def get_in_queue(self, comment: Comment) -> bool:
        return comment.queued_at is not None


class ReportsHarmlessEndpoint(Endpoint):
    scope = ApiScope.MODERATE

    @operation("mark_reports", needs=MARK, body=ReportsMarkInput, answers=ReportsMarkOutput)
    def post(self, request: Request, comment_id: int) -> Response:
        """Say that reports of a comment are harmless, or count again.

        Further reports of it are kept and counted, and do not bring it back to the queue until its text changes. An
        approved comment that waits for nothing but its reports leaves the queue.
        """
        harmless = checked(ReportsMarkInput, request)["harmless"]
        comment = reports_mark(comment=self.comment, harmless=harmless, by=caller(request))
        return Response(ReportsMarkOutput(comment).data)


@extend_schema_serializer(component_name="NewReport")
class NewReportOutput(ReportOutput):
    """A reader's report, and what to do with the comment now."""

    action = serializers.SerializerMethodField(help_text="What the policy recommends for the comment now.")

    @extend_schema_field(serializers.ChoiceField(choices=ACTION_CHOICES))
    def get_action(self, report: Report) -> str:
        return of_comment(report.comment).action


class CommentReportsEndpoint(Endpoint):
    @operation(
        "list_comment_reports",
        scope=ApiScope.MODERATE,
        needs=SEES_REPORTS,
        query=PageQuery,
        answers=page_of(ReportOutput),
    )
    def get(self, request: Request, comment_id: int) -> Response:
        """List the reports of a comment, newest first."""
        rows = reports_visible_to(user=caller(request)).filter(comment_id=comment_id)
        return listed(rows, checked_query(PageQuery, request), request, ReportOutput)

    @operation(
        "report_comment",
        scope=ApiScope.SUBMIT,
        needs=ADD,
        headers=[IDEMPOTENCY_KEY],
        body=ReportInput,
        answers={200: NewReportOutput, 201: NewReportOutput},
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Report a comment.

        The comment enters the review queue, whatever its score; if it was approved, after enough new reports, unless a
        moderator found its reports harmless. The same `reporter_ref` again returns the existing report (200). After
        `REPORTS_TO_HIDE` reports, `action` is `hold` until a moderator decides.
        """
        fields = optional(ReportInput, request)
        is_new = True

        def make() -> int:
            nonlocal is_new
            report, is_new = report_add(comment=self.comment, **fields, by=caller(request))
            return report.pk

        def show(pk: int) -> Response:
            related = ("comment__source", "comment__current_prediction", "comment__current_decision")
            report = Report.objects.select_related(*related).get(pk=pk)
            return Response(NewReportOutput(report).data, status=201 if is_new else 200)

        return once(request, make, show)


class ReportsEndpoint(Endpoint):
    @operation(
        "list_reports",
        scope=ApiScope.MODERATE,
        needs=SEES_REPORTS,
        query=ReportListQuery,
        answers=page_of(ReportOutput),
    )
    def get(self, request: Request) -> Response:
        """List reports, newest first.

        The list covers the sources that the caller may see.
        """
        query = checked_query(ReportListQuery, request)
        rows = reports_visible_to(user=caller(request))
        return listed(rows, query, request, ReportOutput, {"source": "comment__source__slug"})
