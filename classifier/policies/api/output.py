"""How policies and previews of them look in the answers of version 1."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from classifier.inference.bands import BANDS
from classifier.models import FailMode, Policy, Source
from classifier.policies.preview import PolicyPreview

POLICY_EXAMPLE: dict[str, Any] = {
    "source": "forum",
    "own": True,
    "id": 17,
    "version": 3,
    "bands": {"toxic": {"review": 0.5, "remove": 0.95}},
    "automatic": ["approve", "remove"],
    "fail_mode": "closed",
    "nudge_threshold": 0.7,
    "reasons": [{"code": "insult", "title": "Insults somebody"}],
    "reason_required": False,
    "appeal_days": 14,
    "note": "Remove without a person from 95 % on.",
    "created_by": "robin",
    "created_at": "2026-11-24T08:00:00.000000Z",
}
LIST_EXAMPLE = {"items": [{**POLICY_EXAMPLE, "source": None, "id": 1, "version": 1}, POLICY_EXAMPLE]}
PREVIEW_EXAMPLE: dict[str, Any] = {
    "looked_at": 10_000,
    "changed": 132,
    "before": {"approve": 9_100, "review": 900, "remove": 0},
    "after": {"approve": 9_010, "review": 948, "remove": 42},
    "waiting_before": 900,
    "waiting_after": 948,
    "automatic_before": 9_100,
    "automatic_after": 9_052,
    "moves": [{"before": "approve", "after": "review", "count": 90, "examples": [4711, 4702]}],
}


@extend_schema_serializer(component_name="PolicyOutput")
class PolicyOutput(serializers.Serializer[Any]):
    """One version of a policy, in force."""

    source = serializers.CharField(allow_null=True, help_text="Null: the site's own.")  # type: ignore[assignment]
    own = serializers.BooleanField(help_text="False: the source has none, so this is the site's.")
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    bands = serializers.DictField(child=serializers.DictField())
    automatic = serializers.ListField(child=serializers.CharField())
    fail_mode = serializers.ChoiceField(choices=FailMode.values)
    nudge_threshold = serializers.FloatField(allow_null=True)
    reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    reason_required = serializers.BooleanField()
    appeal_days = serializers.IntegerField()
    note = serializers.CharField()
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="PolicyList", many=False)
class PoliciesOutput(serializers.Serializer[Any]):
    items = PolicyOutput(many=True, help_text="The site's own first, then by source.")


@extend_schema_serializer(component_name="PolicyMoves")
class MovesOutput(serializers.Serializer[Any]):
    before = serializers.ChoiceField(choices=BANDS)
    after = serializers.ChoiceField(choices=BANDS)
    count = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.IntegerField(), help_text="Comments, the latest.")


@extend_schema_serializer(component_name="PolicyPreview")
class PreviewOutput(serializers.Serializer[Any]):
    """How many comments would come into another band, and what that means for people."""

    looked_at = serializers.IntegerField()
    changed = serializers.IntegerField()
    before = serializers.DictField(child=serializers.IntegerField(), help_text="Comments by band.")
    after = serializers.DictField(child=serializers.IntegerField())
    waiting_before = serializers.IntegerField()
    waiting_after = serializers.IntegerField()
    automatic_before = serializers.IntegerField()
    automatic_after = serializers.IntegerField()
    moves = MovesOutput(many=True)


def shown_policy(source: Source | None, policy: Policy) -> dict[str, Any]:
    return dict(
        PolicyOutput(
            {
                "source": source.slug if source is not None else None,
                "own": policy.source_id == (source.pk if source is not None else None),
                **{
                    name: getattr(policy, name)
                    for name in map(str, PolicyOutput().fields)
                    if name not in ("source", "own", "created_by")
                },
                "created_by": policy.created_by.get_username() if policy.created_by is not None else None,
            }
        ).data
    )


def shown_preview(preview: PolicyPreview) -> dict[str, Any]:
    moves = [
        {
            "before": move.before,
            "after": move.after,
            "count": move.count,
            "examples": [change.comment.pk for change in move.examples],
        }
        for move in preview.moves
    ]
    numbers = {name: getattr(preview, name) for name in map(str, PreviewOutput().fields) if name != "moves"}
    return dict(PreviewOutput({**numbers, "moves": moves}).data)
