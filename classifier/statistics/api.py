"""`/api/v1/statistics/`: the numbers of the dashboard day by day, the queue as it is now, and the drift of scores."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.field_errors import parameter_error
from classifier.api.fields import ClosedSerializer, CountParameter, TextParameter
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import invalid
from classifier.core.visibility import sources_of
from classifier.models import ApiScope, Source
from classifier.statistics.dashboard import SPANS, Dashboard, PersonRow, dashboard_of, summary
from classifier.statistics.drift import MIN_SAMPLE, Drift

SEE = "classifier.view_daystatistic"
DEFAULT_DAYS = 30
NUMBERS: dict[str, Any] = {
    "inbound": 1204,
    "unscored": 0,
    "toxic": 131,
    "automatic": {"approve": 960, "remove": 41, "escalate": 0, "skip": 0},
    "manual": {"approve": 122, "remove": 61, "escalate": 3, "skip": 9},
    "bulk": 20,
    "handling": {"count": 175, "mean": 7.4, "median": 6.1, "p90": 14.8},
    "overturned": {"count": 3, "decisions": 1184, "share": 0.0025},
    "agreement": {
        "toxic_remove": 55,
        "toxic_approve": 17,
        "calm_remove": 6,
        "calm_approve": 95,
        "count": 173,
        "share": 0.867,
        "kappa": 0.726,
    },
    "appeals": {"opened": 4, "upheld": 2, "overturned": 1},
    "reports": 12,
}
EXAMPLE = {
    "source": "forum",
    "days": [{"day": "2026-11-24", "is_kept": False, **NUMBERS}],
    "total": NUMBERS,
    "missing": [],
    "people": [
        {
            "name": "robin",
            "decisions": 195,
            "approve": 122,
            "remove": 61,
            "escalate": 3,
            "skip": 9,
            "bulk": 20,
            "median_seconds": 6.1,
            "overturned": 2,
            "agreement": 0.867,
        }
    ],
    "queue": {
        "waiting": 64,
        "reasons": {"band": 60, "report": 9},
        "escalated": 3,
        "appeals": 1,
        "pending": 0,
        "failed": 2,
        "oldest_seconds": 70211.0,
        "median_seconds": 3101.5,
        "p90_seconds": 41200.0,
        "over_hour": 31,
        "over_day": 0,
    },
    "drift": [
        {
            "source": "forum",
            "version": "starter-1a2b3c4d",
            "index": 0.041,
            "level": "stable",
            "reference": 35120,
            "recent": 8402,
        }
    ],
}


class Query(ClosedSerializer):
    source = TextParameter(required=False, max_length=64, help_text="Of one source alone.")  # type: ignore[assignment]
    days = CountParameter(
        most=max(SPANS), default=DEFAULT_DAYS, help_text="How many days; the last is today (UTC)."
    )


class ActionsOutput(serializers.Serializer[Any]):
    approve = serializers.IntegerField()
    remove = serializers.IntegerField()
    escalate = serializers.IntegerField()
    skip = serializers.IntegerField()


@extend_schema_serializer(component_name="HandlingTime")
class HandlingOutput(serializers.Serializer[Any]):
    """Seconds; quantiles are read from a histogram and known to about a tenth."""

    count = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


@extend_schema_serializer(component_name="Overturned")
class OverturnedOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField(
        help_text="Undone or decided otherwise by another person, or overturned by an appeal."
    )
    decisions = serializers.IntegerField(help_text="Approvals and removals by people and policies.")
    share = serializers.FloatField(allow_null=True)


@extend_schema_serializer(component_name="ModelAgreement")
class AgreementOutput(serializers.Serializer[Any]):
    """The model's verdict and what people decided one by one."""

    toxic_remove = serializers.IntegerField()
    toxic_approve = serializers.IntegerField()
    calm_remove = serializers.IntegerField()
    calm_approve = serializers.IntegerField()
    count = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's kappa.")


@extend_schema_serializer(component_name="AppealCounts")
class AppealsOutput(serializers.Serializer[Any]):
    opened = serializers.IntegerField()
    upheld = serializers.IntegerField()
    overturned = serializers.IntegerField()


@extend_schema_serializer(component_name="StatisticsTotal")
class NumbersOutput(serializers.Serializer[Any]):
    inbound = serializers.IntegerField()
    unscored = serializers.IntegerField(help_text="Came in and have no verdict yet.")
    toxic = serializers.IntegerField(help_text="By the first verdict of each comment that came in.")
    automatic = ActionsOutput(help_text="Decisions by policies.")
    manual = ActionsOutput(help_text="Decisions by people.")
    bulk = serializers.IntegerField(help_text="Those of people that were made in bulk.")
    handling = HandlingOutput()
    overturned = OverturnedOutput()
    agreement = AgreementOutput()
    appeals = AppealsOutput()
    reports = serializers.IntegerField()


