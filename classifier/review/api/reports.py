"""`/api/v1/reports/`: readers report comments."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.fields import ClosedSerializer, SourceParameter, Text
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.reading import checked_query, optional
from classifier.models import ApiScope, Report
from classifier.review.reports import ADD, REASON_CHARACTERS, REPORTER_CHARACTERS, report_add
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
        answers={200: ReportOutput, 201: ReportOutput},
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Report a comment.

        The comment enters the review queue, whatever its score; if it was approved, after enough new reports. The same
        `reporter_ref` again returns the existing report (200).
        """
        fields = optional(ReportInput, request)
        is_new = True

        def make() -> int:
            nonlocal is_new
            report, is_new = report_add(comment=self.comment, **fields, by=caller(request))
            return report.pk

        def show(pk: int) -> Response:
            report = Report.objects.select_related("comment__source").get(pk=pk)
            return Response(ReportOutput(report).data, status=201 if is_new else 200)

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
