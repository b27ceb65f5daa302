"""How a draft in the shadow of a policy, and what it said, look in the answers of version 1."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from classifier.inference.bands import BANDS
from classifier.models import ShadowPolicy, ShadowPolicyStatus
from classifier.policies.draft_report import ShadowPolicyReport

SHADOW_EXAMPLE: dict[str, Any] = {
    "id": 5,
    "source": "forum",
    "status": "running",
    "bands": {"toxic": {"review": 0.4, "remove": 0.9}},
    "automatic": ["approve", "remove"],
    "note": "Remove a little earlier?",
    "policy_version": None,
    "created_by": "robin",
    "created_at": "2026-11-24T08:00:00.000000Z",
    "ended_at": None,
}
CELLS = {"tp": 51, "fp": 22, "fn": 1, "tn": 12}
REPORT_EXAMPLE: dict[str, Any] = {
    "draft": SHADOW_EXAMPLE,
    "days": 7,
    "judged": 10_000,
    "changed": 132,
    "before": {"approve": 9_100, "review": 900, "remove": 0},
    "after": {"approve": 9_010, "review": 948, "remove": 42},
    "waiting_before": 900,
    "waiting_after": 948,
    "automatic_before": 9_100,
    "automatic_after": 9_052,
    "by_day": [{"day": "2026-11-24", "judged": 1_430, "stricter": 19, "milder": 0}],
    "changes": [
        {
            "before": "approve",
            "after": "review",
            "count": 90,
            "removed": 3,
            "approved": 7,
            "examples": [4711, 4702],
        }
    ],
    "decisions": {
        "looked_at": 10_000,
        "decided": 86,
        "before": CELLS,
        "after": {**CELLS, "fp": 29, "tn": 5},
        "bands": [
            {
                "band": "approve",
                "removed_before": 1,
                "approved_before": 12,
                "removed_after": 1,
                "approved_after": 5,
            }
        ],
    },
}


@extend_schema_serializer(component_name="ShadowPolicy")
class ShadowOutput(serializers.Serializer[Any]):
    """A draft that judges live comments silently, or did."""

    id = serializers.IntegerField()
    source = serializers.CharField(allow_null=True, help_text="Null: the site's own policy.")  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=ShadowPolicyStatus.values)
    bands = serializers.DictField(child=serializers.DictField())
    automatic = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    policy_version = serializers.IntegerField(
        allow_null=True, help_text="As which version it was put in force."
    )
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(component_name="ShadowPolicyDay")
class DayOutput(serializers.Serializer[Any]):
    """One UTC day."""

    day = serializers.DateField()
    judged = serializers.IntegerField()
    stricter = serializers.IntegerField()
    milder = serializers.IntegerField()


@extend_schema_serializer(component_name="ShadowPolicyChange")
class ChangeOutput(serializers.Serializer[Any]):
    """Comments that the draft puts into another band; of those looked at, what people decided."""

    before = serializers.ChoiceField(choices=BANDS)
    after = serializers.ChoiceField(choices=BANDS)
    count = serializers.IntegerField()
    removed = serializers.IntegerField()
    approved = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.IntegerField(), help_text="Comments, the latest.")


@extend_schema_serializer(component_name="ShadowPolicyCells")
class CellsOutput(serializers.Serializer[Any]):
    """Not approved by a policy (positive) against removed by a person (true)."""

    tp = serializers.IntegerField()
    fp = serializers.IntegerField()
    fn = serializers.IntegerField()
    tn = serializers.IntegerField()


@extend_schema_serializer(component_name="ShadowPolicyBand")
class BandOutput(serializers.Serializer[Any]):
    """What people decided about comments of one band, in force and by the draft."""

    band = serializers.ChoiceField(choices=BANDS)
    removed_before = serializers.IntegerField()
    approved_before = serializers.IntegerField()
    removed_after = serializers.IntegerField()
    approved_after = serializers.IntegerField()


@extend_schema_serializer(component_name="ShadowPolicyDecisions")
class DecisionsOutput(serializers.Serializer[Any]):
    """Both policies on the same comments that people decided."""

    looked_at = serializers.IntegerField(help_text="The latest judgements whose decisions were read.")
    decided = serializers.IntegerField()
    before = CellsOutput()
    after = CellsOutput()
    bands = BandOutput(many=True)


@extend_schema_serializer(component_name="ShadowPolicyReport")
class ReportOutput(serializers.Serializer[Any]):
    """What the draft said beside the policy in force."""

    draft = ShadowOutput()
    days = serializers.IntegerField()
    judged = serializers.IntegerField()
    changed = serializers.IntegerField()
    before = serializers.DictField(child=serializers.IntegerField(), help_text="Comments by band, in force.")
    after = serializers.DictField(child=serializers.IntegerField())
    waiting_before = serializers.IntegerField()
    waiting_after = serializers.IntegerField()
    automatic_before = serializers.IntegerField()
    automatic_after = serializers.IntegerField()
    by_day = DayOutput(many=True, help_text="Newest first, without days on which nothing was judged.")
    changes = ChangeOutput(many=True)
    decisions = DecisionsOutput()


def shown_shadow(shadow: ShadowPolicy) -> dict[str, Any]:
    return dict(
        ShadowOutput(
            {
                **{
                    name: getattr(shadow, name)
                    for name in (
                        "id",
                        "status",
                        "bands",
                        "automatic",
                        "note",
                        "created_at",
                        "ended_at",
                    )
                },
                "source": shadow.source.slug if shadow.source is not None else None,
                "policy_version": shadow.policy.version if shadow.policy is not None else None,
                "created_by": shadow.created_by.get_username() if shadow.created_by is not None else None,
            }
        ).data
    )


def shown_report(
    shadow: ShadowPolicy, days: int, report: ShadowPolicyReport, examples: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """`examples`: comments by the key of a change."""
    plain = (
        "judged",
        "changed",
        "before",
        "after",
        "waiting_before",
        "waiting_after",
        "automatic_before",
        "automatic_after",
    )
    return {
        "draft": shown_shadow(shadow),
        "days": days,
        **{name: getattr(report, name) for name in plain},
        "by_day": [{**asdict(day), "day": day.day.isoformat()} for day in report.days],
        "changes": [{**asdict(line), "examples": list(examples[line.key])} for line in report.changes],
        "decisions": {
            "looked_at": report.looked,
            "decided": report.decided,
            "before": asdict(report.caught_before),
            "after": asdict(report.caught_after),
            "bands": [asdict(line) for line in report.outcomes],
        },
    }
