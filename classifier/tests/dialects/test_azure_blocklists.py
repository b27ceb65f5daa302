"""Azure's blocklists on the wire: they are lists of this site's rules."""

from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import AuditEntry, Rule, RuleList, Source, User
from classifier.policies.active_policies import rules_for
from classifier.policies.rule_lists import ImportChoice, rule_list_create, rules_import, visible_lists
from classifier.tests.api.conftest import person
from classifier.tests.dialects.conftest import Sender
from classifier.tests.dialects.test_azure import error

LISTS = "/contentsafety/text/blocklists"
VERSION = "?api-version=2023-10-01"
MERGE = "application/merge-patch+json"


class Manager(Sender):
    """A key that manages lists."""

    def call(self, method: str, path: str = "", body: Any = None, query: str = "") -> Any:
        return self.client.generic(
            method,
            f"{LISTS}{path}{VERSION}{query}",
            b"" if body is None else body,
            content_type=MERGE,
            headers={"Ocp-Apim-Subscription-Key": self.plaintext},
        )

    def add(self, path: str, *items: Any) -> Any:
        return self.post(f"{LISTS}/{path}:addOrUpdateBlocklistItems{VERSION}", {"blocklistItems": items})

    def remove(self, path: str, *ids: str) -> Any:
        return self.post(f"{LISTS}/{path}:removeBlocklistItems{VERSION}", {"blocklistItemIds": ids})


RULES = ("add_rule", "change_rule", "view_rule", "test_rule")


@pytest.fixture
def manager(db: None, redis_clean: None) -> Manager:
    key, plaintext = api_key_create(name="lists", owner=person("rules", *RULES), scopes=["moderate", "score"])
    return Manager(plaintext, key)


@pytest.fixture
def words(manager: Manager) -> Manager:
    assert manager.call("PATCH", "/words", b'{"description": "rude ones"}').status_code == 201
    return manager


def test_a_list_is_created_changed_and_deleted(manager: Manager) -> None:
    created = manager.call("PATCH", "/My.list~1", b'{"description": "first"}')
    assert (created.status_code, created.json()) == (
        201,
        {"blocklistName": "My.list~1", "description": "first"},
    )
    changed = manager.call("PATCH", "/My.list~1", b'{"blocklistName": "My.list~1", "description": "second"}')
    assert (changed.status_code, changed.json()["description"]) == (200, "second")
    assert manager.call("PATCH", "/My.list~1", b"{}").json()["description"] == "second"
    assert manager.call("GET", "/My.list~1").json() == changed.json()
    assert manager.call("GET").json() == {"value": [changed.json()]}
    gone = manager.call("DELETE", "/My.list~1")
    assert (gone.status_code, gone.content) == (204, b"")
    assert error(manager.call("GET", "/My.list~1")) == (404, "ResourceNotFound")
    assert manager.call("DELETE", "/My.list~1").status_code == 204
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == [
        "key.create",
        "rule_list.create",
        "rule_list.update",
        "rule_list.delete",
    ]


def test_an_item_is_a_rule_of_the_site(words: Manager) -> None:
    [item] = words.add("words", {"text": "moron", "description": "mild"}).json()["blocklistItems"]
    rule = Rule.objects.get()
    assert (rule.kind, rule.pattern, rule.name, rule.band, rule.source, rule.enabled) == (
        *("phrase", "moron", "words: moron", "review"),
        *(None, True),
    )
    assert item == {
        "blocklistItemId": str(rule.item_id),
        "description": "mild",
        "text": "moron",
    }
    assert words.call("GET", f"/words/blocklistItems/{item['blocklistItemId']}").json() == item
    assert [hit.rule.name for hit in rules_for(None).hits("a m o r o n")] == ["words: moron"]


def test_an_item_with_a_known_text_keeps_its_id(words: Manager) -> None:
    [first] = words.add("words", {"text": "moron"}).json()["blocklistItems"]
    again = words.add(
        "words", {"text": "moron", "description": "mild"}, {"text": "bonehead"}, {"text": "moron"}
    ).json()["blocklistItems"]
    assert [item["blocklistItemId"] == first["blocklistItemId"] for item in again] == [True, False, True]
    assert again[0]["description"] == "mild"
    assert Rule.objects.count() == 2


def test_removing_switches_the_rule_off_and_keeps_it(words: Manager) -> None:
    items = words.add("words", {"text": "moron"}, {"text": "bonehead"}).json()["blocklistItems"]
    ids = [item["blocklistItemId"] for item in items]
    assert words.remove("words", ids[0], "no uuid").status_code == 204
    assert dict(Rule.objects.values_list("pattern", "enabled")) == {"moron": False, "bonehead": True}
    assert error(words.call("GET", f"/words/blocklistItems/{ids[0]}")) == (404, "ResourceNotFound")
    assert words.call("DELETE", "/words").status_code == 204
    assert not Rule.objects.filter(enabled=True).exists()
    assert not RuleList.objects.exists()
    assert Rule.objects.filter(rule_list=None).count() == 2


def test_an_item_that_comes_again_switches_its_rule_on(words: Manager) -> None:
    [item] = words.add("words", {"text": "moron"}).json()["blocklistItems"]
    words.remove("words", item["blocklistItemId"])
    assert words.add("words", {"text": "moron"}).json()["blocklistItems"] == [item]
    assert Rule.objects.get().enabled


