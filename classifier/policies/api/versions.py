"""`/api/v1/policies/…/versions/`: who changed a policy when and how, and an old version again."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.etag import IF_MATCH, etag_header
from classifier.api.fields import ClosedSerializer
from classifier.api.moderation import ModerationEndpoint
from classifier.api.pagination import page_of
from classifier.api.permissions import caller
from classifier.api.problems import CHANGED_MEANWHILE
from classifier.api.values import PageQuery, Text
from classifier.api.verbs import optional
from classifier.models import ApiScope, Policy
from classifier.policies.api.output import POLICY_EXAMPLE, PolicyOutput, shown_policy
from classifier.policies.api.policies import SAVE, SEE, policy_answer, seen_version, source_of
from classifier.policies.fields import NOTE_CHARACTERS
from classifier.policies.services import policy_newest, policy_restore
from classifier.policies.versions import Version, policy_versions, with_changes

VERSION_EXAMPLE: dict[str, Any] = {
    **POLICY_EXAMPLE,
    "in_force": True,
    "changes": [
        {"field": "bands.toxic.remove", "before": None, "after": 0.95},
        {"field": "automatic", "before": ["approve"], "after": ["approve", "remove"]},
    ],
}


@extend_schema_serializer(component_name="PolicyChange")
class ChangeOutput(serializers.Serializer[Any]):
    """One value that is otherwise than in the version before."""

    field = serializers.CharField(help_text="Such as bands.toxic.review, automatic or reasons.insult.")
    before = serializers.JSONField(allow_null=True, help_text="Null: it was not set.")
    after = serializers.JSONField(allow_null=True, help_text="Null: it is not set any more.")


@extend_schema_serializer(component_name="PolicyVersion")
class VersionOutput(PolicyOutput):
    """One version, in force or earlier."""

    in_force = serializers.BooleanField()
    changes = ChangeOutput(
        many=True, allow_null=True, help_text="Against the version before; null for the first."
    )


@extend_schema_serializer(component_name="PolicyVersionPage", many=False)
class VersionPageOutput(serializers.Serializer[Any]):
    items = VersionOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


@extend_schema_serializer(component_name="PolicyNoteInput")
class NoteInput(ClosedSerializer):
    """Nothing of it is needed."""

    note = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=NOTE_CHARACTERS,
        help_text="Why this version.",
    )


class PolicyVersionsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="list_policy_versions",
        summary="The versions of a source's policy, newest first",
        description=(
            "Who saved each, when, why and what it changed; none where the source follows the site's policy. Needs the "
            "scope `moderate`, or a session, and the permission to view policies."
        ),
        parameters=[PageQuery],
        responses={200: VersionPageOutput},
        examples=[OpenApiExample("A page", {"items": [VERSION_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        query = checked_query(PageQuery, request)
        rows = policy_versions(source=source)
        page = page_of(rows, cursor=query["cursor"], size=query["limit"], request=request)
        newest = policy_newest(source=source)
        shown = [_shown(version, newest) for version in with_changes(page.rows)]
        return Response({"items": shown, "next": page.next_url})


class PolicyVersionEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="read_policy_version",
        summary="One version of a source's policy",
        description="By its number. Needs the scope `moderate`, or a session, and the permission to view policies.",
        responses={200: VersionOutput},
        examples=[OpenApiExample("A version", VERSION_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, version: int, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        row = _found(source, version)
        return Response(_shown(with_changes([row])[0], policy_newest(source=source)))


class PolicyRestoreEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": SAVE}
    problems = {"POST": (CHANGED_MEANWHILE,)}

    @extend_schema(
        operation_id="restore_policy_version",
        summary="Put an old version of a source's policy in force again",
        description=(
            "It is saved as the newest version. `If-Match` takes the ETag of the policy, as for saving. Needs the "
            "scope `moderate`, or a session, and the permission to save policies."
        ),
        parameters=[IF_MATCH, etag_header(200)],
        request=NoteInput,
        responses={200: PolicyOutput},
        examples=[
            OpenApiExample("Why", {"note": "Too much was removed."}, request_only=True),
            OpenApiExample("In force", POLICY_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, version: int, slug: str | None = None) -> Response:
        source = source_of(request, slug)
        old = _found(source, version)
        said = optional(NoteInput, request)
        policy_restore(policy=old, note=said["note"], seen_version=seen_version(request), by=caller(request))
        return policy_answer(source)


@extend_schema_view(
    get=extend_schema(
        operation_id="list_site_policy_versions", summary="The versions of the site's own policy"
    )
)
class SitePolicyVersionsEndpoint(PolicyVersionsEndpoint):
    """The same for the site's own policy."""


@extend_schema_view(
    get=extend_schema(operation_id="read_site_policy_version", summary="One version of the site's own policy")
)
class SitePolicyVersionEndpoint(PolicyVersionEndpoint):
    """The same for the site's own policy."""


@extend_schema_view(
    post=extend_schema(
        operation_id="restore_site_policy_version",
        summary="Put an old version of the site's own policy in force again",
    )
)
class SitePolicyRestoreEndpoint(PolicyRestoreEndpoint):
    """The same for the site's own policy."""


def _found(source: Any, version: int) -> Policy:
    row = policy_versions(source=source).filter(version=version).first() if version < 2**31 else None
    if row is None:
        raise Http404
    return row


def _shown(version: Version, newest: Policy | None) -> dict[str, Any]:
    changes = version.changes
    return {
        **shown_policy(version.policy.source, version.policy),
        "in_force": newest is not None and newest.pk == version.policy.pk,
        "changes": None
        if changes is None
        else [{"field": one.field, "before": one.before, "after": one.after} for one in changes],
    }
