"""How policies, their versions, previews and shadow runs look in the answers of version 1."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from classifier.inference.bands import BANDS
from classifier.models import (
    ConcernMode,
    FailMode,
    ModelVersion,
    Policy,
    ShadowPolicy,
    ShadowPolicyStatus,
    Source,
    TextFormat,
    UnknownLanguage,
)
from classifier.policies.active_policies import fallbacks_of, judge_of
from classifier.policies.draft_report import ShadowPolicyReport
from classifier.policies.preview import PolicyPreview
from classifier.policies.versions import Version


class PolicyOutput(serializers.Serializer[Any]):
    """One version of a policy."""

    source = serializers.CharField(allow_null=True, help_text="Null: the site's policy.")  # type: ignore[assignment]
    own = serializers.BooleanField(
        help_text="False: the source has no policy of its own; this is the site's."
    )
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    bands = serializers.DictField(child=serializers.DictField())
    thresholds = serializers.DictField(
        child=serializers.DictField(child=serializers.FloatField(allow_null=True)),
        allow_null=True,
        help_text="What `bands` come to with the active model version: numbers, or null for never; labels that it does "
        "not have are left out. Null: no version is active.",
    )
    fallbacks = serializers.ListField(
        child=serializers.CharField(),
        help_text="Thresholds, such as toxic.review, for which the active model version has no careful or strict one; "
        "its own threshold of the label applies.",
    )
    automatic = serializers.ListField(child=serializers.CharField())
    fail_mode = serializers.ChoiceField(choices=FailMode.values)
    unknown_language = serializers.ChoiceField(choices=UnknownLanguage.values)
    concern = serializers.ChoiceField(choices=ConcernMode.values)
    concern_text = serializers.CharField()
    nudge_threshold = serializers.FloatField(allow_null=True)
    reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    reason_required = serializers.BooleanField()
    appeal_days = serializers.IntegerField()
    text_format = serializers.ChoiceField(
        choices=TextFormat.values, help_text="The format of texts whose sender names none."
    )
    leave_out = serializers.ListField(
        child=serializers.CharField(), help_text="What rules and scores do not look at."
    )
    language_bands = serializers.DictField(
        child=serializers.DictField(child=serializers.DictField()),
        help_text="Bands of single languages, in place of `bands`.",
    )
    note = serializers.CharField()
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class PolicyList(serializers.Serializer[Any]):
    items = PolicyOutput(many=True, help_text="The site's policy first, then by source.")


class PolicyChange(serializers.Serializer[Any]):
    """One value that differs from the version before."""

    field = serializers.CharField(help_text="Such as bands.toxic.review, automatic or reasons.insult.")
    before = serializers.JSONField(help_text="Null: it was not set.")
    after = serializers.JSONField(help_text="Null: it is not set any more.")


@extend_schema_serializer(component_name="PolicyVersion")
class PolicyVersionOutput(PolicyOutput):
    """One version of a policy, active or earlier."""

    in_force = serializers.BooleanField(help_text="Whether this is the newest version, which is active.")
    changes = PolicyChange(
        many=True, allow_null=True, help_text="Differences from the version before; null for the first."
    )


class PolicyMoves(serializers.Serializer[Any]):
    """Comments that would move from one band to another."""

    before = serializers.ChoiceField(choices=BANDS)
    after = serializers.ChoiceField(choices=BANDS)
    count = serializers.IntegerField()
    examples = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the latest comments."
    )


@extend_schema_serializer(component_name="PolicyPreview")
class PolicyPreviewOutput(serializers.Serializer[Any]):
    """How many comments would move to another band, and how much work that makes for moderators."""

    looked_at = serializers.IntegerField(help_text="The number of comments that were looked at.")
    changed = serializers.IntegerField(help_text="The number of them that would move to another band.")
    before = serializers.DictField(
        child=serializers.IntegerField(), help_text="Comments by band, by the active policy."
    )
    after = serializers.DictField(
        child=serializers.IntegerField(), help_text="Comments by band, by the draft."
    )
    waiting_before = serializers.IntegerField(help_text="Comments that wait for a moderator.")
    waiting_after = serializers.IntegerField()
    automatic_before = serializers.IntegerField(help_text="Comments that the policy decides by itself.")
    automatic_after = serializers.IntegerField()
    fallbacks = serializers.ListField(
        child=serializers.CharField(),
        help_text="Thresholds of the draft, such as toxic.review, for which the active model version has no careful or "
        "strict one; its own threshold of the label applies.",
    )
    moves = PolicyMoves(many=True)


@extend_schema_serializer(component_name="ShadowPolicy")
class ShadowPolicyOutput(serializers.Serializer[ShadowPolicy]):
    """A draft that runs in shadow mode, or did: it judges live comments, and nobody acts on it."""

    id = serializers.IntegerField()
    source = serializers.CharField(  # type: ignore[assignment]
        source="source.slug", allow_null=True, help_text="Null: the site's policy."
    )
    status = serializers.ChoiceField(choices=ShadowPolicyStatus.values)
    bands = serializers.DictField(child=serializers.DictField())
    automatic = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    policy_version = serializers.IntegerField(
        source="policy.version", allow_null=True, help_text="The version of the policy that it became."
    )
    created_by = serializers.CharField(source="created_by.username", allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ShadowPolicyDay(serializers.Serializer[Any]):
    """One UTC day."""

    day = serializers.DateField()
    judged = serializers.IntegerField()
    stricter = serializers.IntegerField()
    milder = serializers.IntegerField()


class ShadowPolicyChange(serializers.Serializer[Any]):
    """Comments that the draft puts into another band, and what moderators decided about them."""

    before = serializers.ChoiceField(choices=BANDS)
    after = serializers.ChoiceField(choices=BANDS)
    count = serializers.IntegerField()
    removed = serializers.IntegerField()
    approved = serializers.IntegerField()
    examples = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the latest comments."
    )


class ShadowPolicyCells(serializers.Serializer[Any]):
    """A confusion matrix: not approved by the policy is positive, removed by a moderator is true."""

    tp = serializers.IntegerField()
    fp = serializers.IntegerField()
    fn = serializers.IntegerField()
    tn = serializers.IntegerField()


class ShadowPolicyBand(serializers.Serializer[Any]):
    """What moderators decided about the comments of one band, by the active policy and by the draft."""

    band = serializers.ChoiceField(choices=BANDS)
    removed_before = serializers.IntegerField()
    approved_before = serializers.IntegerField()
    removed_after = serializers.IntegerField()
    approved_after = serializers.IntegerField()


class ShadowPolicyDecisions(serializers.Serializer[Any]):
    """Both policies compared with moderators' decisions about the same comments."""

    looked_at = serializers.IntegerField(
        help_text="The number of latest judgements whose decisions were read."
    )
    decided = serializers.IntegerField()
    before = ShadowPolicyCells()
    after = ShadowPolicyCells()
    bands = ShadowPolicyBand(many=True)


