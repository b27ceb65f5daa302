"""The steps of moving one API key here from Perspective, each with its state and the page where it is done."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from classifier.dialects.labels import PERSPECTIVE, is_attribute, label_of_attribute
from classifier.dialects.perspective.requests import primary
from classifier.dialects.perspective_clients import program_named
from classifier.model_versions.assembly import assembly_of
from classifier.models import (
    ApiScope,
    ClientSeen,
    MissingAttributes,
    ModelVersion,
    ReferenceMode,
    ReferenceService,
    User,
)
from classifier.references.migration_selectors import COUNTED, Moving, SourceRules
from classifier.references.selectors import ENDED, why_over


class StepState(Enum):
    DONE = "Done"
    TODO = "To do"
    NOT_NEEDED = "Not needed"

    @property
    def tag(self) -> str:
        return {"Done": "tag--on", "To do": "tag--off", "Not needed": ""}[self.value]


@dataclass(frozen=True)
class Step:
    """One step: `lines` are facts about it; `url` leads to where it is done, "" if there is nothing to do."""

    title: str
    state: StepState
    lines: tuple[str, ...]
    url: str = ""
    link: str = ""


def steps_of(moving: Moving, version: ModelVersion | None, user: User, now: datetime) -> list[Step]:
    """List the steps of moving this key, in their order."""
    return [
        _made(moving),
        _client(moving),
        _attributes(moving, version),
        _languages(moving, version),
        _rules(moving, user),
        _pairs(moving, now),
        _map(moving, version),
        _switched(moving, now),
    ]


def _made(moving: Moving) -> Step:
    key = moving.key
    lines = [f"Made on {_day(key.created_at)}, for {', '.join(sorted(key.scopes))}."]
    if key.replaces is not None:
        lines.append(f"It follows the key {key.replaces.prefix}…")
    if ApiScope.SCORE not in key.scopes:
        lines.append("It lacks the scope score, without which nothing is scored. Make another key.")
    if not moving.usable:
        lines.append("It is revoked, expired or its owner's account is closed. Make another key.")
    done = moving.usable and ApiScope.SCORE in key.scopes
    return Step("Key made", _state(done), tuple(lines), reverse("key", args=[key.pk]), "The key")


def _client(moving: Moving) -> Step:
    if not moving.clients:
        line = (
            "No call in Perspective's format came with this key yet. Change base URL and key in the client."
        )
        return Step("Client seen", StepState.TODO, (line,), "#programs", "Where the base URL is set")
    return Step("Client seen", StepState.DONE, tuple(map(_client_line, moving.clients)))


def _client_line(client: ClientSeen) -> str:
    name = program_named(client.user_agent)
    agent = client.user_agent or "A client without a user agent"
    known = f" ({name})" if name else ""
    return f"{agent}{known}: first {_minute(client.first_seen_at)}, last {_minute(client.last_seen_at)} UTC."


def _attributes(moving: Moving, version: ModelVersion | None) -> Step:
    title, key = "Attributes asked for", moving.key
    if not moving.attributes:
        return Step(title, StepState.TODO, ("Nothing was asked for yet.",))
    labels = version.labels if version is not None else list(PERSPECTIVE.values())
    covered = [name for name in moving.attributes if label_of_attribute(name) in labels]
    missing = [name for name in moving.attributes if name not in covered and is_attribute(name)]
    unknown = [name for name in moving.attributes if name not in covered and name not in missing]
    lines = []
    if covered:
        lines.append(f"Answered by a label: {', '.join(covered)}.")
    if unknown:
        lines.append(f"Refused, as Perspective has no such attribute: {', '.join(unknown)}.")
    if not missing:
        return Step(title, _state(not unknown), tuple(lines))
    choice = MissingAttributes(key.missing_attributes)
    stands = {
        MissingAttributes.LEAVE_OUT: "left out of the answer",
        MissingAttributes.REFUSE: "the whole call is refused",
        MissingAttributes.CONSTANT: f"the constant {key.missing_constant:g}"
        if key.missing_constant is not None
        else "a constant",
    }[choice]
    lines.append(f"Without a label here: {', '.join(missing)}. What stands for them: {stands}.")
    if not covered and choice == MissingAttributes.LEAVE_OUT:
        lines.append("Nothing that this client asks for has a label here.")
    answered = choice == MissingAttributes.CONSTANT or (choice == MissingAttributes.LEAVE_OUT and covered)
    done = bool(answered) and not unknown
    url = reverse("key", args=[key.pk])
    return Step(title, _state(done), tuple(lines), url, "What stands for missing attributes")


def _languages(moving: Moving, version: ModelVersion | None) -> Step:
    title = "Languages seen"
    if not moving.clients:
        return Step(title, StepState.TODO, ("No call came yet.",))
    declared = assembly_of(version).languages
    if not moving.languages:
        line = f"The client names none: every text is scored. The versions in production know {', '.join(declared)}."
        return Step(title, StepState.NOT_NEEDED, (line,))
    known = {primary(language) for language in declared}
    unknown = [language for language in moving.languages if primary(language) not in known]
    lines = [
        f"Asked for: {', '.join(moving.languages)}. The versions in production know {', '.join(declared)}."
    ]
    if unknown:
        lines.append(
            f"Calls with {', '.join(unknown)} are refused. Put a version that knows them into production, or keep the "
            "client from asking."
        )
    return Step(title, _state(not unknown), tuple(lines))


def _rules(moving: Moving, user: User) -> Step:
    title = "Rules and policies taken over"
    if not moving.sources:
        line = "This key is for sources that you do not see."
        return Step(title, StepState.NOT_NEEDED, (line,))
    lines = [_rules_line(source) for source in moving.sources]
    lines.append(
        "A score is lifted to the policy's threshold where a rule or the policy flags the comment."
        if moving.key.lifts_scores
        else "Scores stay the model's own where a rule flags a comment; the reply names the rule."
    )
    done = all(source.rules or source.site_rules or source.policies for source in moving.sources)
    if not user.has_perm("classifier.view_rule"):
        return Step(title, _state(done), tuple(lines))
    return Step(title, _state(done), tuple(lines), reverse("rules"), "Rules")


def _rules_line(source: SourceRules) -> str:
    of = f"{source.name or source.slug} ({source.slug})" if source.name else source.slug
    own = f"{_number(source.rules, 'rule')} of its own and {_number(source.site_rules, 'rule')} of the site"
    if source.policies:
        return f"{of}: {own}; {_number(source.policies, 'version')} of its policy."
    return f"{of}: {own}; the site's own policy holds."


def _pairs(moving: Moving, now: datetime) -> Step:
    title, key = "Both services compared", moving.key
    needed = needed_pairs()
    count = f"{moving.pairs:,} or more" if moving.pairs >= COUNTED else f"{moving.pairs:,}"
    lines = [f"Calls with both scores so far: {count}. A map needs {needed:,} of one model version."]
    if moving.pairs < needed:
        lines.append(f"{needed - moving.pairs:,} to go.")
    service = key.reference
    if service is None:
        lines.append("No reference service is named for this key.")
    elif why := why_over(service, now):
        last = f"its last day was {service.ends_on}" if why == ENDED else "it is switched off here"
        lines.append(f"{service.name} is not asked any more: {last}.")
    elif key.reference_mode == ReferenceMode.OFF:
        lines.append(f"{service.name} is not asked at the moment: the key's mode is off.")
    if service is not None and (url := _url("compare-service", service.pk)):
        return Step(title, _state(moving.pairs >= needed), tuple(lines), url, f"Compare with {service.name}")
    url = _url("references")
    return Step(title, _state(moving.pairs >= needed), tuple(lines), url, "Reference services" if url else "")


def _map(moving: Moving, version: ModelVersion | None) -> Step:
    title, key, score_map = "Map of scores", moving.key, moving.key.score_map
    if score_map is not None:
        since = f" since {_day(key.score_map_since)}" if key.score_map_since else ""
        fitted_on = score_map.model_version.version
        lines = [f"{score_map} is on{since}, fitted on {fitted_on}."]
        if version is not None and version.version != fitted_on:
            lines.append(f"Now {version.version} answers: fit the map again on its scores.")
        done = version is None or version.version == fitted_on
        return Step(title, _state(done), tuple(lines), _url("score-map", score_map.pk), "The map")
    off = "No map is on: the client's thresholds meet the model's own scores."
    if moving.map_made is not None:
        line = f"{moving.map_made} is fitted, and not switched on for this key."
        url = _url("score-map", moving.map_made.pk)
        return Step(title, StepState.TODO, (off, line), url, "The map")
    if moving.pairs < needed_pairs():
        line = "It needs more pairs, or a file of texts with their old scores."
        return Step(title, StepState.TODO, (off, line), _url("comparisons"), "Compare a file")
    service = moving.key.reference
    url = _url("compare-service", service.pk) if service is not None else _url("score-maps")
    return Step(title, StepState.TODO, (off, "There are enough pairs to fit one."), url, "Fit a map")


def _switched(moving: Moving, now: datetime) -> Step:
    key, service = moving.key, moving.key.reference
    title, url = "Switched over", reverse("key", args=[moving.key.pk])
    since = f" since {_day(key.reference_since)}" if key.reference_since else ""
    if not moving.clients:
        return Step(title, StepState.TODO, ("No client calls this server yet.",))
    if service is None or key.reference_mode == ReferenceMode.OFF:
        return Step(title, StepState.DONE, (f"This server's own answers go out{since}.",), url, "The key")
    last = f"The last day of {service.name}: {service.ends_on or 'none is set'}{_left(service, now)}."
    over = why_over(service, now)
    if key.reference_mode == ReferenceMode.OBSERVE:
        asked = "is not asked any more" if over else "is asked in the background"
        line = f"This server's own answers go out{since}; {service.name} {asked}."
        return Step(title, StepState.DONE, (line, last), url, "The key")
    if over:
        line = f"Set to follow {service.name}{since}, which is not asked any more: this server's own answers go out."
    else:
        line = f"The answers of {service.name} go out{since}; where it fails, this server's own do."
    return Step(title, StepState.TODO, (line, last), url, "Switch it over")


def needed_pairs() -> int:
    return int(settings.REFERENCE_MAP_MIN_PAIRS)


def _left(service: ReferenceService, now: datetime) -> str:
    if service.ends_on is None or why_over(service, now) == ENDED:
        return ""
    days = (service.ends_on - now.date()).days
    return f" ({_number(days, 'day')} left)" if days else " (today)"


def _url(name: str, *args: Any) -> str:
    """Return the address of a page, or "" if this installation does not have it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _state(done: bool) -> StepState:
    return StepState.DONE if done else StepState.TODO


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