@extend_schema_serializer(component_name="StatisticsDay")
class DayOutput(NumbersOutput):
    day = serializers.DateField(help_text="UTC.")
    is_kept = serializers.BooleanField(help_text="False: counted for this answer, as for today.")


@extend_schema_serializer(component_name="StatisticsPerson")
class PersonOutput(ActionsOutput):
    name = serializers.CharField()
    decisions = serializers.IntegerField()
    bulk = serializers.IntegerField()
    median_seconds = serializers.FloatField(allow_null=True)
    overturned = serializers.IntegerField(help_text="Of this person's decisions, in these days.")
    agreement = serializers.FloatField(allow_null=True, help_text="Share of agreement with the model.")


@extend_schema_serializer(component_name="QueueState")
class QueueOutput(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    reasons = serializers.DictField(
        child=serializers.IntegerField(), help_text="A comment counts for each of its reasons."
    )
    escalated = serializers.IntegerField()
    appeals = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="Have no verdict yet.")
    failed = serializers.IntegerField()
    oldest_seconds = serializers.FloatField(allow_null=True)
    median_seconds = serializers.FloatField(allow_null=True)
    p90_seconds = serializers.FloatField(allow_null=True)
    over_hour = serializers.IntegerField()
    over_day = serializers.IntegerField()


@extend_schema_serializer(component_name="ScoreDrift")
class DriftOutput(serializers.Serializer[Any]):
    source = serializers.CharField(allow_null=True, help_text="Null: all together.")  # type: ignore[assignment]
    version = serializers.CharField()
    index = serializers.FloatField(allow_null=True, help_text="Population stability index.")
    level = serializers.ChoiceField(
        choices=["few", "stable", "watch", "shifted"],
        help_text=f"`few`: under {MIN_SAMPLE} comments; `watch` from 0.1, `shifted` from 0.25 on.",
    )
    reference = serializers.IntegerField(help_text="Comments of the version's first 30 days.")
    recent = serializers.IntegerField(help_text="Comments of the last 7 days.")


@extend_schema_serializer(component_name="Statistics")
class Output(serializers.Serializer[Any]):
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    days = DayOutput(many=True, help_text="The oldest first.")
    total = NumbersOutput()
    missing = serializers.ListField(child=serializers.DateField(), help_text="Days not counted yet.")
    people = PersonOutput(many=True)
    queue = QueueOutput()
    drift = DriftOutput(many=True)


class StatisticsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="read_statistics",
        summary="Read the numbers of the dashboard",
        description=(
            "Of the sources that the caller sees. Days that are over are counted once and kept; today is counted now. "
            "For leads; needs the scope `moderate`, or a session."
        ),
        parameters=[Query],
        responses={200: Output},
        examples=[OpenApiExample("A day of one source", EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query, user = checked_query(Query, request), caller(request)
        own = sources_of(user)
        sources = Source.objects.all() if own is None else own
        source = _source(sources, query["source"]) if "source" in query else None
        board = dashboard_of(user=user, source=source, days=query["days"], now=timezone.now())
        return Response(Output(_shown(board)).data)


def _source(sources: QuerySet[Source], slug: str) -> Source:
    source = sources.filter(slug=slug).first()
    if source is None:
        raise invalid([parameter_error("source", "is no source, or not yours to see", "invalid")])
    return source


def _shown(board: Dashboard) -> dict[str, Any]:
    queue = asdict(board.queue)
    ages = {f"{name}_seconds": queue[name] for name in ("oldest", "median", "p90")}
    return {
        "source": board.source and board.source.slug,
        "days": [{"day": one.day, "is_kept": one.kept, **summary(one.numbers)} for one in board.days],
        "total": summary(board.total),
        "missing": board.missing,
        "people": [_person(row) for row in board.people],
        "queue": {**queue, **ages, "over_hour": board.queue.over_hour, "over_day": board.queue.over_day},
        "drift": [_drift(drift) for drift in board.drifts],
    }


def _person(row: PersonRow) -> dict[str, Any]:
    return {
        **row.numbers,
        "name": row.name,
        "decisions": row.decisions,
        "median_seconds": row.median,
        "agreement": row.agreement.share,
    }


def _drift(drift: Drift) -> dict[str, Any]:
    reference, recent = drift.counts
    return {
        "source": drift.source and drift.source.slug,
        "version": drift.version,
        "index": drift.index,
        "level": drift.level,
        "reference": reference,
        "recent": recent,
    }
