"""Rules in bulk: files of several systems, lists that are switched together, what they would hit, and shadow mode."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from classifier.accounts.roles import LEAD
from classifier.core.validation import InvalidInput
from classifier.inference.rule_files import Defaults, RuleFileError, alternatives, read_rule_file
from classifier.models import AuditEntry, ModelVersion, Rule, RuleList, RuleShadowHit, Source, User
from classifier.policies.active_policies import rules_for
from classifier.policies.rule_lists import (
    EXPORT_COLUMNS,
    ImportChoice,
    export_rows,
    rule_list_create,
    rule_list_set_state,
    rules_import,
    rules_import_check,
    rules_preview_recent,
)
from classifier.policies.rule_report import rule_shadow_report
from classifier.policies.rules import rule_create, rule_set_state
from classifier.policies.starter_rules import FOLDER, STARTERS
from classifier.privacy.services import comment_erase
from classifier.tests.conftest import person
from classifier.tests.policies.shadow.conftest import classify, forum
from classifier.tests.review.api.conftest import V1, Program, boss, lead, site
from toxicsite.lib.spreadsheets import csv_lines

__all__ = ["boss", "classify", "forum", "lead", "site"]
pytestmark = pytest.mark.django_db


def read(data: bytes | str, **fields: Any) -> list[tuple[str, str, str]]:
    return [(row.rule.kind, row.rule.pattern, row.rule.band) for row in read_rule_file(data, **fields).rules]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_a_phrase_a_line_in_any_encoding(encoding: str) -> None:
    data = "# ours\r\ntölpel\r\n\r\n/bl[oö]d+/\r\n".encode(encoding)
    assert read(data) == [("phrase", "tölpel", "review"), ("regex", "bl[oö]d+", "review")]


def test_a_csv_is_read_by_its_header_and_a_wrong_line_harms_no_other() -> None:
    header = "Word;Action;Disguises;Exceptions;tags\n"
    text = header + 'fool;remove;no;fool\'s gold|tomfool;a|B\nox;burn;;;\n"a;b";;maybe;;\n'
    file = read_rule_file(text)
    assert (file.format, [problem.line for problem in file.problems]) == ("csv", [3, 4])
    assert "burn is none of" in file.problems[0].message
    (row,) = file.rules
    assert (row.rule.band, row.rule.folds, row.rule.exceptions, row.tags) == (
        "remove",
        False,
        ("fool's gold", "tomfool"),
        ("a", "b"),
    )


HEADER_AND_ROW = [["word", "band", "tags"], ["tölpel", "remove", "a|b"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_csv_may_be_written_as_spreadsheets_write_it(delimiter: str, newline: str, encoding: str) -> None:
    lines = [delimiter.join(row) for row in HEADER_AND_ROW]
    for sep in ([], [f"sep={delimiter}"]):
        data = "".join(line + newline for line in [*sep, *lines]).encode(encoding)
        file = read_rule_file(data)
        assert (file.format, file.problems) == ("csv", [])
        [row] = file.rules
        assert (row.rule.pattern, row.rule.band, row.tags) == ("tölpel", "remove", ("a", "b"))
        assert file.encoding.guessed == (encoding in ("utf-16-le", "utf-16-be", "cp1252"))


def test_the_encoding_of_a_list_can_be_chosen() -> None:
    data = "clod\nłoś\n".encode("iso8859-2")
    assert read(data)[1][1] != "łoś"  # too few letters for a guess
    assert read(data, encoding="iso8859-2")[1][1] == "łoś"


def test_a_quote_that_is_not_doubled_breaks_its_row_alone_and_cells_at_the_end_may_be_missing() -> None:
    file = read_rule_file('pattern,band,tags\nclod\n"he said "fool"",remove,a\nox,remove\nass,,a,b,c\n')
    assert [(row.line, row.rule.pattern, row.rule.band) for row in file.rules] == [
        (2, "clod", "review"),
        (4, "ox", "remove"),
    ]
    assert [problem.line for problem in file.problems] == [3, 5]
    assert "not doubled" in file.problems[0].message


def test_the_list_to_begin_with_is_all_rules_has_its_licence_and_starts_in_shadow_mode() -> None:
    for starter in STARTERS.values():
        file = read_rule_file(starter.read(), name=starter.file)
        assert file.problems == []
        assert len(file.rules) > 1_000
        assert all(row.rule.kind == "phrase" and row.tags for row in file.rules)
        licence = (FOLDER / starter.file).with_suffix(".LICENSE").read_text()
        assert "Permission is hereby granted" in licence


@pytest.mark.django_db
def test_a_starter_is_imported_by_the_command_and_the_page(client: Client) -> None:
    call_command("rules", "import", "--starter", "profanity-en", "--list", "P", stdout=StringIO())
    assert set(Rule.objects.values_list("is_shadow", "rule_list__name")) == {(True, "P")}
    with pytest.raises(CommandError, match="Name a file"):
        call_command("rules", "import", "--list", "P")
    client.force_login(person("ada", "Admin"))
    other = Source.objects.create(slug="other", name="Other")
    Rule.objects.all().delete()
    sent = {
        "starter": "profanity-en",
        "source": other.slug,
        "state": "shadow",
        "band": "review",
        "act": "import",
    }
    assert client.post("/rules/import/", sent).status_code == 302
    made = RuleList.objects.get(source=other)
    assert (made.name, made.rules.count()) == ("English profanity, strong and severe", 1_009)


def test_what_is_no_text_is_named() -> None:
    with pytest.raises(RuleFileError, match="save the sheet as CSV"):
        read_rule_file(b"PK\x03\x04" + b"\x00" * 40)


def test_watched_words_of_discourse_keep_their_actions_stars_and_case() -> None:
    words = [
        {"id": 1, "word": "clod*", "action": "block"},
        {"id": 2, "word": "cl*d", "action": "flag"},
        {"id": 3, "word": "Clod", "action": "require_approval", "case_sensitive": True},
        {"id": 4, "word": "clod", "action": "replace", "replacement": "dear"},
    ]
    file = read_rule_file(json.dumps({"words": words, "regular_expressions": False}))
    assert [(row.rule.pattern, row.rule.band, row.rule.folds) for row in file.rules] == [
        ("clod*", "remove", True),
        (r"\bcl\S*d\b", "review", True),
        (r"\bClod\b", "review", False),
    ]
    assert [problem.line for problem in file.problems] == [4]
    assert read(
        json.dumps({"words": [{"word": "clo+d", "action": "block"}], "regular_expressions": True})
    ) == [("regex", "clo+d", "remove")]
    assert read("clod\nbumpkin\n", name="forum-watched-words-silence.csv")[1] == (
        "phrase",
        "bumpkin",
        "remove",
    )


def test_filters_of_mastodon_keep_whole_words_and_leave_out_what_has_expired() -> None:
    filters = [
        {
            "title": "Rude",
            "filter_action": "hide",
            "expires_at": None,
            "keywords": [
                {"keyword": "clod", "whole_word": True},
                {"keyword": "bump", "whole_word": False},
            ],
        },
        {"phrase": "old news", "whole_word": True, "expires_at": "2001-01-01T00:00:00.000Z"},
    ]
    file = read_rule_file(json.dumps(filters))
    assert [(row.rule.pattern, row.tags) for row in file.rules] == [
        ("clod", ("rude",)),
        ("*bump*", ("rude",)),
    ]
    assert [problem.message for problem in file.problems] == ["This filter has expired."]


def test_the_slur_filter_of_lemmy_becomes_a_rule_for_each_alternative() -> None:
    site_data = {"site_view": {"local_site": {"slur_filter_regex": r"(clods?\b|bump[k|x]in|(a|b)x)"}}}
    assert [pattern for _, pattern, _ in read(json.dumps(site_data))] == [
        r"clods?\b",
        "bump[k|x]in",
        "(a|b)x",
    ]
    assert alternatives(r"\bx(a|b)|y\|z") == [r"\bx(a|b)", r"y\|z"]
    assert alternatives("(a)(b|c)") == ["(a)(b|c)"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("  \n", "empty"),
        ('{"a": ', "JSON"),
        ('{"words": 5}', "list of objects"),
        ('{"site_view": {}}', "no slur_filter_regex"),
        ("name,band\nx,review\n", None),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(data: str, says: str | None) -> None:
    if says is None:
        with pytest.raises(RuleFileError, match="no column pattern"):
            read_rule_file(data, format="csv")
        return
    with pytest.raises(RuleFileError, match=says):
        read_rule_file(data)


def test_defaults_count_where_a_line_says_nothing() -> None:
    file = read_rule_file("clo+d", defaults=Defaults("remove", False, True, True))
    rule = file.rules[0].rule
    assert (rule.kind, rule.band, rule.folds, rule.ignore_accents) == ("regex", "remove", False, True)


def imported(text: str, *, state: str = "on", source: Source | None = None, **fields: Any) -> RuleList:
    made = rule_list_create(name=f"List {RuleList.objects.count()}", source=source, by=None)
    rules_import(rule_list=made, choice=ImportChoice(text, **fields), state=state, by=None)
    return made


def test_an_import_makes_a_list_that_is_switched_as_one(forum: Source) -> None:
    made = imported("clod\nbumpkin*\n...", source=forum, tags=["Rude"])
    assert sorted(made.rules.values_list("pattern", "source", "tags", "leave_out")) == [
        ("bumpkin*", forum.pk, ["rude"], ["addresses", "ids", "set_phrases"]),
        ("clod", forum.pk, ["rude"], ["addresses", "ids", "set_phrases"]),
    ]
    assert len(rules_for(forum.pk).hits("you clod, you bumpkins")) == 2
    assert rules_for(None).hits("you clod") == []
    assert rule_list_set_state(rule_list=made, state="off", by=None) == 2
    assert rule_list_set_state(rule_list=made, state="off", by=None) == 0
    assert rules_for(forum.pk).hits("you clod") == []
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", "count"))
    assert verbs == [("rule_list.create", None), ("rule_list.import", 2), ("rule_list.state", 2)]


def test_rules_that_are_there_are_not_made_twice() -> None:
    rule_create(name="x", kind="phrase", pattern="Clod", by=None)
    made = rule_list_create(name="List", by=None)
    outcome = rules_import(rule_list=made, choice=ImportChoice("clod\nbumpkin\nBUMPKIN\n"), by=None)
    assert (outcome.created, outcome.repeated) == (1, 2)


def test_what_is_exported_is_imported_again() -> None:
    imported('pattern,exceptions,leave_out\n-5 stars,minus 5 stars,nothing\n"=clod",,\n', band="remove")
    lines = "".join(csv_lines(EXPORT_COLUMNS, export_rows(Rule.objects.order_by("id"))))
    assert "'-5 stars" in lines
    before = list(Rule.objects.order_by("id").values("pattern", "exceptions", "leave_out", "band", "folds"))
    Rule.objects.all().delete()
    imported(lines)
    after = list(Rule.objects.order_by("id").values("pattern", "exceptions", "leave_out", "band", "folds"))
    assert after == before
    assert before[0]["leave_out"] == []


def test_a_look_counts_what_each_rule_would_have_hit_and_makes_nothing(
    forum: Source, classify: Any, admin_person: User
) -> None:
    classify("what a clod", "a clod and a bumpkin", "the village clod", "fine")
    rule_create(name="e", kind="phrase", pattern="village clod", band="exception", by=None)
    choice = ImportChoice("clod\nbumpkin\nnever\n")
    outcome = rules_import_check(source=None, choice=choice, by=admin_person)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        preview = rules_preview_recent(rules=outcome.rules, source=None, by=admin_person)
    assert len(queries) < 10
    assert (preview.looked_at, preview.matched, preview.newly, preview.cut_short) == (4, 2, 2, False)
    assert [(row.rule.pattern, row.matched) for row in preview.rules] == [("clod", 2), ("bumpkin", 1)]
    assert Rule.objects.count() == 1


def test_a_rule_in_shadow_mode_counts_and_changes_nothing(forum: Source, classify: Any) -> None:
    rule = rule_create(name="Clods", kind="phrase", pattern="clod", band="remove", state="shadow", by=None)
    calm, rude = classify("fine", "you cl0d")
    assert (rude.band, rude.queue_reasons) == (calm.band, calm.queue_reasons)
    hit = RuleShadowHit.objects.get()
    assert (hit.rule, hit.comment, hit.before, hit.after) == (rule, rude, "approve", "remove")
    report = rule_shadow_report(rule=rule, user=None)
    assert (report.hits, report.stricter, report.removed) == (1, 1, 0)
    rule_set_state(rule=rule, state="on", by=None)
    (later,) = classify("another clod")
    assert (later.band, RuleShadowHit.objects.count()) == ("remove", 1)
    comment_erase(comment=rude, by=None)
    assert not RuleShadowHit.objects.exists()


def test_a_failing_shadow_rule_harms_no_verdict(
    forum: Source, classify: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    rule_create(name="Clods", kind="phrase", pattern="clod", state="shadow", by=None)
    monkeypatch.setattr(RuleShadowHit.objects, "bulk_create", None)
    (comment,) = classify("you clod")
    assert comment.status == "classified"
    assert "A rule in shadow mode failed" in caplog.text


def test_who_sees_one_source_imports_for_that_one_alone(forum: Source, admin_person: User) -> None:
    made = rule_list_create(name="All", by=None)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    admin_person.refresh_from_db()
    with pytest.raises(PermissionDenied, match="does not see every source"):
        rules_import(rule_list=made, choice=ImportChoice("clod"), by=admin_person)
    with pytest.raises(PermissionDenied, match="does not see every source"):
        rule_list_set_state(rule_list=made, state="on", by=admin_person)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"format": "x"}, "format"),
        ({"band": "x"}, "band"),
        ({"tags": ["x"] * 3 + [str(n) for n in range(10)]}, "tags"),
    ],
)
def test_a_choice_that_cannot_be_is_named(fields: dict[str, Any], field: str) -> None:
    made = rule_list_create(name="All", by=None)
    with pytest.raises(InvalidInput, match=r"^(format|band|tags): ") as caught:
        rules_import(rule_list=made, choice=ImportChoice("clod", **fields), by=None)
    assert [problem.field for problem in caught.value.problems] == [field]
    with pytest.raises(InvalidInput, match=r"^name: A list of this name is there already\.$"):
        rule_list_create(name="All", by=None)


def test_the_command_looks_imports_switches_and_exports(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "words.txt"
    file.write_text("clod\n...\n", encoding="utf-8")
    call_command("rules", "check", str(file))
    assert "1 new rules" in capsys.readouterr().out
    call_command("rules", "import", str(file), "--list", "Old words", "--json")
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 2
    assert [rule.state for rule in Rule.objects.all()] == ["shadow"]
    call_command("rules", "state", "Old words", "on")
    out = StringIO()
    call_command("rules", "export", "--list", "Old words", stdout=out)
    assert out.getvalue().splitlines()[1].startswith("clod,phrase,clod,review,true")
    with pytest.raises(CommandError, match="no list"):
        call_command("rules", "state", "None", "on")


def test_the_pages_look_first_and_then_import(
    forum: Source, active_version: ModelVersion, admin_person: User, classify: Any
) -> None:
    classify("you clod")
    client = Client()
    client.force_login(admin_person)
    data = {"data": "clod\n...\n", "name": "Old words", "source": "forum", "folds": "1", "band": "review"}
    page = client.post("/rules/import/", {**data, "act": "check", "state": "shadow"}).content.decode()
    assert "Would have hit <b>1</b> of 1 comments" in page
    assert not Rule.objects.exists()
    assert not RuleList.objects.exists()
    assert client.post("/rules/import/", {**data, "act": "import", "state": "shadow"}).status_code == 302
    made = RuleList.objects.get()
    assert "Old words" in client.get("/rules/lists/").content.decode()
    assert client.post(f"/rules/lists/{made.pk}/switch/", {"state": "on"}).status_code == 302
    assert Rule.objects.get().state == "on"
    assert client.post(f"/rules/{Rule.objects.get().pk}/switch/", {"state": "shadow"}).status_code == 302
    assert "shadow mode" in client.get(f"/rules/{Rule.objects.get().pk}/").content.decode()
    listed = client.get(f"/rules/?list={made.pk}&state=shadow&q=CLOD").content.decode()
    assert "clod" in listed
    assert "No such rule" in client.get("/rules/", {"tag": "none"}).content.decode()
    lines = b"".join(client.get("/rules/export/", {"list": made.pk}).streaming_content)  # type: ignore[attr-defined]
    assert lines.count(b"\r\n") == 2
    answer = client.post("/rules/import/", {**data, "data": "", "act": "import", "state": "shadow"})
    assert (answer.status_code, "This file is empty." in answer.content.decode()) == (422, True)
    client.force_login(person("reader", LEAD))
    assert client.get("/rules/lists/").status_code == 200
    assert client.get("/rules/import/").status_code == 403


def test_the_api_makes_rules_and_lists(boss: Program, lead: Program, forum: Source) -> None:
    made = boss.post(f"{V1}rule-lists/", {"name": "Old words", "source": "forum"})
    assert made.status_code == 201
    address = f"{V1}rule-lists/{made.json()['id']}/"
    look = boss.post(f"{address}import/", {"data": "clod\n...\n", "dry_run": True})
    assert (look.status_code, look.json()["created"], look.json()["preview"]["looked_at"]) == (200, 1, 0)
    assert not Rule.objects.exists()
    assert boss.post(f"{address}import/", {"data": "clod\n...\n"}).json()["refused"] == 1
    assert boss.change("patch", address, {"state": "on"}).json()["rules_on"] == 1
    rule = boss.post(
        f"{V1}rules/",
        {"name": "Fools", "pattern": "fool", "list": made.json()["id"], "tags": ["Rude"], "state": "shadow"},
    )
    assert (rule.status_code, rule.json()["source"], rule.json()["state"]) == (201, "forum", "shadow")
    mine = f"{V1}rules/{rule.json()['id']}/"
    assert lead.get(mine).json()["tags"] == ["rude"]
    assert lead.get(f"{mine}shadow/").json()["hits"] == 0
    assert [row["name"] for row in lead.get(f"{V1}rules/?tag=rude&state=shadow").json()["items"]] == ["Fools"]
    assert boss.change("patch", mine, {"exceptions": ["fool's gold"], "state": "on"}).json()["state"] == "on"
    tried = {"text": "fool's gold, cl0d", "source": "forum"}
    assert [hit["name"] for hit in lead.post(f"{V1}rules/try/", tried).json()["hits"]] == ["clod"]
    tried["rule"] = {"pattern": "gold"}  # type: ignore[assignment]
    assert lead.post(f"{V1}rules/try/", tried).json()["hits"][0]["spans"] == [{"begin": 7, "end": 11}]
    assert lead.post(f"{V1}rules/preview/", {"pattern": "gold"}).json()["matched"] == 0
    assert lead.change("patch", mine, {"state": "off"}).status_code == 403
    wrong = boss.post(f"{V1}rules/", {"name": "x", "kind": "regex", "pattern": "(a"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "#/pattern")
    assert boss.post(f"{V1}rules/", {"name": "x", "pattern": "a", "source": "none"}).status_code == 404
