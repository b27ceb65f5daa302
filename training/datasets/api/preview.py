"""What freezing decisions would take in and leave out, as the API tells it before anything is frozen."""

from typing import Any

from rest_framework import serializers

from training.datasets.decision_summary import DecisionsSummary

LEFT_OUT = ("by_policies", "golden", "purged", "edited")
COUNTS = ("total", "approved", "removed", "corrected", "marked", "suggestions", "new")
PREVIEW_EXAMPLE: dict[str, Any] = {
    **{"total": 480, "approved": 350, "removed": 130, "corrected": 12, "marked": 40},
    **{"suggestions": 5, "new": 120},
    "left_out": {"by_policies": 900, "golden": 30, "purged": 2, "edited": 7},
}


class LeftOutOutput(serializers.Serializer[Any]):
    by_policies = serializers.IntegerField(help_text="Policies decided by themselves.")
    golden = serializers.IntegerField(help_text="Known answers.")
    purged = serializers.IntegerField(help_text="Their text was erased.")
    edited = serializers.IntegerField(help_text="Their text was edited after the decision.")


class DecisionsPreviewOutput(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Decisions that go in; of equal texts only the latest does.")
    approved = serializers.IntegerField()
    removed = serializers.IntegerField()
    corrected = serializers.IntegerField(help_text="Of these, with corrected labels.")
    marked = serializers.IntegerField(help_text="Of these, with marked words.")
    suggestions = serializers.IntegerField(help_text="That came in through the API.")
    new = serializers.IntegerField(help_text="Since the last dataset of decisions.")
    left_out = LeftOutOutput()


def preview_output(summary: DecisionsSummary) -> dict[str, Any]:
    return {
        **{name: getattr(summary, name) for name in COUNTS},
        "left_out": {name: getattr(summary, name) for name in LEFT_OUT},
    }
