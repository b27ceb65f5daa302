"""What a shadow version has said about live traffic so far, against what counted."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, Min, Q

from classifier.models import ModelVersion, ShadowPrediction

EXAMPLES = 20


@dataclass(frozen=True)
class ShadowReport:
    """Counts of scored comments; `mean_difference` is the shadow's probability less that of the verdict that counted.

    `decided` are the disagreements that a moderator has decided since, on the text that the shadow read; `decided_for`
    those where the moderator sided with the shadow. `examples` are disagreements, the latest first, with prediction
    and comment.
    """

    rows: int = 0
    disagreements: int = 0
    towards_toxic: int = 0
    towards_calm: int = 0
    mean_difference: float | None = None
    decided: int = 0
    decided_for: int = 0
    since: datetime | None = None
    examples: list[ShadowPrediction] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the scored comments, how many had another verdict; 0 to 1."""
        return self.disagreements / self.rows if self.rows else 0.0


def shadow_report(*, model_version: ModelVersion, examples: int = EXAMPLES) -> ShadowReport:
    """Two queries, however much was scored."""
    rows = ShadowPrediction.objects.filter(model_version=model_version)
    decision = "prediction__comment__current_decision__action"
    disagrees = Q(disagrees=True)
    by_people = disagrees & Q(
        prediction__comment__current_decision__automatic=False,
        prediction__comment__current_decision__prediction=F("prediction"),
    )
    numbers: dict[str, Any] = rows.aggregate(
        rows=Count("id"),
        disagreements=Count("id", filter=disagrees),
        towards_toxic=Count("id", filter=disagrees & Q(verdict="toxic")),
        towards_calm=Count("id", filter=disagrees & Q(verdict="non-toxic")),
        mean_difference=Avg(F("score") - F("prediction__score")),
        decided=Count("id", filter=by_people & Q(**{f"{decision}__in": ["approve", "remove"]})),
        decided_for=Count(
            "id",
            filter=by_people
            & (Q(verdict="toxic", **{decision: "remove"}) | Q(verdict="non-toxic", **{decision: "approve"})),
        ),
        since=Min("created_at"),
    )
    latest = rows.filter(disagrees).select_related("prediction__comment__source").order_by("-id")[:examples]
    return ShadowReport(**numbers, examples=list(latest))
