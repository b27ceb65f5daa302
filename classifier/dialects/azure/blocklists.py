"""`/contentsafety/text/blocklists`: create, list, change and delete blocklists and their items.

They are lists of this site's rules, so a key needs the scope `moderate`, and its owner the permissions for rules. A key
for one source manages the lists of that source; another key those for all sources.
"""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput
from classifier.dialects.azure.errors import headers_of, invalid, not_found
from classifier.dialects.azure.lists import (
    NAME,
    NAME_CHARACTERS,
    ItemDraft,
    items_in,
    items_remove,
    items_save,
    list_save,
    lists_named,
    lists_of,
)
from classifier.dialects.azure.view import AzureView, list_field, strings_field, text_field
from classifier.dialects.replies import DialectReply, reply
from classifier.models import RULE_DESCRIPTION_CHARACTERS, ApiScope, Rule, RuleList, User
from classifier.policies.rule_lists import rule_list_delete

ITEMS_MAX = 100  # of a call
TEXT_CHARACTERS = 128
PAGE = 100
NUMBER_MAX = 2**31 - 1
_NAME = re.compile(f"{NAME[:-1]}\\Z")


class BlocklistView(AzureView):
    scope = ApiScope.MODERATE

    @property
    def person(self) -> User:
        assert self.api_key is not None
        return self.api_key.owner

    def named(self, name: str) -> RuleList:
        """Return the list of this name that the key reaches. Raises DialectError."""
        found = lists_named([checked_name(name)], self.only_source_id())
        if not found:
            raise not_found(f"There is no blocklist {name!a} here.")
        return found[0]

    def page(self, rows: list[dict[str, str]], *, more: bool, skip: int, top: int | None) -> HttpResponse:
        """Answer one page; `nextLink` leads to the one after it, with what the caller asked for."""
        body: dict[str, Any] = {"value": rows}
        if more:
            query = self.request.GET.copy()
            query["skip"] = str(skip + len(rows))
            if top is not None:
                query["top"] = str(top - len(rows))
            address = self.request.build_absolute_uri(self.request.path)
            body["nextLink"] = f"{address}?{urlencode(list(query.items()))}"
        return reply(body)


class Blocklists(BlocklistView):
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        require_permission(self.person, "classifier.view_rule")
        skip = number_of(request, "skip", 0)
        rows = lists_of(self.only_source_id())[skip : skip + PAGE + 1]
        return self.page([list_body(row) for row in rows[:PAGE]], more=len(rows) > PAGE, skip=skip, top=None)


class OneBlocklist(BlocklistView):
    http_method_names = ["get", "head", "patch", "delete"]

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        require_permission(self.person, "classifier.view_rule")
        return reply(list_body(self.named(name)))

    def patch(self, request: HttpRequest, name: str) -> HttpResponse:
        checked_name(name)
        body = self.body()
        in_body = text_field(body, "blocklistName", most=NAME_CHARACTERS)
        if in_body is not None and in_body != name:
            message = f"The field blocklistName is {in_body!a}, and the address names {name!a}; a name stays."
            raise invalid(message, "blocklistName")
        description = text_field(body, "description", most=RULE_DESCRIPTION_CHARACTERS)
        if description is None and "description" in body:
            description = ""  # a merge patch takes a field away with null
        row, is_new = list_save(name=name, description=description, source=self.only_source(), by=self.person)
        return reply(list_body(row), status=201 if is_new else 200)

    def delete(self, request: HttpRequest, name: str) -> HttpResponse:
        """Delete the list; one that is not there is gone already."""
        for row in lists_named([checked_name(name)], self.only_source_id()):
            rule_list_delete(rule_list=row, by=self.person)
        return nothing()


class AddItems(BlocklistView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        row = self.named(name)
        drafts = read_items(self.body())
        try:
            items = items_save(row=row, drafts=drafts, by=self.person)
        except InvalidInput as error:
            problem = error.problems[0]
            raise invalid(f"The field {problem.field}: {problem.message}", problem.field) from None
        return reply({"blocklistItems": [item_body(item) for item in items]})


class RemoveItems(BlocklistView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Remove items; an id that the list does not have is gone already."""
        row = self.named(name)
        sent = strings_field(self.body(), "blocklistItemIds", required=True)
        if len(sent) > ITEMS_MAX:
            raise too_many("blocklistItemIds", len(sent))
        items_remove(row=row, ids=[found for text in sent if (found := uuid_of(text))], by=self.person)
        return nothing()


class Items(BlocklistView):
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        require_permission(self.person, "classifier.view_rule")
        row = self.named(name)
        skip = number_of(request, "skip", 0)
        top = number_of(request, "top", None)
        size = max(1, min(number_of(request, "maxpagesize", PAGE), PAGE))
        most = size if top is None else min(size, top)
        found = list(items_in([row])[skip : skip + most + 1])
        shown = found[:most]
        more = len(found) > most and (top is None or len(shown) < top)
        return self.page([item_body(item) for item in shown], more=more, skip=skip, top=top)


class OneItem(BlocklistView):
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, name: str, item_id: str) -> HttpResponse:
        require_permission(self.person, "classifier.view_rule")
        found = uuid_of(item_id)
        item = items_in([self.named(name)]).filter(item_id=found).first() if found else None
        if item is None:
            raise not_found(f"The blocklist {name!a} has no item {item_id[:64]!a}.")
        return reply(item_body(item))


def read_items(body: dict[str, Any]) -> list[ItemDraft]:
    """Return the items of a body, each text once. Raises DialectError."""
    sent = list_field(body, "blocklistItems", required=True)
    if not sent:
        raise invalid("The field blocklistItems must not be empty.", "blocklistItems")
    if len(sent) > ITEMS_MAX:
        raise too_many("blocklistItems", len(sent))
    drafts = []
    for index, item in enumerate(sent):
        where = f"blocklistItems[{index}]"
        if not isinstance(item, dict):
            raise invalid(f"The field {where} must be an object.", where)
        text = text_field(item, "text", most=TEXT_CHARACTERS, where=f"{where}.", required=True)
        assert text is not None
        description = text_field(item, "description", most=RULE_DESCRIPTION_CHARACTERS, where=f"{where}.")
        drafts.append(ItemDraft(text, description))
    return drafts


def checked_name(name: str) -> str:
    """Return the name of a list from an address. Raises DialectError."""
    if len(name) > NAME_CHARACTERS or not _NAME.match(name):
        message = (
            f"A blocklist's name has 1 to {NAME_CHARACTERS} characters, of A-Z, a-z, 0-9 and - . _ ~ only."
        )
        raise invalid(message, "blocklistName", "InvalidResourceName")
    return name


def number_of(request: HttpRequest, name: str, default: Any) -> Any:
    """Return a whole number from 0 of the query, or `default` if it is left out. Raises DialectError."""
    sent = request.GET.get(name)
    if sent is None:
        return default
    if not (sent.isascii() and sent.isdigit() and int(sent[:11]) <= NUMBER_MAX):
        message = f"The query parameter {name} must be a whole number from 0 on."
        raise invalid(message, name, "InvalidParameterValue")
    return int(sent)


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def too_many(field: str, count: int) -> Exception:
    return invalid(f"The field {field} has {count:,} items; at most {ITEMS_MAX} are allowed.", field)


def nothing() -> HttpResponse:
    return DialectReply(status=204, headers=headers_of({}))


def list_body(row: RuleList) -> dict[str, str]:
    return {"blocklistName": row.name, "description": row.description}


def item_body(item: Rule) -> dict[str, str]:
    return {"blocklistItemId": str(item.item_id), "description": item.description, "text": item.pattern}
