"""`/api/v1/policies/`: what is in force where, saving a new version, and what it would change."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import NoQuery, checked_query
from classifier.api.etag import IF_MATCH, asked_version, etag, etag_header
from classifier.api.fields import ClosedSerializer, TrueOrFalse
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import CHANGED_MEANWHILE
from classifier.api.values import AnyObject, Choice, Names, Number, Text, Whole
from classifier.api.verbs import checked
from classifier.core.errors import VersionConflict
from classifier.core.validation import InvalidInput, ValidationProblem, whole_number
from classifier.core.visibility import narrow, sees_source
from classifier.inference.bands import BandsError, check_automatic, check_bands
from classifier.models import ApiScope, FailMode, Policy, Source
from classifier.policies.api.output import (
    LIST_EXAMPLE,
    POLICY_EXAMPLE,
    PREVIEW_EXAMPLE,
    PoliciesOutput,
    PolicyOutput,
    PreviewOutput,
    shown_policy,
    shown_preview,
)
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.services import policy_for, policy_newest, policy_save

SEE, SAVE = "classifier.view_policy", "classifier.add_policy"
BANDS_EXAMPLE = {"toxic": {"review": 0.5, "remove": 0.95}}


@extend_schema_serializer(component_name="PolicyDraftInput")
class DraftInput(ClosedSerializer):
    """What decides about a comment."""

    bands = AnyObject(help_text="For each label, at which probability `review` and `remove` begin.")
    automatic = Names(
        required=False, default=list, most=3, help_text="Bands that are decided without a person."
    )


@extend_schema_serializer(component_name="PolicyInput")
class PolicyInput(DraftInput):
    """A whole policy: what is left out gets its default, not what it was."""

    fail_mode = Choice(required=False, default=FailMode.CLOSED.value, choices=FailMode.values)
    nudge_threshold = Number(required=False, allow_null=True, default=None, min_value=0, max_value=1)
    reasons = serializers.ListField(
        child=AnyObject(), required=False, default=list, help_text="Objects of a code and a title."
    )
    reason_required = TrueOrFalse(required=False, default=False, help_text="For removing.")
    appeal_days = Whole(required=False, default=14, help_text="For how long an author may appeal; 0: not.")
    note = Text(required=False, default="", allow_blank=True, help_text="What changed and why.")


class PoliciesEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="list_policies",
        summary="The policies in force",
        description=(
            "The site's own, which counts for every source without one, then those of the sources that the caller "
            "sees. Needs the scope `moderate`, or a session, and the permission to view policies."
        ),
        responses={200: PoliciesOutput},
        examples=[OpenApiExample("All", LIST_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        checked_query(NoQuery, request)
        seen = narrow(Source.objects.all(), caller(request), "pk")
        rows = Policy.objects.filter(source__in=seen).select_related("source", "created_by")
        own = rows.order_by("source__slug", "-version").distinct("source__slug")
        site = policy_newest(source=None)
        found = [*([site] if site is not None else []), *own]
        return Response({"items": [shown_policy(policy.source, policy) for policy in found]})


class PolicyEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE, "PUT": ApiScope.MODERATE}
    needs = {"GET": SEE, "PUT": SAVE}
    problems = {"PUT": (CHANGED_MEANWHILE,)}

    @extend_schema(
        operation_id="read_policy",
        summary="The policy in force for a source",
        description="Where a source has none of its own, `own` is false and the site's is shown.",
        parameters=[etag_header(200)],
        responses={200: PolicyOutput},
        examples=[OpenApiExample("A policy", POLICY_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, slug: str | None = None) -> Response:
        checked_query(NoQuery, request)
        return policy_answer(source_of(request, slug))

    @extend_schema(
        operation_id="save_policy",
        summary="Save a new version of a policy",
        description=(
            "It is in force within seconds; earlier versions stay. 412 where `If-Match` names another version than "
            "the newest. Needs the scope `moderate`, or a session, and the permission to save policies."
        ),
        parameters=[IF_MATCH, etag_header(200)],
        request=PolicyInput,
        responses={200: PolicyOutput},
        examples=[
            OpenApiExample(
                "Remove what is surely toxic",
                {
                    "bands": BANDS_EXAMPLE,
                    "automatic": ["approve", "remove"],
                    "reasons": [{"code": "insult", "title": "Insults somebody"}],
                    "note": "Remove without a person from 95 % on.",
                },
                request_only=True,
            ),
            OpenApiExample("In force", POLICY_EXAMPLE, response_only=True),
        ],
    )
    def put(self, request: Request, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        said = checked(PolicyInput, request)
        policy_save(source=source, **said, seen_version=seen_version(request), by=caller(request))
        return policy_answer(source)


class PolicyPreviewEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": SEE}

    @extend_schema(
        operation_id="preview_policy",
        summary="What a policy would change",
        description=(
            "Lays it over the latest comments that the policy is for, with the verdicts they have; nothing is saved or "
            "scored. Needs the scope `moderate`, or a session, and the permission to view policies."
        ),
        request=DraftInput,
        responses={200: PreviewOutput},
        examples=[
            OpenApiExample("A draft", {"bands": BANDS_EXAMPLE, "automatic": ["approve"]}, request_only=True),
            OpenApiExample("Changes", PREVIEW_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        said = checked(DraftInput, request)
        try:
            after = Draft(check_bands(said["bands"]), frozenset(check_automatic(said["automatic"])))
        except BandsError as error:
            raise InvalidInput([ValidationProblem(error.field, error.message, error.code)]) from None
        now = policy_for(source.pk if source is not None else None)
        preview = policy_preview(
            source=source, user=caller(request), before=Draft(now.bands, now.automatic), after=after
        )
        return Response(shown_preview(preview))


@extend_schema_view(
    get=extend_schema(operation_id="read_site_policy", summary="The site's own policy"),
    put=extend_schema(operation_id="save_site_policy", summary="Save a new version of the site's own policy"),
)
class SitePolicyEndpoint(PolicyEndpoint):
    """The one that counts for every source without one."""


@extend_schema_view(post=extend_schema(operation_id="preview_site_policy"))
class SitePolicyPreviewEndpoint(PolicyPreviewEndpoint):
    """The same for the site's own policy."""


def source_of(request: Request, slug: str | None) -> Source | None:
    """The source of the address, None for the site's own policy. Raises Http404."""
    if slug is None:
        return None
    source = Source.objects.filter(slug=slug).first()
    if source is None or not sees_source(caller(request), source):
        raise Http404
    return source


def policy_answer(source: Source | None) -> Response:
    own = policy_newest(source=source)
    policy = own or policy_newest(source=None)
    if policy is None:
        raise Http404
    version: dict[str, Any] = {"ETag": etag(f"v{own.version if own is not None else 0}-{policy.pk}")}
    return Response(shown_policy(source, policy), headers=version)


def seen_version(request: Request) -> int | None:
    """The own version that If-Match names; None where any will do."""
    asked = asked_version(request)
    if asked is None:
        return None
    version = whole_number(asked.partition("-")[0].removeprefix("v"))
    if not asked.startswith("v") or version is None:
        raise VersionConflict
    return version
