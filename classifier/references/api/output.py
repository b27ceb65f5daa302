"""How comparisons with another service, compared calls and score maps look in the answers of version 1."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from classifier.api.fields import ClosedSerializer, CountParameter, TextParameter
from classifier.api.values import PAGE_SIZE, PAGE_SIZE_MAX, IdParameter, Number, Text, Whole
from classifier.core.validation import ROW_ID_MAX
from classifier.models import ReferenceCall, ScoreMap, Wire
from classifier.references.agreement import Agreement, histogram, joint_table
from classifier.references.map_selectors import is_outdated
from classifier.references.pairs import PAIRS_MAX, ReferenceComparison
from classifier.references.score_maps import NAME_CHARACTERS, NOTE_CHARACTERS

METHOD_CHOICES = [(method.value, method.value) for method in ScoreMap.Method]
WIRE_CHOICES = [(wire.value, wire.value) for wire in Wire]
COMPARISON_EXAMPLE: dict[str, Any] = {
    "service": 3,
    "file": None,
    "attribute": "TOXICITY",
    "threshold": 0.8,
    "model_version": "starter-1a2b3c4d",
    "calls": 1004,
    "answered": 1000,
    "failures": {"timeout": 3, "quota": 1},
    "pairs": 1000,
    "pairs_read": 1000,
    "other_versions": 0,
    "agreement": {
        "both": 92,
        "only_ours": 11,
        "only_theirs": 31,
        "neither": 866,
        "share": 0.958,
        "share_low": 0.944,
        "share_high": 0.969,
        "kappa": 0.792,
        "kappa_low": 0.729,
        "kappa_high": 0.854,
        "ours_flags": 0.103,
        "theirs_flags": 0.123,
    },
    "ours_histogram": [700, 50, 30, 20, 20, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 20, 20, 20],
    "theirs_histogram": [600, 90, 60, 30, 30, 20, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 20, 20, 20],
    "joint": [
        [700, 20, 10, 0, 0],
        [40, 60, 10, 0, 0],
        [10, 20, 30, 5, 0],
        [0, 5, 10, 20, 5],
        [0, 0, 5, 10, 40],
    ],
}
CALL_EXAMPLE: dict[str, Any] = {
    "id": 90211,
    "time": "2026-11-30T09:30:00.391000Z",
    "key": "tox_1a2b3c4d",
    "source": "forum",
    "mode": "observe",
    "answered_by": "own",
    "model_version": "starter-1a2b3c4d",
    "ours": {"TOXICITY": 0.61},
    "theirs": {"TOXICITY": 0.83},
    "failure": "",
    "milliseconds": 84,
    "comment": 4711,
}
FITTED_EXAMPLE: dict[str, Any] = {
    "points": [[0.0, 0.02], [0.41, 0.8], [0.97, 0.99]],
    "pairs": 1000,
    "error": 0.061,
    "error_before": 0.148,
    "share_reference": 0.123,
    "share_before": 0.103,
    "share_after": 0.123,
}
MAP_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "name": "Perspective",
    "version": 2,
    "wire": "perspective",
    "method": "quantile",
    "model_version": "starter-1a2b3c4d",
    "is_outdated": False,
    "threshold": 0.8,
    "attributes": {"TOXICITY": FITTED_EXAMPLE},
    "origin": {"service": {"id": 3, "name": "Perspective"}, "last_id": 90211},
    "note": "",
    "created_at": "2026-11-30T09:30:00.391000Z",
}
MAP_INPUT_EXAMPLE: dict[str, Any] = {
    "service": 3,
    "method": "quantile",
    "threshold": 0.8,
    "name": "Perspective",
}


class ComparisonQuery(ClosedSerializer):
    service = IdParameter(required=False, help_text="A reference service; exactly one of this and `file`.")
    file = IdParameter(required=False, help_text="A comparison of a file of old scores.")
    attribute = TextParameter(
        required=False, max_length=100, help_text="`TOXICITY` and the like; the first with scores of both."
    )
    threshold = TextParameter(
        required=False, max_length=30, help_text="Of the caller, 0 to 1; 0.8 if left out."
    )
    key = IdParameter(required=False, help_text="The id of an API key.")
    begin = TextParameter(required=False, max_length=10, help_text="Answered on this UTC day or later.")
    end = TextParameter(required=False, max_length=10, help_text="Answered on this UTC day or earlier.")
    version = TextParameter(
        required=False,
        max_length=150,
        help_text="A model version, or `any`; the one in production if left out.",
    )


class CallsQuery(ComparisonQuery):
    attribute, threshold, version = None, None, None  # type: ignore[assignment]
    cursor = TextParameter(required=False, default="", help_text="Taken from `next` of the page before.")
    limit = CountParameter(most=PAGE_SIZE_MAX, default=PAGE_SIZE, help_text="Calls a page.")


class CallsFileQuery(ComparisonQuery):
    attribute, threshold, version = None, None, None  # type: ignore[assignment]


@extend_schema_serializer(component_name="ScoreAgreement")
class AgreementOutput(serializers.Serializer[Any]):
    """Who flags what at the threshold; intervals are at 95 %, null where nothing is defined."""

    both = serializers.IntegerField()
    only_ours = serializers.IntegerField()
    only_theirs = serializers.IntegerField()
    neither = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="Both flag, or neither does.")
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
        allow_null=True, help_text="Null: all of them together, or there is none."
    )
    calls = serializers.IntegerField()
    answered = serializers.IntegerField(help_text="By both services, whatever the attribute.")
    failures = serializers.DictField(
        child=serializers.IntegerField(), help_text="Of the other service, by reason."
    )
    pairs = serializers.IntegerField(
        help_text="With scores of the attribute from both, by the model version."
    )
    pairs_read = serializers.IntegerField(
        help_text=f"What follows is of the latest pairs, at most {PAIRS_MAX:,}."
    )
    other_versions = serializers.IntegerField(help_text="Pairs of other versions, left out.")
    agreement = AgreementOutput()
    ours_histogram = serializers.ListField(child=serializers.IntegerField(), help_text="20 bins from 0 to 1.")
    theirs_histogram = serializers.ListField(child=serializers.IntegerField())
    joint = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="5 by 5 bins: rows by the other service's score, columns by this site's, the lowest first.",
    )


@extend_schema_serializer(component_name="ReferenceCall")
class CallOutput(serializers.Serializer[ReferenceCall]):
    """One call that both services were asked, or one row of a file; never its text."""

    id = serializers.IntegerField()
    time = serializers.DateTimeField(source="created_at")
    key = serializers.CharField(source="api_key.prefix", default=None, allow_null=True)
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]
    mode = serializers.CharField(help_text="`observe`, `follow`, or `off` for a row of a file.")
    answered_by = serializers.CharField(help_text="`own` or `reference`.")
    model_version = serializers.CharField(source="model_version.version", default=None, allow_null=True)
    ours = serializers.DictField(child=serializers.FloatField(), help_text="Before any map.")
    theirs = serializers.DictField(child=serializers.FloatField())
    failure = serializers.CharField(help_text="Why the other service gave no scores; empty where it did.")
    milliseconds = serializers.IntegerField(allow_null=True, help_text="How long the other service took.")
    comment = serializers.IntegerField(source="comment_id", allow_null=True)


@extend_schema_serializer(component_name="ReferenceCallPage", many=False)
class CallPageOutput(serializers.Serializer[Any]):
    items = CallOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


@extend_schema_serializer(component_name="FittedAttribute")
class FittedOutput(serializers.Serializer[Any]):
    """Linear between points (own score, mapped score), constant outside of them."""

    points = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    pairs = serializers.IntegerField()
    error = serializers.FloatField(help_text="Mean absolute difference on pairs that the fit did not see.")
    error_before = serializers.FloatField(help_text="The same without a map.")
    share_reference = serializers.FloatField(help_text="Flagged at the threshold by the other service.")
    share_before = serializers.FloatField(help_text="By this site without the map.")
    share_after = serializers.FloatField(help_text="By this site with the map.")


class MapFitInput(ClosedSerializer):
    """From which pairs, and how."""

    service = Whole(required=False, min_value=1, max_value=ROW_ID_MAX)
    file = Whole(required=False, min_value=1, max_value=ROW_ID_MAX)
    key = Whole(required=False, min_value=1, max_value=ROW_ID_MAX)
    begin = Text(required=False, max_length=10)
    end = Text(required=False, max_length=10)
    version = Text(required=False, max_length=150)
    threshold = Number(required=False, min_value=0, max_value=1)
    method = serializers.ChoiceField(choices=METHOD_CHOICES, required=False, default="quantile")


@extend_schema_serializer(component_name="ScoreMapInput")
class MapInput(MapFitInput):
    name = Text(max_length=NAME_CHARACTERS, help_text="Of a map that there is: it becomes its next version.")
    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)


@extend_schema_serializer(component_name="ScoreMapPreview")
class MapPreviewOutput(serializers.Serializer[Any]):
    wire = serializers.ChoiceField(choices=WIRE_CHOICES)
    method = serializers.ChoiceField(choices=METHOD_CHOICES)
    model_version = serializers.CharField()
    threshold = serializers.FloatField()
    attributes = serializers.DictField(child=FittedOutput())
    too_few = serializers.DictField(
        child=serializers.IntegerField(), help_text="Left out, with their number of pairs."
    )


@extend_schema_serializer(component_name="ScoreMap")
class MapOutput(serializers.Serializer[ScoreMap]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    wire = serializers.ChoiceField(choices=WIRE_CHOICES)
    method = serializers.ChoiceField(choices=METHOD_CHOICES)
    model_version = serializers.CharField(source="model_version.version", help_text="That it was fitted on.")
    is_outdated = serializers.SerializerMethodField(help_text="Another version answers now: fit it again.")
    threshold = serializers.FloatField()
    attributes = serializers.DictField(child=FittedOutput())
    origin = serializers.DictField(help_text="Which pairs it was fitted on.")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_is_outdated(self, row: ScoreMap) -> bool:
        return is_outdated(row)


@extend_schema_serializer(component_name="ScoreMapPage", many=False)
class MapPageOutput(serializers.Serializer[Any]):
    items = MapOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


def comparison_shown(found: ReferenceComparison) -> dict[str, Any]:
    choice, pairs = found.choice, found.pairs
    return {
        "service": choice.service and choice.service.pk,
        "file": choice.file and choice.file.pk,
        "attribute": choice.attribute,
        "threshold": choice.threshold,
        "model_version": found.version and found.version.version,
        "calls": found.calls,
        "answered": found.answered,
        "failures": found.failures,
        "pairs": found.pairs_in_all,
        "pairs_read": len(pairs),
        "other_versions": found.other_versions,
        "agreement": _agreement(found.agreement),
        "ours_histogram": histogram(pairs.ours),
        "theirs_histogram": histogram(pairs.theirs),
        "joint": joint_table(pairs.ours, pairs.theirs),
    }


def _agreement(at: Agreement) -> dict[str, Any]:
    low, high = at.interval
    kappa = at.kappa
    return {
        "both": at.both,
        "only_ours": at.only_ours,
        "only_theirs": at.only_theirs,
        "neither": at.neither,
        "share": at.share,
        "share_low": low,
        "share_high": high,
        "kappa": kappa.value,
        "kappa_low": kappa.low,
        "kappa_high": kappa.high,
        "ours_flags": at.ours_flags,
        "theirs_flags": at.theirs_flags,
    }
