"""How comparisons with another service, compared calls and score maps look in the answers of version 1."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from classifier.api.fields import (
    ClosedSerializer,
    Id,
    IdParameter,
    Number,
    Text,
    TextParameter,
)
from classifier.api.pagination import PageQuery
from classifier.models import ReferenceCall, ScoreMap, Wire
from classifier.references.agreement import Agreement, histogram, joint_table
from classifier.references.pairs import PAIRS_MAX, ReferenceComparison
from classifier.references.score_maps import NAME_CHARACTERS, NOTE_CHARACTERS, is_outdated

METHOD_CHOICES = [(method.value, method.value) for method in ScoreMap.Method]
WIRE_CHOICES = [(wire.value, wire.value) for wire in Wire]


class PairsQuery(ClosedSerializer):
    """Which calls of both services."""

    service = IdParameter(
        required=False, help_text="The id of a reference service. Exactly one of this and `file` is needed."
    )
    file = IdParameter(required=False, help_text="The id of a comparison with a file of old scores.")
    key = IdParameter(required=False, help_text="The id of an API key.")
    begin = TextParameter(required=False, max_length=10, help_text="Answered on this UTC day or later.")
    end = TextParameter(required=False, max_length=10, help_text="Answered on this UTC day or earlier.")


class ComparisonQuery(PairsQuery):
    attribute = TextParameter(
        required=False,
        max_length=100,
        help_text="Such as `TOXICITY`; the first with scores of both services if left out.",
    )
    threshold = TextParameter(
        required=False, max_length=30, help_text="The threshold of your program, 0 to 1; 0.8 if left out."
    )
    version = TextParameter(
        required=False,
        max_length=150,
        help_text="A model version, or `any`; the one in production if left out.",
    )


class CallsQuery(PairsQuery, PageQuery):
    """Which calls, and which page of them."""


class ScoreAgreement(serializers.Serializer[Any]):
    """What each service flags at the threshold. Intervals are 95 % intervals; null if not defined."""

    both = serializers.IntegerField()
    only_ours = serializers.IntegerField()
    only_theirs = serializers.IntegerField()
    neither = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="The share that both flag or neither flags.")
    share_low = serializers.FloatField(help_text="Wilson's interval.")
    share_high = serializers.FloatField()
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's kappa.")
    kappa_low = serializers.FloatField(allow_null=True)
    kappa_high = serializers.FloatField(allow_null=True)
    ours_flags = serializers.FloatField(allow_null=True)
    theirs_flags = serializers.FloatField(allow_null=True)


@extend_schema_serializer(component_name="ScoreComparison")
class ComparisonOutput(serializers.Serializer[Any]):
    service = serializers.IntegerField(allow_null=True)
    file = serializers.IntegerField(allow_null=True)
    attribute = serializers.CharField()
    threshold = serializers.FloatField()
    model_version = serializers.CharField(
        allow_null=True, help_text="Null: all versions together, or there is none."
    )
    calls = serializers.IntegerField()
    answered = serializers.IntegerField(
        help_text="Calls that both services answered, whatever the attribute."
    )
    failures = serializers.DictField(
        child=serializers.IntegerField(), help_text="Failures of the other service, by reason."
    )
    pairs = serializers.IntegerField(
        help_text="Calls with scores of the attribute from both services, by the model version."
    )
    pairs_read = serializers.IntegerField(
        help_text=f"The latest pairs, at most {PAIRS_MAX:,}: the fields below are about these."
    )
    other_versions = serializers.IntegerField(help_text="Pairs of other model versions, which are left out.")
    agreement = ScoreAgreement()
    ours_histogram = serializers.ListField(child=serializers.IntegerField(), help_text="20 bins from 0 to 1.")
    theirs_histogram = serializers.ListField(child=serializers.IntegerField())
    joint = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="5 by 5 bins: rows by the other service's score, columns by this site's, the lowest first.",
    )


@extend_schema_serializer(component_name="ReferenceCall")
class CallOutput(serializers.Serializer[ReferenceCall]):
    """One call that both services answered, or one row of a file; never its text."""

    id = serializers.IntegerField()
    time = serializers.DateTimeField(source="created_at")
    key = serializers.CharField(source="api_key.prefix", default=None, allow_null=True)
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]
    mode = serializers.CharField(help_text="`observe`, `follow`, or `off` for a row of a file.")
    answered_by = serializers.CharField(help_text="`own` or `reference`.")
    model_version = serializers.CharField(source="model_version.version", default=None, allow_null=True)
    ours = serializers.DictField(
        child=serializers.FloatField(), help_text="This site's scores, before any map."
    )
    theirs = serializers.DictField(child=serializers.FloatField())
    failure = serializers.CharField(help_text="Why the other service gave no scores; empty if it did.")
    milliseconds = serializers.IntegerField(
        allow_null=True, help_text="The time that the other service took."
    )
    comment = serializers.IntegerField(source="comment_id", allow_null=True)


class FittedAttribute(serializers.Serializer[Any]):
    """A map that is linear between points (own score, mapped score) and constant outside of them."""

    points = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    pairs = serializers.IntegerField()
    error = serializers.FloatField(help_text="Mean absolute difference on pairs that were held out.")
    error_before = serializers.FloatField(help_text="The same without a map.")
    share_reference = serializers.FloatField(
        help_text="The share that the other service flags at the threshold."
    )
    share_before = serializers.FloatField(help_text="The share that this site flags without the map.")
    share_after = serializers.FloatField(help_text="The share that this site flags with the map.")


class MapFitInput(ClosedSerializer):
    """Which pairs to fit on, and how."""

    service = Id(required=False)
    file = Id(required=False)
    key = Id(required=False)
    begin = Text(required=False, max_length=10)
    end = Text(required=False, max_length=10)
    version = Text(required=False, max_length=150)
    threshold = Number(required=False, min_value=0, max_value=1)
    method = serializers.ChoiceField(choices=METHOD_CHOICES, required=False, default="quantile")


class ScoreMapInput(MapFitInput):
    name = Text(
        max_length=NAME_CHARACTERS, help_text="The name of an existing map makes this its next version."
    )
    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)


class ScoreMapPreview(serializers.Serializer[Any]):
    wire = serializers.ChoiceField(choices=WIRE_CHOICES)
    method = serializers.ChoiceField(choices=METHOD_CHOICES)
    model_version = serializers.CharField()
    threshold = serializers.FloatField()
    attributes = serializers.DictField(child=FittedAttribute())
    too_few = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Attributes that were left out, with their number of pairs.",
    )


@extend_schema_serializer(component_name="ScoreMap")
class ScoreMapOutput(serializers.Serializer[ScoreMap]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    wire = serializers.ChoiceField(choices=WIRE_CHOICES)
    method = serializers.ChoiceField(choices=METHOD_CHOICES)
    model_version = serializers.CharField(
        source="model_version.version", help_text="The model version that it was fitted on."
    )
    is_outdated = serializers.SerializerMethodField(
        help_text="True if another model version is in production: fit the map again."
    )
    threshold = serializers.FloatField()
    attributes = serializers.DictField(child=FittedAttribute())
    origin = serializers.DictField(help_text="The pairs that it was fitted on.")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_is_outdated(self, row: ScoreMap) -> bool:
        return is_outdated(row)


def comparison_shown(comparison: ReferenceComparison) -> dict[str, Any]:
    choice, pairs = comparison.choice, comparison.pairs
    return {
        "service": choice.service and choice.service.pk,
        "file": choice.file and choice.file.pk,
        "attribute": choice.attribute,
        "threshold": choice.threshold,
        "model_version": comparison.version and comparison.version.version,
        "calls": comparison.calls,
        "answered": comparison.answered,
        "failures": comparison.failures,
        "pairs": comparison.pairs_in_all,
        "pairs_read": len(pairs),
        "other_versions": comparison.other_versions,
        "agreement": _agreement(comparison.agreement),
        "ours_histogram": histogram(pairs.ours),
        "theirs_histogram": histogram(pairs.theirs),
        "joint": joint_table(pairs.ours, pairs.theirs),
    }


def _agreement(at: Agreement) -> dict[str, Any]:
    low, high = at.interval
    kappa = at.kappa
    names = ("both", "only_ours", "only_theirs", "neither", "share", "ours_flags", "theirs_flags")
    intervals = {"share_low": low, "share_high": high, "kappa_low": kappa.low, "kappa_high": kappa.high}
    return {name: getattr(at, name) for name in names} | intervals | {"kappa": kappa.value}
