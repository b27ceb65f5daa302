"""Azure's clients from PyPI and npm: analyzing, blocklists with their pages, and their errors."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.ai.contentsafety import BlocklistClient, ContentSafetyClient
from azure.ai.contentsafety.models import (
    AddOrUpdateTextBlocklistItemsOptions,
    AnalyzeTextOptions,
    RemoveTextBlocklistItemsOptions,
    TextBlocklist,
    TextBlocklistItem,
    TextCategory,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ODataV4Format,
    ResourceNotFoundError,
)

from classifier.api_keys.services import api_key_create
from classifier.models import Comment, ModelVersion, Rule
from classifier.tests.api.conftest import person
from classifier.tests.dialects.clients.conftest import KIND, RUDE, RunNode

pytestmark = pytest.mark.django_db(transaction=True)
FRESH_SECONDS = 15.0


@pytest.fixture(params=["", "/"], ids=["endpoint", "endpoint with a slash"])
def endpoint(request: pytest.FixtureRequest, server: str) -> str:
    return f"{server}{request.param}"


@pytest.fixture
def client(endpoint: str, model: ModelVersion, key: str) -> Iterator[ContentSafetyClient]:
    with ContentSafetyClient(endpoint, AzureKeyCredential(key), retry_total=0) as client:
        yield client


def test_azures_client_analyzes_and_is_told_of_errors(
    client: ContentSafetyClient, endpoint: str, model: ModelVersion
) -> None:
    rude, kind = (
        {
            row.category: row.severity
            for row in client.analyze_text(AnalyzeTextOptions(text=text)).categories_analysis
        }
        for text in (RUDE, KIND)
    )
    assert list(rude) == [
        TextCategory.HATE,
        TextCategory.SELF_HARM,
        TextCategory.SEXUAL,
        TextCategory.VIOLENCE,
    ]
    if model.name == "starter":
        assert (rude["Hate"], kind["Hate"]) == (2, 0)
    assert not Comment.objects.exists()

    with pytest.raises(HttpResponseError) as refused:
        client.analyze_text(AnalyzeTextOptions(text=""))
    assert (refused.value.status_code, told(refused.value).code) == (400, "InvalidRequestBody")
    assert "text" in str(told(refused.value).message)

    with (
        ContentSafetyClient(endpoint, AzureKeyCredential("nobody"), retry_total=0) as stranger,
        pytest.raises(ClientAuthenticationError) as unknown,
    ):
        stranger.analyze_text(AnalyzeTextOptions(text="x"))
    assert told(unknown.value).code == "401"


def test_azures_client_manages_blocklists_and_is_told_of_hits(endpoint: str, model: ModelVersion) -> None:
    owner = person("lists", "add_rule", "change_rule", "view_rule")
    credential = AzureKeyCredential(
        api_key_create(name="lists", owner=owner, scopes=["moderate", "score"])[1]
    )
    with (
        BlocklistClient(endpoint, credential, retry_total=0, api_version="2024-09-01") as lists,
        ContentSafetyClient(endpoint, credential, retry_total=0, api_version="2024-09-01") as client,
    ):
        made = lists.create_or_update_text_blocklist(
            "fruit", TextBlocklist(blocklist_name="fruit", description="of the season")
        )
        assert (made.blocklist_name, made.description) == ("fruit", "of the season")
        assert [row.blocklist_name for row in lists.list_text_blocklists()] == ["fruit"]
        added = lists.add_or_update_blocklist_items(
            "fruit",
            AddOrUpdateTextBlocklistItemsOptions(
                blocklist_items=[TextBlocklistItem(text=text) for text in ("quince", "medlar", "sloe")]
            ),
        ).blocklist_items
        listed = list(lists.list_text_blocklist_items("fruit", maxpagesize=2))
        assert [item.text for item in listed] == ["quince", "medlar", "sloe"]
        assert lists.get_text_blocklist_item("fruit", added[1].blocklist_item_id).text == "medlar"

        options = AnalyzeTextOptions(
            text="I ate a medlar", blocklist_names=["fruit"], halt_on_blocklist_hit=True
        )
        [match] = hit_by(client, options)
        assert (match.blocklist_name, match.blocklist_item_text) == ("fruit", "medlar")
        assert match.blocklist_item_id == added[1].blocklist_item_id

        lists.remove_blocklist_items(
            "fruit", RemoveTextBlocklistItemsOptions(blocklist_item_ids=[added[1].blocklist_item_id])
        )
        assert [item.text for item in lists.list_text_blocklist_items("fruit")] == ["quince", "sloe"]
        lists.delete_text_blocklist("fruit")
        with pytest.raises(ResourceNotFoundError):
            lists.get_text_blocklist("fruit")
        with pytest.raises(ResourceNotFoundError):
            client.analyze_text(options)
    assert Rule.objects.filter(enabled=False).count() == 3


def told(error: HttpResponseError) -> ODataV4Format:
    assert error.error is not None
    return error.error


def hit_by(client: ContentSafetyClient, options: AnalyzeTextOptions) -> list[Any]:
    """The hits, once the server's processes have read the new rules (POLICY_CACHE_SECONDS)."""
    end = time.monotonic() + FRESH_SECONDS
    while True:
        result = client.analyze_text(options)
        if result.blocklists_match or time.monotonic() > end:
            assert not result.blocklists_match or result.categories_analysis == []
            return list(result.blocklists_match or [])
        time.sleep(0.2)


def test_azures_npm_client_does_the_same(model: ModelVersion, node: RunNode) -> None:
    manager = person("editor", "add_rule", "change_rule", "view_rule")
    key = api_key_create(name="lists", owner=manager, scopes=["moderate"])[1]
    told = node("azure.mjs", key)
    assert list(told["rude"]) == list(told["kind"]) == ["Hate", "SelfHarm", "Sexual", "Violence"]
    assert list(told["some"]) == ["Violence"]
    if model.name == "starter":
        assert (told["rude"]["Hate"], told["kind"]["Hate"]) == (2, 0)
    assert told["empty"] == {"status": "400", "code": "InvalidRequestBody"}
    assert told["stranger"] == {"status": "401", "code": "401"}
    assert told["made"] == ["201", {"blocklistName": "fruit", "description": "of the season"}]
    assert told["items"] == ["quince", "medlar", "sloe"]
    assert (told["match"], told["analysis"]) == (["medlar"], [])
    assert (told["removed"], told["deleted"], told["gone"]) == ("204", "204", "404")
    assert Rule.objects.filter(enabled=False, rule_list=None).count() == 3
