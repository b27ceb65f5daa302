"""`/api/v1/reports/`: readers tell that a comment is bad."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ClosedSerializer, TextParameter
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import KEY_REUSED
from classifier.api.values import PageQuery, Text
from classifier.api.verbs import listed, optional
from classifier.models import ApiScope, Report
from classifier.review.api.output import REPORT_EXAMPLE, ReportOutput, ReportPageOutput
from classifier.review.reports import ADD, REASON_CHARACTERS, REPORTER_CHARACTERS, report_add
from classifier.review.selectors import SEES_REPORTS, reports_visible_to

PAGE_EXAMPLE = OpenApiExample("A page", {"items": [REPORT_EXAMPLE], "next": None}, response_only=True)


@extend_schema_serializer(component_name="ReportInput")
class AddInput(ClosedSerializer):
    """A reader's report."""

    reporter_ref = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=REPORTER_CHARACTERS,
        help_text="Who reports, in your own terms: the same counts once. Without it each report counts.",
    )
    reason = Text(required=False, default="", allow_blank=True, max_length=REASON_CHARACTERS)


class ListQuery(PageQuery):
    source = TextParameter(required=False, max_length=64)  # type: ignore[assignment]


class CommentReportsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE, "POST": ApiScope.SUBMIT}
    needs = {"GET": SEES_REPORTS, "POST": ADD}
    problems = {"POST": (KEY_REUSED,)}

    @extend_schema(
        operation_id="list_comment_reports",
        summary="The reports of a comment",
        description="Needs the scope `moderate`, or a session.",
        parameters=[PageQuery],
        responses={200: ReportPageOutput},
        examples=[PAGE_EXAMPLE],
    )
    def get(self, request: Request, comment_id: int) -> Response:
        rows = reports_visible_to(user=caller(request)).filter(comment_id=comment_id)
        return listed(rows, checked_query(PageQuery, request), request, ReportOutput().to_representation)

    @extend_schema(
        operation_id="report_comment",
        summary="Report a comment",
        description=(
            "It comes into the queue, however it was scored; one that was approved after enough new reports. The same "
            "`reporter_ref` again gives the report that is there (200). Needs the scope `submit`, or a session."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=AddInput,
        responses={200: ReportOutput, 201: ReportOutput},
        examples=[
            OpenApiExample(
                "By a reader", {"reporter_ref": "user-9", "reason": "He insults me."}, request_only=True
            ),
            OpenApiExample("Reported", REPORT_EXAMPLE, response_only=True, status_codes=["200", "201"]),
        ],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        said = optional(AddInput, request)
        new = True

        def add() -> int:
            nonlocal new
            report, new = report_add(
                comment=self.comment,
                reporter_ref=said["reporter_ref"],
                reason=said["reason"],
                by=caller(request),
            )
            return report.pk

        def show(pk: int) -> Response:
            report = Report.objects.select_related("comment__source").get(pk=pk)
            return Response(ReportOutput(report).data, status=201 if new else 200)

        return once(request, add, show)


class ReportsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEES_REPORTS}

    @extend_schema(
        operation_id="list_reports",
        summary="List reports, newest first",
        description="Of the sources that the caller sees. Needs the scope `moderate`, or a session.",
        parameters=[ListQuery],
        responses={200: ReportPageOutput},
        examples=[PAGE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        rows = reports_visible_to(user=caller(request))
        if "source" in query:
            rows = rows.filter(comment__source__slug=query["source"])
        return listed(rows, query, request, ReportOutput().to_representation)
