"""The page about moving here: what programs need, for everybody; a checklist of keys, for who sees keys."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import ADMIN, LEAD
from classifier.api_keys.services import api_key_create, api_key_revoke
from classifier.core.source_access import source_access_set
from classifier.dialects import migration_page as migration
from classifier.dialects.labels import PERSPECTIVE, STATUSES, UNCOVERED
from classifier.dialects.migration_steps import Step, StepState, needed_pairs, steps_of
from classifier.dialects.perspective_clients import PROGRAMS, Kind, program_named, programs_of
from classifier.models import (
    ApiKey,
    ClientSeen,
    ModelVersion,
    Policy,
    ReferenceCall,
    ReferenceService,
    Rule,
    ScoreMap,
    Source,
    User,
)
from classifier.references.migration_selectors import keys_moving, moving_of, other_keys
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
PAGE = "/api/migrate/"
CORAL = "Coral Perspective/9.1.0"


@pytest.fixture
def key(admin_person: User) -> ApiKey:
    return api_key_create(name="my forum", owner=admin_person, scopes=["score"])[0]


@pytest.fixture
def service() -> ReferenceService:
    return ReferenceService.objects.create(
        name="Perspective", wire="perspective", url="https://example.com", ends_on=date(2026, 12, 31)
    )


def seen(key: ApiKey, **fields: Any) -> ClientSeen:
    usual = {
        "dialect": "perspective",
        "user_agent": CORAL,
        "attributes": ["TOXICITY"],
        "languages": ["en"],
        "first_seen_at": datetime(2026, 11, 20, 10, tzinfo=UTC),
        "last_seen_at": datetime(2026, 11, 30, 5, tzinfo=UTC),
    }
    return ClientSeen.objects.create(api_key=key, **{**usual, **fields})


def pair(key: ApiKey, service: ReferenceService, **fields: Any) -> ReferenceCall:
    usual: dict[str, Any] = {
        "wire": "perspective",
        "mode": "observe",
        "ours": {"TOXICITY": 0.5},
        "theirs": {"TOXICITY": 0.75},
        "created_at": timezone.now(),
    }
    return ReferenceCall.objects.create(api_key=key, service=service, **{**usual, **fields})


def score_map(fitted_on: ModelVersion, **fields: Any) -> ScoreMap:
    usual = {"name": "forum", "version": 1, "wire": "perspective", "method": "quantile", "threshold": 0.8}
    return ScoreMap.objects.create(model_version=fitted_on, attributes={}, **{**usual, **fields})


def steps(key: ApiKey, user: User | None = None, now: datetime | None = None) -> dict[str, Step]:
    version = ModelVersion.objects.active()
    [moving] = moving_of(keys_moving(user, [key.pk]), user)
    found = steps_of(moving, version, user or key.owner, now or datetime(2026, 11, 30, tzinfo=UTC))
    return {step.title: step for step in found}


def said(step: Step) -> str:
    return " ".join(step.lines)


def html_of(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_every_program_is_there_for_everybody_with_this_servers_address(client: Client, db: None) -> None:
    html = html_of(client)
    for program in PROGRAMS:
        assert program.name in html
        assert program.place in html
        assert program.change.replace("{base}", "http://testserver") in html
    assert "{base}" not in html
    assert "This installation" not in html
    assert {program.kind for program in PROGRAMS} == set(Kind)


def test_what_the_table_says_of_attributes_holds() -> None:
    others = {"TALK_PERSPECTIVE_MODEL", *STATUSES}
    for program in PROGRAMS:
        names = set(re.findall(r"\b[A-Z][A-Z_]{3,}\b", program.asks)) - others
        assert names <= {*PERSPECTIVE, *UNCOVERED}, program.name
        assert not names & UNCOVERED or "Missing attributes" in program.needs, program.name
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
    assert sum(len(programs_of(kind, "x")) for kind in Kind) == len(PROGRAMS)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CORAL, "Coral 5 and later"),
        ("Discourse/2026.1", "Discourse Perspective plugin"),
        ("(gzip) gdcl/2.202.0 gl-python/3.13", "Google's client for Python"),
        ("axios/0.16.2", ""),
        ("", ""),
    ],
)
def test_a_program_is_known_by_a_name_of_its_own(agent: str, name: str) -> None:
    assert program_named(agent) == name


@pytest.mark.parametrize("role", [LEAD, None])
def test_who_sees_no_keys_sees_no_checklist(client: Client, key: ApiKey, role: str | None) -> None:
    seen(key)
    if role is not None:
        client.force_login(person("someone", role))
    html = html_of(client, f"{PAGE}?key={key.pk}")
    assert "This installation" not in html
    assert key.prefix not in html


def test_an_admin_sees_where_each_key_stands(client: Client, admin_person: User, key: ApiKey) -> None:
    client.force_login(admin_person)
    other = api_key_create(name="another program", owner=admin_person, scopes=["score"])[0]
    assert "No key has called Perspective" in html_of(client)
    seen(key)
    response = client.get(PAGE)
    html = unescape(response.content.decode())
    assert "no-store" in response.headers["Cache-Control"]
    assert f'<a href="/keys/{key.pk}/">my forum</a>' in html
    assert f"{CORAL} (Coral 5 and later): first 2026-11-20 10:00, last 2026-11-30 05:00 UTC." in html
    assert f'<option value="{other.pk}">' in html
    assert f'href="/keys/{other.pk}/"' not in html
    chosen = html_of(client, f"{PAGE}?key={other.pk}&key=x&key=-1&key={10**30}&key=²")
    assert f'href="/keys/{other.pk}/"' in chosen
    assert f'<option value="{other.pk}">' not in chosen


def test_only_keys_that_move_are_listed(admin_person: User, key: ApiKey, service: ReferenceService) -> None:
    others = [
        api_key_create(name=name, owner=admin_person, scopes=["score"])[0]
        for name in ("tei", "old", "follows")
    ]
    tei, old, follows = others
    seen(key)
    seen(tei, dialect="tei")
    seen(old)
    api_key_revoke(api_key=old, by=None)
    ApiKey.objects.filter(pk=follows.pk).update(reference=service, reference_mode="follow")
    listed = keys_moving(None)
    assert set(listed) == {key, follows}
    assert other_keys(None, listed) == [tei]
    assert keys_moving(None, [old.pk])[0] == old
    assert len(keys_moving(None, [key.pk])) == 2


def test_who_sees_some_sources_sees_their_keys_and_pairs(
    admin_person: User, service: ReferenceService
) -> None:
    near, far = (Source.objects.create(slug=slug, name=slug) for slug in ("near", "far"))
    keys = [
        api_key_create(name=source.slug, owner=admin_person, scopes=["score"], sources=[source])[0]
        for source in (near, far)
    ]
    for key in keys:
        seen(key)
        pair(key, service, source=near)
        pair(key, service, source=far)
    ann = person("ann", ADMIN)
    source_access_set(user=ann, all_sources=False, sources=[near], by=None)
    ann = User.objects.get(pk=ann.pk)
    listed = keys_moving(ann, [keys[1].pk])
    assert listed == [keys[0]]
    assert [moving.pairs for moving in moving_of(listed, ann)] == [1]
    assert other_keys(ann, []) == [keys[0]]


def test_a_new_key_has_everything_before_it(key: ApiKey, active_version: ModelVersion) -> None:
    found = steps(key)
    assert list(found) == [
        *(
            "Key made",
            "Client seen",
            "Attributes asked for",
            "Languages seen",
            "Rules and policies taken over",
        ),
        *("Both services compared", "Map of scores", "Switched over"),
    ]
    assert {title for title, step in found.items() if step.state is StepState.DONE} <= {
        "Key made",
        "Rules and policies taken over",
    }
    assert found["Client seen"].url == "#programs"
    api_key_revoke(api_key=key, by=None)
    assert steps(key)["Key made"].state is StepState.TODO


def test_attributes_say_what_stands_for_those_without_a_label(
    key: ApiKey, active_version: ModelVersion
) -> None:
    def step(choice: str, constant: float | None = None) -> tuple[StepState, str]:
        ApiKey.objects.filter(pk=key.pk).update(missing_attributes=choice, missing_constant=constant)
        found = steps(key)["Attributes asked for"]
        return found.state, said(found)

    client = seen(key, attributes=["TOXICITY"])
    assert step("leave_out") == (StepState.DONE, "Answered by a label: TOXICITY.")
    ClientSeen.objects.filter(pk=client.pk).update(attributes=["TOXICITY@6", "SPAM"])
    state, text = step("leave_out")
    assert (state, "SPAM. What stands for them: left out" in text) == (StepState.DONE, True)
    assert step("refuse")[0] is StepState.TODO
    state, text = step("constant", 0.25)
    assert (state, "the constant 0.25" in text) == (StepState.DONE, True)
    ClientSeen.objects.filter(pk=client.pk).update(attributes=["SPAM"])
    assert step("leave_out")[0] is StepState.TODO
    ClientSeen.objects.filter(pk=client.pk).update(attributes=["TOXICITY", "NOISE"])
    state, text = step("leave_out")
    assert (state, "no such attribute: NOISE" in text) == (StepState.TODO, True)


def test_languages_that_the_model_does_not_know_are_to_be_done(
    key: ApiKey, active_version: ModelVersion
) -> None:
    client = seen(key, languages=["en-gb"])
    assert steps(key)["Languages seen"].state is StepState.DONE
    ClientSeen.objects.filter(pk=client.pk).update(languages=["en", "es", "pt-br"])
    step = steps(key)["Languages seen"]
    assert (step.state, "Calls with es, pt-br are refused" in said(step)) == (StepState.TODO, True)
    ClientSeen.objects.filter(pk=client.pk).update(languages=[])
    assert steps(key)["Languages seen"].state is StepState.NOT_NEEDED


def test_rules_and_policies_are_those_of_the_keys_sources(
    key: ApiKey, admin_person: User, active_version: ModelVersion
) -> None:
    assert "perspective: 0 rules of its own and 0 rules of the site; the site's own policy" in said(
        steps(key)["Rules and policies taken over"]
    )
    forum = Source.objects.create(slug="forum", name="The forum")
    key.sources.set([forum])
    Rule.objects.create(name="one", pattern="one", kind="phrase", source=forum)
    Rule.objects.create(name="off", pattern="off", kind="phrase", source=forum, enabled=False)
    Rule.objects.create(name="site", pattern="site", kind="phrase")
    Policy.objects.create(source=forum, version=1, bands={})
    Policy.objects.create(source=forum, version=2, bands={})
    step = steps(key)["Rules and policies taken over"]
    assert step.state is StepState.DONE
    assert (
        step.lines[0]
        == "The forum (forum): 1 rule of its own and 1 rule of the site; 2 versions of its policy."
    )
    assert "Scores stay the model's own" in step.lines[1]
    ApiKey.objects.filter(pk=key.pk).update(lifts_scores=True)
    assert "lifted to the policy's threshold" in steps(key)["Rules and policies taken over"].lines[1]


def test_pairs_and_map(
    key: ApiKey,
    service: ReferenceService,
    candidates: tuple[ModelVersion, ModelVersion],
    active_version: ModelVersion,
) -> None:
    assert "No reference service is named" in said(steps(key)["Both services compared"])
    ApiKey.objects.filter(pk=key.pk).update(reference=service, reference_mode="observe")
    pair(key, service)
    pair(key, service, failure="timeout", theirs={})
    pair(key, service, ours={})
    found = steps(key)
    assert "both scores so far: 1. A map needs" in said(found["Both services compared"])
    assert f"{needed_pairs() - 1:,} to go." in found["Both services compared"].lines
    assert found["Map of scores"].state is StepState.TODO
    ReferenceCall.objects.bulk_create(
        ReferenceCall(
            api_key=key,
            wire="perspective",
            mode="observe",
            ours={"A": 1},
            theirs={"A": 1},
            created_at=timezone.now(),
        )
        for _ in range(needed_pairs())
    )
    found = steps(key)
    assert found["Both services compared"].state is StepState.DONE
    assert "enough pairs" in said(found["Map of scores"])

    made = score_map(active_version, origin={"key": {"id": key.pk}})
    assert "forum v1 is fitted, and not switched on" in said(steps(key)["Map of scores"])
    ApiKey.objects.filter(pk=key.pk).update(
        score_map=made, score_map_since=datetime(2026, 11, 29, tzinfo=UTC)
    )
    step = steps(key)["Map of scores"]
    assert (step.state, "forum v1 is on since 2026-11-29" in said(step)) == (StepState.DONE, True)
    old = score_map(candidates[1], version=2)
    ApiKey.objects.filter(pk=key.pk).update(score_map=old)
    step = steps(key)["Map of scores"]
    assert (step.state, "fit the map again" in said(step)) == (StepState.TODO, True)


def test_it_is_switched_over_once_own_answers_go_out(
    key: ApiKey, service: ReferenceService, active_version: ModelVersion
) -> None:
    seen(key)
    since = datetime(2026, 11, 28, tzinfo=UTC)

    def step(mode: str, day: date = date(2026, 11, 30)) -> tuple[StepState, str]:
        ApiKey.objects.filter(pk=key.pk).update(reference=service, reference_mode=mode, reference_since=since)
        found = steps(key, now=datetime(day.year, day.month, day.day, tzinfo=UTC))["Switched over"]
        return found.state, said(found)

    state, text = step("follow")
    assert (state, "answers of Perspective go out since 2026-11-28" in text) == (StepState.TODO, True)
    assert "2026-12-31 (31 days left)" in text
    assert "(today)" in step("follow", date(2026, 12, 31))[1]
    state, text = step("follow", date(2027, 1, 1))
    assert (state, "this server's own answers go out" in text) == (StepState.TODO, True)
    state, text = step("observe")
    assert (state, "asked in the background" in text) == (StepState.DONE, True)
    assert "is not asked any more" in step("observe", date(2027, 1, 1))[1]
    assert "its last day was 2026-12-31" in said(
        steps(key, now=datetime(2027, 1, 1, tzinfo=UTC))["Both services compared"]
    )
    assert step("off")[0] is StepState.DONE
    ReferenceService.objects.filter(pk=service.pk).update(is_enabled=False)
    assert "switched off here" in said(steps(key)["Both services compared"])
    assert "this server's own answers go out" in step("follow")[1]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 11, 30), "Perspective answers until 31 December 2026: 31 days left."),
        (date(2026, 12, 30), "Perspective answers until 31 December 2026: 1 day left."),
        (date(2026, 12, 31), "Perspective answers until 31 December 2026: today is the last day."),
        (date(2027, 1, 1), "s last day was 31 December 2026."),
    ],
)
def test_it_counts_the_days(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, day: date, text: str
) -> None:
    monkeypatch.setattr(migration, "today", lambda: day)
    assert text in html_of(client)


def test_a_user_agent_is_shown_as_text(client: Client, admin_person: User, key: ApiKey) -> None:
    seen(key, user_agent="<script>alert(1)</script>")
    client.force_login(admin_person)
    assert "&lt;script&gt;alert(1)" in client.get(PAGE).content.decode()


def test_more_keys_ask_the_database_little_more(
    client: Client, admin_person: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        seen(api_key_create(name=f"key {number}", owner=admin_person, scopes=["score"])[0])
    client.force_login(admin_person)
    with django_assert_max_num_queries(37):
        client.get(PAGE)


def test_what_was_seen_long_ago_is_said_with_its_time(key: ApiKey, active_version: ModelVersion) -> None:
    seen(key, last_seen_at=timezone.now() - timedelta(days=400), user_agent="")
    assert said(steps(key)["Client seen"]).startswith("A client without a user agent: first 2026-11-20 10:00")