def test_a_list_of_the_site_is_a_blocklist_and_the_other_way_round(words: Manager) -> None:
    words.add("words", {"text": "moron"})
    listed: Any = visible_lists(person("sees")).get()
    assert (listed.name, listed.rules_on) == ("words", 1)
    made = rule_list_create(name="imported", by=None)
    rules_import(rule_list=made, choice=ImportChoice(data="bonehead\n/wal+y/\n"), state="on", by=None)
    rules_import(rule_list=made, choice=ImportChoice(data="numbskull\n"), state="shadow", by=None)
    rules_import(
        rule_list=made, choice=ImportChoice(data="set phrase\n", band="exception"), state="on", by=None
    )
    rule_list_create(name="no name of Azure", by=None)
    assert [row["blocklistName"] for row in words.call("GET").json()["value"]] == ["imported", "words"]
    items = words.call("GET", "/imported/blocklistItems").json()["value"]
    assert [item["text"] for item in items] == ["bonehead", "wal+y"]


def test_pages_of_items_are_followed_by_their_links(words: Manager) -> None:
    words.add("words", *({"text": f"word{chr(97 + number)}"} for number in range(7)))
    pages = [words.call("GET", "/words/blocklistItems", query="&maxpagesize=3&skip=1&top=5").json()]
    while "nextLink" in pages[-1]:
        link = pages[-1]["nextLink"]
        assert link.startswith("http://testserver/contentsafety/")
        pages.append(
            words.client.get(
                link.removeprefix("http://testserver"),
                headers={"Ocp-Apim-Subscription-Key": words.plaintext},
            ).json()
        )
    assert [[item["text"] for item in page["value"]] for page in pages] == [
        ["wordb", "wordc", "wordd"],
        ["worde", "wordf"],
    ]
    assert "nextLink" not in words.call("GET", "/words/blocklistItems").json()
    assert words.call("GET", "/words/blocklistItems", query="&top=0").json() == {"value": []}


def test_many_lists_are_paged(manager: Manager) -> None:
    RuleList.objects.bulk_create([RuleList(name=f"list-{number:03}") for number in range(103)])
    first = manager.call("GET").json()
    assert len(first["value"]) == 100
    second = manager.call("GET", query="&skip=100").json()
    assert [row["blocklistName"] for row in second["value"]] == ["list-100", "list-101", "list-102"]
    assert "skip=100" in first["nextLink"]
    assert "nextLink" not in second


@pytest.mark.parametrize("name", ["b%C3%A4d", "a b", "x" * 65, "%00", "a$"])
def test_a_name_that_azure_refuses_is_refused(manager: Manager, name: str) -> None:
    assert error(manager.call("PATCH", f"/{name}", b"{}")) == (400, "InvalidResourceName")


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "blocklistItems"),
        ([{}], "blocklistItems[0].text"),
        ([{"text": ""}], "blocklistItems[0].text"),
        ([{"text": "moron"}, {"text": "?!"}], "blocklistItems[1].text"),
        ([{"text": "x" * 129}], "blocklistItems[0].text"),
        ([{"text": "x", "description": "y" * 1_025}], "blocklistItems[0].description"),
        (["moron"], "blocklistItems[0]"),
        ([{"text": f"word {number}"} for number in range(101)], "blocklistItems"),
    ],
)
def test_items_that_cannot_be_rules_are_refused_and_none_is_added(
    words: Manager, items: list[Any], field: str
) -> None:
    response = words.add("words", *items)
    assert error(response) == (400, "InvalidRequestBody")
    assert field in response.json()["error"]["message"]
    assert not Rule.objects.exists()


def test_other_faults_of_a_call(words: Manager) -> None:
    assert error(words.call("PATCH", "/words", b'{"blocklistName": "other"}')) == (400, "InvalidRequestBody")
    assert error(words.call("PATCH", "/words", b"[]")) == (400, "InvalidRequestBody")
    assert error(words.add("nothing", {"text": "moron"})) == (404, "ResourceNotFound")
    assert error(words.call("GET", "/words/blocklistItems", query="&top=-1")) == (
        400,
        "InvalidParameterValue",
    )
    assert error(words.call("PUT", "/words", b"{}")) == (405, "MethodNotAllowed")


def test_a_key_of_one_source_manages_the_lists_of_that_source(manager: Manager, words: Manager) -> None:
    own = Source.objects.create(slug="own", name="Own")
    key, plaintext = api_key_create(
        name="confined", owner=person("of-own", *RULES), scopes=["moderate"], sources=[own]
    )
    confined = Manager(plaintext, key)
    assert confined.call("PATCH", "/mine", b"{}").status_code == 201
    confined.add("mine", {"text": "numbskull"})
    assert Rule.objects.get().source == own
    assert [row["blocklistName"] for row in confined.call("GET").json()["value"]] == ["mine", "words"]
    assert [row["blocklistName"] for row in words.call("GET").json()["value"]] == ["words"]
    assert error(confined.add("words", {"text": "moron"})) == (403, "PermissionDenied")
    assert error(confined.call("DELETE", "/words")) == (403, "PermissionDenied")
    assert RuleList.objects.filter(name="words").exists()


def test_lists_need_the_scope_and_the_permissions_for_rules(db: None, redis_clean: None) -> None:
    reader = api_key_create(name="scores", owner=person("scores", *RULES), scopes=["score"])
    assert error(Manager(reader[1], reader[0]).call("GET")) == (403, "PermissionDenied")
    plain: User = person("plain")
    key, plaintext = api_key_create(name="plain", owner=plain, scopes=["moderate"])
    for response in (
        Manager(plaintext, key).call("GET"),
        Manager(plaintext, key).call("PATCH", "/words", b"{}"),
    ):
        assert error(response) == (403, "PermissionDenied")
    assert not RuleList.objects.exists()
