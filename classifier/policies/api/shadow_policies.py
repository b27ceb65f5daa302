"""`/api/v1/policies/…/shadow/`: a draft that judges live comments silently, what it said, and putting it in force."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.etag import IF_MATCH, etag_header
from classifier.api.fields import ClosedSerializer, CountParameter
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import CHANGED_MEANWHILE, NOT_FOUND, NOT_NOW
from classifier.api.values import IdParameter, Text
from classifier.api.verbs import checked, optional
from classifier.models import ApiScope, ShadowPolicy, Source
from classifier.policies.api.draft_output import (
    REPORT_EXAMPLE,
    SHADOW_EXAMPLE,
    ReportOutput,
    ShadowOutput,
    shown_report,
    shown_shadow,
)
from classifier.policies.api.output import POLICY_EXAMPLE, PolicyOutput
from classifier.policies.api.policies import (
    BANDS_EXAMPLE,
    SAVE,
    SEE,
    DraftInput,
    policy_answer,
    seen_version,
    source_of,
)
from classifier.policies.api.versions import NoteInput
from classifier.policies.draft_report import (
    PERIODS,
    changed_judgements,
    shadow_policies_of,
    shadow_policy_report,
)
from classifier.policies.fields import NOTE_CHARACTERS
from classifier.policies.preview import EXAMPLES
from classifier.policies.shadow_policies import (
    shadow_policy_put_in_force,
    shadow_policy_start,
    shadow_policy_stop,
)

SHOWN = OpenApiExample("A draft", SHADOW_EXAMPLE, response_only=True)
NEEDS_SEE = "Needs the scope `moderate`, or a session, and the permission to view policies."
NEEDS_SAVE = "Needs the scope `moderate`, or a session, and the permission to save policies."


@extend_schema_serializer(component_name="ShadowPolicyInput")
class StartInput(DraftInput):
    """A draft with why it is tried."""

    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)


class ReportQuery(ClosedSerializer):
    days = CountParameter(most=max(PERIODS), default=7, help_text="How many days; the last is today (UTC).")
    draft = IdParameter(required=False, help_text="An earlier draft; without it, the newest.")


class PolicyShadowEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE, "PUT": ApiScope.MODERATE, "DELETE": ApiScope.MODERATE}
    needs = {"GET": SEE, "PUT": SAVE, "DELETE": SAVE}
    problems = {"GET": (NOT_FOUND,), "DELETE": (NOT_FOUND, NOT_NOW)}

    @extend_schema(
        operation_id="read_policy_shadow",
        summary="The draft in the shadow of a source's policy",
        description=f"The newest one, whether it runs or has ended; 404 where none was tried. {NEEDS_SEE}",
        responses={200: ShadowOutput},
        examples=[SHOWN],
    )
    def get(self, request: Request, slug: str | None = None) -> Response:
        return Response(shown_shadow(_newest(source_of(request, slug))))

    @extend_schema(
        operation_id="start_policy_shadow",
        summary="Let a draft judge live comments silently",
        description=(
            "It judges every comment that is scored from now on beside the policy in force, by the same probabilities "
            "and rules; nobody acts on what it says. Another draft that runs there ends; the same one goes on. "
            f"{NEEDS_SAVE}"
        ),
        request=StartInput,
        responses={200: ShadowOutput},
        examples=[
            OpenApiExample(
                "A draft to try",
                {
                    "bands": BANDS_EXAMPLE,
                    "automatic": ["approve", "remove"],
                    "note": "Remove a little earlier?",
                },
                request_only=True,
            ),
            SHOWN,
        ],
    )
    def put(self, request: Request, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        said = checked(StartInput, request)
        shadow = shadow_policy_start(source=source, **said, by=caller(request))
        return Response(shown_shadow(shadow))

    @extend_schema(
        operation_id="stop_policy_shadow",
        summary="Stop the draft",
        description=f"What it said stays. 409 where none runs. {NEEDS_SAVE}",
        responses={204: None},
    )
    def delete(self, request: Request, slug: str | None = None) -> Response:
        shadow_policy_stop(shadow=_newest(source_of(request, slug)), by=caller(request))
        return Response(status=204)


class PolicyShadowReportEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}
    problems = {"GET": (NOT_FOUND,)}

    @extend_schema(
        operation_id="read_policy_shadow_report",
        summary="What the draft would have changed",
        description=(
            "Counts by day, changes of bands with examples, and both policies held against what people decided, of the "
            f"sources that the caller sees. {NEEDS_SEE}"
        ),
        parameters=[ReportQuery],
        responses={200: ReportOutput},
        examples=[OpenApiExample("A week", REPORT_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        query = checked_query(ReportQuery, request)
        shadow = _newest(source, query.get("draft"))
        asked: dict[str, Any] = {"shadow": shadow, "user": caller(request), "days": query["days"]}
        report = shadow_policy_report(**asked)
        examples = {
            line.key: [
                row.prediction.comment_id
                for row in changed_judgements(**asked, before=line.before, after=line.after)[:EXAMPLES]
            ]
            for line in report.changes
        }
        return Response(shown_report(shadow, query["days"], report, examples))


class PolicyShadowInForceEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": SAVE}
    problems = {"POST": (NOT_FOUND, CHANGED_MEANWHILE, NOT_NOW)}

    @extend_schema(
        operation_id="put_policy_shadow_in_force",
        summary="Put the draft in force",
        description=(
            "Saves it as the next version of the policy; what a draft does not say stays. `If-Match` takes the "
            f"ETag of the policy. 409 where it is in force already. {NEEDS_SAVE}"
        ),
        parameters=[IF_MATCH, etag_header(200)],
        request=NoteInput,
        responses={200: PolicyOutput},
        examples=[
            OpenApiExample("Why", {"note": "Tried for a week."}, request_only=True),
            OpenApiExample("In force", POLICY_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        shadow = _newest(source)
        said = optional(NoteInput, request)
        shadow_policy_put_in_force(
            shadow=shadow, note=said["note"], seen_version=seen_version(request), by=caller(request)
        )
        return policy_answer(source)


@extend_schema_view(
    get=extend_schema(
        operation_id="read_site_policy_shadow", summary="The draft in the shadow of the site's policy"
    ),
    put=extend_schema(operation_id="start_site_policy_shadow"),
    delete=extend_schema(operation_id="stop_site_policy_shadow"),
)
class SitePolicyShadowEndpoint(PolicyShadowEndpoint):
    """The same for the site's own policy."""


@extend_schema_view(get=extend_schema(operation_id="read_site_policy_shadow_report"))
class SitePolicyShadowReportEndpoint(PolicyShadowReportEndpoint):
    """The same for the site's own policy."""


@extend_schema_view(post=extend_schema(operation_id="put_site_policy_shadow_in_force"))
class SitePolicyShadowInForceEndpoint(PolicyShadowInForceEndpoint):
    """The same for the site's own policy."""


def _newest(source: Source | None, draft: int | None = None) -> ShadowPolicy:
    """The newest draft of a source, or the one that is named. Raises Http404."""
    rows = shadow_policies_of(source=source)
    found = rows.first() if draft is None else rows.filter(pk=draft).first()
    if found is None:
        raise Http404
    return found
