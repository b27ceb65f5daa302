"""The charts of the dashboard: the JSON that static/js/charts.js draws, and a table with the same numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from classifier.core.measures import SCORE_BINS
from classifier.statistics.dashboard import Dashboard, summary
from classifier.statistics.drift import Drift
from classifier.web.charts import NOTHING, DaySummaries, Figure, count, lines, share
from classifier.web.formatting import duration

AGE_NAMES = ("up to 1 h", "1 to 4 h", "4 to 24 h", "1 to 3 days", "over 3 days")
DAY_SECONDS = 86_400
LONG_SECONDS = 2 * DAY_SECONDS


def time_of(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    return f"{seconds / DAY_SECONDS:.1f} days" if seconds >= LONG_SECONDS else duration(seconds)


def figures_of(board: Dashboard) -> dict[str, Figure]:
    """Draw every figure over days; return them by name."""
    days = [(day.day.isoformat(), summary(day.numbers)) for day in board.days]
    figures = (draw(days) for draw in (_inbound, _decisions, _handling, _overturned, _agreement))
    return {figure.name: figure for figure in figures}


def _inbound(days: DaySummaries) -> Figure:
    return Figure(
        "inbound",
        "Comments that came in",
        "By the day they came in, with the model's first verdict.",
        "lines",
        lines(
            days,
            {"Came in": lambda day: day["inbound"], "Scored toxic": lambda day: day["toxic"]},
            area=True,
        ),
        ("Day", "Came in", "Toxic", "No verdict yet", "Reports"),
        _rows(days, lambda day: [count(day[name]) for name in ("inbound", "toxic", "unscored", "reports")]),
    )


def _decisions(days: DaySummaries) -> Figure:
    def automatic(day: dict[str, Any]) -> int:
        return int(sum(day["automatic"].values()))

    def by_people(day: dict[str, Any]) -> int:
        return int(sum(day["manual"].values()))

    def cells(day: dict[str, Any]) -> list[str]:
        auto, manual = day["automatic"], day["manual"]
        numbers = [auto["approve"], auto["remove"], *(manual[name] for name in manual), day["bulk"]]
        return [count(number) for number in numbers]

    return Figure(
        "decisions",
        "Decisions by policies and by people",
        "Bulk decisions are made by people, many at once. Imported decisions count as decided one by one.",
        "lines",
        lines(
            days,
            {
                "By a policy": automatic,
                "By people, one by one": lambda day: by_people(day) - day["bulk"],
                "By people, in bulk": lambda day: day["bulk"],
            },
        ),
        (
            "Day",
            "Policy approved",
            "Policy removed",
            "Approved",
            "Removed",
            "Escalated",
            "Skipped",
            "Of these in bulk",
        ),
        _rows(days, cells),
    )


def _handling(days: DaySummaries) -> Figure:
    def cells(day: dict[str, Any]) -> list[str]:
        times = day["handling"]
        return [count(times["count"]), *(time_of(times[name]) for name in ("mean", "median", "p90"))]

    return Figure(
        "handling",
        "Handling time",
        "Seconds from claiming a comment to deciding; bulk decisions have no time.",
        "lines",
        lines(
            days,
            {
                "Median": lambda day: day["handling"]["median"],
                "Nine in ten are faster than": lambda day: day["handling"]["p90"],
            },
            y={"name": "seconds", "min": 0},
        ),
        ("Day", "Timed decisions", "Mean", "Median", "90th percentile"),
        _rows(days, cells),
    )


def _overturned(days: DaySummaries) -> Figure:
    def cells(day: dict[str, Any]) -> list[str]:
        over, appeals = day["overturned"], day["appeals"]
        numbers = [over["decisions"], over["count"]]
        return [*map(count, numbers), share(over["share"]), *(count(appeals[name]) for name in appeals)]

    return Figure(
        "overturned",
        "Overturned decisions",
        "Undone or decided otherwise by somebody else, or overturned by an appeal, on that day, for each decision made"
        " on it.",
        "lines",
        lines(
            days,
            {"Overturned": lambda day: day["overturned"]["share"]},
            y={"name": "", "min": 0, "percent": True},
        ),
        (
            "Day",
            "Decisions",
            "Overturned",
            "Share",
            "Appeals opened",
            "Appeals upheld",
            "Appeals overturned",
        ),
        _rows(days, cells),
    )


def _agreement(days: DaySummaries) -> Figure:
    names = ("toxic_remove", "toxic_approve", "calm_remove", "calm_approve")

    def cells(day: dict[str, Any]) -> list[str]:
        agreed = day["agreement"]
        kappa = NOTHING if agreed["kappa"] is None else f"{agreed['kappa']:.2f}"
        return [*(count(agreed[name]) for name in names), share(agreed["share"]), kappa]

    return Figure(
        "agreement",
        "Model and moderators agree",
        "Toxic and removed, or not toxic and approved, among decisions that people made one by one.",
        "lines",
        lines(
            days,
            {"Agreed": lambda day: day["agreement"]["share"]},
            y={"name": "", "min": 0, "max": 1, "percent": True},
        ),
        (
            "Day",
            "Toxic, removed",
            "Toxic, approved",
            "Not toxic, removed",
            "Not toxic, approved",
            "Agreed",
            "Kappa",
        ),
        _rows(days, cells),
    )


def ages_figure(board: Dashboard) -> Figure:
    ages = board.queue.ages
    return Figure(
        "ages",
        "How long they have been waiting",
        "Comments in the queue now, by age.",
        "bars",
        {
            "categories": ["≤ 1 h", "≤ 4 h", "≤ 24 h", "≤ 3 days", "> 3 days"],
            "series": [{"name": "Waiting", "values": ages}],
            "vertical": True,
            "y": {"name": ""},
        },
        ("Waiting", "Comments"),
        [(name, count(number)) for name, number in zip(AGE_NAMES, ages, strict=True)],
    )


def scores_figure(drift: Drift) -> Figure:
    """Draw the distribution of scores then and now, side by side."""
    reference, recent = drift.counts
    names = [f"{index / SCORE_BINS:.0%}" for index in range(SCORE_BINS)]

    def shares(bins: Sequence[int], total: int) -> list[float]:
        return [number / total if total else 0.0 for number in bins]

    then, now = shares(drift.reference, reference), shares(drift.recent, recent)
    return Figure(
        "scores",
        "Scores then and now",
        f"Share of comments by score, from 0% to 100% in steps of {100 // SCORE_BINS}.",
        "bars",
        {
            "categories": names,
            "series": [{"name": "First weeks", "values": then}, {"name": "Last 7 days", "values": now}],
            "vertical": True,
            "y": {"name": "", "percent": True},
        },
        ("Score from", "First weeks", "Last 7 days"),
        [
            (name, f"{share(a)} ({count(n)})", f"{share(b)} ({count(m)})")
            for name, a, n, b, m in zip(names, then, drift.reference, now, drift.recent, strict=True)
        ],
    )


def _rows(days: DaySummaries, cells: Callable[[dict[str, Any]], list[str]]) -> list[list[str]]:
    """Return the rows of the table, the newest day first."""
    return [[day, *cells(numbers)] for day, numbers in reversed(days)]
