"""Migration 0032: blocklists become lists of rules, and clients of Azure find their items under the same ids."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from classifier.dialects.azure.lists import items_in, lists_named
from classifier.models import Rule, RuleList

BEFORE, AFTER = ("classifier", "0031_short_keys"), ("classifier", "0032_blocklists_are_rule_lists")


def migrate(target: tuple[str, str]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return executor.loader.project_state([target]).apps


@pytest.fixture
def earlier(transactional_db: None) -> Iterator[Any]:
    """The models of before, on a database of before; the newest again in the end."""
    yield migrate(BEFORE)
    newest()


def newest() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_lists_move_with_their_items_and_ids(earlier: Any) -> None:
    source = earlier.get_model("classifier", "Source").objects.create(slug="own", name="Own")
    old_rule, old_list, old_item, rule_list = (
        earlier.get_model("classifier", name) for name in ("Rule", "Blocklist", "BlocklistItem", "RuleList")
    )
    imported = rule_list.objects.create(name="words", description="imported")
    for name, of in (("words", None), ("words", source), ("empty", source)):
        old_list.objects.create(name=name, source=of, description=f"{name} of Azure")
    ids = {}
    for row in old_list.objects.filter(name="words"):
        for text in ("moron", "bonehead"):
            rule = old_rule.objects.create(
                name=f"words: {text}", kind="phrase", pattern=text, source=row.source, enabled=text == "moron"
            )
            item = old_item.objects.create(blocklist=row, rule=rule, description=f"about {text}")
            ids[row.source_id, text] = item.pk
    old_rule.objects.create(name="alone", kind="phrase", pattern="alone", rule_list=imported)

    migrate(AFTER)
    newest()

    assert set(RuleList.objects.values_list("name", "source__slug", "description")) == {
        ("words", None, "imported"),
        ("words", "own", "words of Azure"),
        ("empty", "own", "empty of Azure"),
    }
    for of in (None, source.pk):
        [found] = lists_named(["words"], of)
        assert found.source_id == of
        items = items_in([found]).exclude(pattern="alone")
        assert [(item.item_id, item.pattern, item.description) for item in items] == [
            (ids[of, "moron"], "moron", "about moron")
        ]
        assert Rule.objects.get(item_id=ids[of, "bonehead"]).rule_list == found
    assert Rule.objects.values("item_id").distinct().count() == 5