@extend_schema_serializer(component_name="ShadowPolicyReport")
class ShadowReportOutput(serializers.Serializer[Any]):
    """The draft beside the active policy."""

    draft = ShadowPolicyOutput()
    days = serializers.IntegerField()
    judged = serializers.IntegerField()
    changed = serializers.IntegerField()
    before = serializers.DictField(
        child=serializers.IntegerField(), help_text="Comments by band, by the active policy."
    )
    after = serializers.DictField(
        child=serializers.IntegerField(), help_text="Comments by band, by the draft."
    )
    waiting_before = serializers.IntegerField()
    waiting_after = serializers.IntegerField()
    automatic_before = serializers.IntegerField()
    automatic_after = serializers.IntegerField()
    by_day = ShadowPolicyDay(many=True, help_text="Newest first, without days on which nothing was judged.")
    changes = ShadowPolicyChange(many=True)
    decisions = ShadowPolicyDecisions()


def shown_policy(source: Source | None, policy: Policy, model: ModelVersion | None) -> dict[str, Any]:
    """Write the policy that is active for `source` (None: for the site), its own or the site's.

    `model` is the active version, which draws the thresholds that the policy leaves to it.
    """
    names = {
        "thresholds": model and _drawn(policy.bands, model),
        "fallbacks": fallbacks_of(policy.bands, model),
        "source": source and source.slug,
        "own": policy.source_id == (source and source.pk),
        "created_by": policy.created_by and policy.created_by.get_username(),
    }
    return dict(PolicyOutput({**vars(policy), **names}).data)


def _drawn(bands: Mapping[str, Mapping[str, Any]], model: ModelVersion) -> dict[str, dict[str, float | None]]:
    return {
        limits.label: {
            name: threshold if math.isfinite(threshold) else None
            for name, threshold in (("review", limits.review), ("remove", limits.remove))
        }
        for limits in judge_of(bands, model).limits
    }


def shown_version(version: Version, newest: Policy | None, model: ModelVersion | None) -> dict[str, Any]:
    changes = version.changes
    return {
        **shown_policy(version.policy.source, version.policy, model),
        "in_force": newest is not None and newest.pk == version.policy.pk,
        "changes": None if changes is None else PolicyChange(changes, many=True).data,
    }


def shown_preview(preview: PolicyPreview, fallbacks: Sequence[str]) -> dict[str, Any]:
    moves = [
        {**vars(move), "examples": [change.comment.pk for change in move.examples]} for move in preview.moves
    ]
    return dict(PolicyPreviewOutput({**vars(preview), "moves": moves, "fallbacks": fallbacks}).data)


def shown_report(
    shadow: ShadowPolicy, days: int, report: ShadowPolicyReport, examples: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """Write the report of a draft; `examples` has comments by the key of a change."""
    return {
        "draft": ShadowPolicyOutput(shadow).data,
        "days": days,
        "judged": report.judged,
        "changed": report.changed,
        "before": report.before,
        "after": report.after,
        "waiting_before": report.waiting_before,
        "waiting_after": report.waiting_after,
        "automatic_before": report.automatic_before,
        "automatic_after": report.automatic_after,
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
