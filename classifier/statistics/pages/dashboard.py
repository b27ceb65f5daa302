"""`/dashboard/`: comments by day, the queue, decisions and their speed by moderator, and the drift of scores."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from classifier.core.visibility import visible_sources
from classifier.inference.language import UNDETERMINED
from classifier.models import Source
from classifier.references.score_maps import keys_with_outdated_map
from classifier.references.selectors import reference_notices
from classifier.review.pages.reasons import REASON_TITLES
from classifier.statistics.dashboard import SPANS, Dashboard, PersonRow, dashboard_of, summary
from classifier.statistics.day_numbers import numbers_in
from classifier.statistics.drift import MIN_SAMPLE, Drift
from classifier.statistics.pages.figures import ages_figure, figures_of, scores_figure, time_of
from classifier.web.access import permitted, person_of
from classifier.web.charts import NOTHING, count, share
from classifier.web.formatting import language_title

SEE = "classifier.view_daystatistic"
SEE_MAPS = "classifier.view_scoremap"
DEFAULT_DAYS = 30
LANGUAGES_SHOWN = 8
LEVELS = {
    "few": ("grey", f"Too few comments to tell: {MIN_SAMPLE:,} are needed on both sides"),
    "stable": ("green", "As in the first weeks"),
    "watch": ("amber", "Has moved a little"),
    "shifted": ("red", "Is another distribution"),
}


class DashboardForm(forms.Form):
    """The filters of the dashboard: source and number of days."""

    source = forms.ModelChoiceField(
        queryset=Source.objects.none(), to_field_name="slug", required=False, empty_label="Every source"
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(days, f"{days} days") for days in SPANS],
        required=False,
        empty_value=None,
    )

    language = forms.CharField(max_length=35, required=False)

    def __init__(self, data: Any, sources: Any) -> None:
        super().__init__(data)
        self.fields["source"].queryset = sources  # type: ignore[attr-defined]
        self.initial = {"days": DEFAULT_DAYS}
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


@permitted(SEE)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = DashboardForm(request.GET or None, visible_sources(user))
    chosen = form.cleaned_data if form.is_valid() else {}
    board = dashboard_of(
        user=user,
        source=chosen.get("source"),
        days=chosen.get("days") or DEFAULT_DAYS,
        now=timezone.now(),
        language=chosen.get("language") or "",
    )
    whole = board.drifts[0] if board.drifts else None
    sees_references = user.has_perm("classifier.view_referenceservice")
    context = {
        "reference_notices": reference_notices(timezone.now()) if sees_references else [],
        "sees_keys": user.has_perm("classifier.view_apikey"),
        "form": form,
        "days": len(board.days),
        "board": board,
        "empty": not any(board.total["manual"].values()) and not board.total["inbound"] and _idle(board),
        "headlines": _headlines(board),
        "figures": figures_of(board),
        "outdated": keys_with_outdated_map() if user.has_perm(SEE_MAPS) else [],
        "ages": ages_figure(board),
        "queue_facts": _queue_facts(board),
        "reasons": [
            (kind, REASON_TITLES.get(kind, "Other" if kind == "none" else kind.capitalize()), count(number))
            for kind, number in board.queue.reasons.items()
        ],
        "languages": _languages(board),
        "spoken": [(tag, language_title(tag)) for tag in board.languages if tag != UNDETERMINED],
        "by_language": _by_language(board),
        "language_name": language_title(board.language) if board.language else "",
        "people": [_person(row) for row in board.people],
        "drifts": [_drift(drift) for drift in board.drifts],
        "drift_warning": [_drift(drift) for drift in board.drifts if drift.level == "shifted"],
        "scores": scores_figure(whole) if whole is not None and all(whole.counts) else None,
        "missing": board.missing,
    }
    return render(
        request, "classifier/statistics/dashboard.html", context, status=422 if form.errors else 200
    )


def _idle(board: Dashboard) -> bool:
    queue = board.queue
    return not (queue.waiting or queue.pending or queue.failed)


def _decisions(number: int) -> str:
    return f"{count(number)} decision{'' if number == 1 else 's'}"


def _headlines(board: Dashboard) -> list[tuple[str, str, str]]:
    """Return the name, the number and the explanation of each headline."""
    total = summary(board.total)
    automatic, manual = sum(total["automatic"].values()), sum(total["manual"].values())
    over, agreed, handling = total["overturned"], total["agreement"], total["handling"]
    toxic = share(total["toxic"] / total["inbound"] if total["inbound"] else None)
    by_policy = share(automatic / (automatic + manual) if automatic + manual else None)
    return [
        ("Came in", count(total["inbound"]), f"{count(total['toxic'])} toxic ({toxic})"),
        ("Waiting now", count(board.queue.waiting), f"oldest {time_of(board.queue.oldest)}"),
        ("Decided", count(automatic + manual), f"{by_policy} by a policy"),
        (
            "Handling time",
            time_of(handling["median"]),
            f"median of {count(handling['count'])}; nine in ten under {time_of(handling['p90'])}"
            if handling["count"]
            else "nobody took a comment and decided it",
        ),
        (
            "Overturned",
            share(over["share"]),
            f"{count(over['count'])} of {_decisions(over['decisions'])}",
        ),
        ("Model agrees", share(agreed["share"]), f"with {_decisions(agreed['count'])} of people"),
    ]


def _languages(board: Dashboard) -> list[tuple[str, str]]:
    """Return the most frequent languages with their numbers of comments; empty where only one was identified."""
    counts = board.total.get("languages", {})
    identified = [tag for tag in counts if tag != UNDETERMINED]
    ordered = sorted(counts, key=lambda tag: -counts[tag])[:LANGUAGES_SHOWN]
    return [(language_title(tag), count(counts[tag])) for tag in ordered] if len(identified) > 1 else []


def _by_language(board: Dashboard) -> list[tuple[str, list[str]]]:
    """Return (language, cells) of each language: came in, toxic, decisions, how the model agrees, overturned."""
    rows = []
    for tag in board.languages[:LANGUAGES_SHOWN] if len(board.languages) > 1 and not board.language else ():
        numbers = summary(numbers_in(board.total, tag))
        agreed, over = numbers["agreement"], numbers["overturned"]
        cells = [
            language_title(tag),
            count(numbers["inbound"]),
            share(numbers["toxic"] / numbers["inbound"] if numbers["inbound"] else None),
            count(over["decisions"]),
            NOTHING if agreed["share"] is None else f"{share(agreed['share'])} of {count(agreed['count'])}",
            share(over["share"]),
        ]
        rows.append((tag, cells))
    return rows


def _queue_facts(board: Dashboard) -> list[tuple[str, str]]:
    queue = board.queue
    return [
        ("Waiting for a person", count(queue.waiting)),
        ("Over an hour", count(queue.over_hour)),
        ("Over a day", count(queue.over_day)),
        ("Oldest", time_of(queue.oldest)),
        ("Median age", time_of(queue.median)),
        ("90th percentile", time_of(queue.p90)),
        ("Escalated", count(queue.escalated)),
        ("Open appeals", count(queue.appeals)),
        ("Waiting for a verdict", count(queue.pending)),
        ("Failed", count(queue.failed)),
    ]


def _person(row: PersonRow) -> list[str]:
    agreed = row.agreement
    return [
        row.name,
        count(row.decisions),
        *(count(row.numbers[name]) for name in ("approve", "remove", "escalate", "skip", "bulk")),
        time_of(row.median),
        share(row.overturned),
        NOTHING if agreed.share is None else f"{share(agreed.share)} of {count(agreed.n)}",
    ]


def _drift_name(drift: Drift) -> str:
    if drift.language:
        return f"{language_title(drift.language)}, by {drift.version}"
    return str(drift.source) if drift.source is not None else "All sources"


def _drift(drift: Drift) -> dict[str, Any]:
    colour, words = LEVELS[drift.level]
    reference, recent = drift.counts
    return {
        "name": _drift_name(drift),
        "reference": count(reference),
        "recent": count(recent),
        "index": NOTHING if drift.index is None else f"{drift.index:.3f}",
        "colour": colour,
        "words": words,
    }
