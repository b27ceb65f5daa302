"""`/api/v1/statistics/`: the numbers of the dashboard by day, the queue as it is now, and the drift of scores."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.field_errors import parameter_error
from classifier.api.fields import ClosedSerializer, CountParameter, SourceParameter, TextParameter
from classifier.api.operation import operation
from classifier.api.problems import invalid
from classifier.api.reading import checked_query
from classifier.core.visibility import visible_sources
from classifier.models import ApiScope, Source
from classifier.statistics.dashboard import SPANS, Dashboard, PersonRow, dashboard_of, summary
from classifier.statistics.drift import MIN_SAMPLE, Drift

SEE = "classifier.view_daystatistic"
DEFAULT_DAYS = 30


class StatisticsQuery(ClosedSerializer):
    source = SourceParameter()  # type: ignore[assignment]
    days = CountParameter(
        most=max(SPANS), default=DEFAULT_DAYS, help_text="Number of days; the last is today (UTC)."
    )
    language = TextParameter(
        required=False,
        max_length=35,
        help_text="Narrows `days` and `total` to texts in this language, as far as they are counted by language.",
    )


class ActionsOutput(serializers.Serializer[Any]):
    approve = serializers.IntegerField()
    remove = serializers.IntegerField()
    escalate = serializers.IntegerField()
    skip = serializers.IntegerField()


class HandlingTime(serializers.Serializer[Any]):
    """Seconds from claim to decision. Quantiles come from a histogram and are accurate to about 10 %."""

    count = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class Overturned(serializers.Serializer[Any]):
    count = serializers.IntegerField(
        help_text="Decisions that were undone or changed by another moderator, or overturned by an appeal."
    )
    decisions = serializers.IntegerField(help_text="Approvals and removals by moderators and policies.")
    share = serializers.FloatField(allow_null=True)


class ModelAgreement(serializers.Serializer[Any]):
    """The model's verdicts compared with the decisions of moderators, without those in bulk."""

    toxic_remove = serializers.IntegerField()
    toxic_approve = serializers.IntegerField()
    calm_remove = serializers.IntegerField()
    calm_approve = serializers.IntegerField()
    count = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's kappa.")


class AppealCounts(serializers.Serializer[Any]):
    opened = serializers.IntegerField()
    upheld = serializers.IntegerField()
    overturned = serializers.IntegerField()


class LanguageNumbers(serializers.Serializer[Any]):
    """Numbers of the texts in one language."""

    inbound = serializers.IntegerField()
    toxic = serializers.IntegerField(help_text="Comments that came in and whose first verdict was toxic.")
    overturned = Overturned()
    agreement = ModelAgreement()


class StatisticsTotal(serializers.Serializer[Any]):
    inbound = serializers.IntegerField()
    unscored = serializers.IntegerField(help_text="Comments that came in and have no verdict yet.")
    toxic = serializers.IntegerField(help_text="Comments that came in and whose first verdict was toxic.")
    languages = serializers.DictField(
        child=serializers.IntegerField(), help_text="Comments that came in, by the language identified."
    )
    by_language = serializers.DictField(
        child=LanguageNumbers(), help_text="Numbers of the texts in each language that was judged."
    )
    automatic = ActionsOutput(help_text="Decisions by policies.")
    manual = ActionsOutput(help_text="Decisions by moderators.")
    bulk = serializers.IntegerField(help_text="Decisions of moderators in bulk.")
    handling = HandlingTime()
    overturned = Overturned()
    agreement = ModelAgreement()
    appeals = AppealCounts()
    reports = serializers.IntegerField()


class StatisticsDay(StatisticsTotal):
    day = serializers.DateField(help_text="UTC.")
    is_kept = serializers.BooleanField(help_text="False: counted for this answer, like today.")


class StatisticsPerson(ActionsOutput):
    name = serializers.CharField()
    decisions = serializers.IntegerField()
    bulk = serializers.IntegerField()
    median_seconds = serializers.FloatField(allow_null=True)
    overturned = serializers.IntegerField(
        help_text="Decisions of this moderator that were overturned in these days."
    )
    agreement = serializers.FloatField(
        allow_null=True, help_text="The share of decisions that agree with the model."
    )


class QueueState(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    reasons = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Waiting comments by reason; a comment counts for each of its reasons.",
    )
    escalated = serializers.IntegerField()
    appeals = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="Comments without a verdict.")
    failed = serializers.IntegerField()
    oldest_seconds = serializers.FloatField(allow_null=True)
    median_seconds = serializers.FloatField(allow_null=True)
    p90_seconds = serializers.FloatField(allow_null=True)
    over_hour = serializers.IntegerField()
    over_day = serializers.IntegerField()


class ScoreDrift(serializers.Serializer[Any]):
    language = serializers.CharField(
        allow_null=True, help_text="The language of whose slot the version is; null for the default version."
    )
    source = serializers.CharField(allow_null=True, help_text="Null: all sources together.")  # type: ignore[assignment]
    version = serializers.CharField()
    index = serializers.FloatField(allow_null=True, help_text="Population stability index.")
    level = serializers.ChoiceField(
        choices=["few", "stable", "watch", "shifted"],
        help_text=f"`few`: under {MIN_SAMPLE} comments; `watch`: an index from 0.1; `shifted`: an index from 0.25.",
    )
    reference = serializers.IntegerField(help_text="Number of comments of the version's first 30 days.")
    recent = serializers.IntegerField(help_text="Number of comments of the last 7 days.")


@extend_schema_serializer(component_name="Statistics")
class StatisticsOutput(serializers.Serializer[Any]):
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    days = StatisticsDay(many=True, help_text="Oldest first.")
    total = StatisticsTotal()
    missing = serializers.ListField(child=serializers.DateField(), help_text="Days that are not counted yet.")
    people = StatisticsPerson(many=True)
    queue = QueueState()
    drift = ScoreDrift(many=True)


class StatisticsEndpoint(Endpoint):
    @operation(
        "read_statistics", scope=ApiScope.MODERATE, needs=SEE, query=StatisticsQuery, answers=StatisticsOutput
    )
    def get(self, request: Request) -> Response:
        """Read the numbers of the dashboard.

        They cover the sources that the caller may see. Past days are counted once and kept; today is counted for each
        call.
        """
        query, user = checked_query(StatisticsQuery, request), caller(request)
        sources = visible_sources(user)
        source = _source(sources, query["source"]) if "source" in query else None
        board = dashboard_of(
            user=user,
            source=source,
            days=query["days"],
            now=timezone.now(),
            language=query.get("language", ""),
        )
        return Response(StatisticsOutput(_numbers(board)).data)


def _source(sources: QuerySet[Source], slug: str) -> Source:
    source = sources.filter(slug=slug).first()
    if source is None:
        raise invalid([parameter_error("source", "names no source that you may see", "invalid")])
    return source


def _numbers(board: Dashboard) -> dict[str, Any]:
    queue = asdict(board.queue)
    ages = {f"{name}_seconds": queue[name] for name in ("oldest", "median", "p90")}
    return {
        "source": board.source and board.source.slug,
        "days": [{"day": day.day, "is_kept": day.kept, **summary(day.numbers)} for day in board.days],
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
        "language": drift.language or None,
        "source": drift.source and drift.source.slug,
        "version": drift.version,
        "index": drift.index,
        "level": drift.level,
        "reference": reference,
        "recent": recent,
    }
