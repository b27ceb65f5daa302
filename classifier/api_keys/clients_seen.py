"""Record which programs call the dialects with a key and what they ask for; list them for people who see the key.

Recording runs in the middle of answering, so a process remembers what it has recorded: a call that brings nothing new
costs a look into a dictionary, and one in REMEMBER_SECONDS a single statement. It never fails a call. The rows say
nothing about a person: names of programs, attributes and languages, never an address or a text.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from classifier.core.visibility import sources_of
from classifier.models import ApiKey, ClientSeen, SourceAccess, User

logger = logging.getLogger(__name__)

REMEMBER_SECONDS = 300.0
CLIENTS_MAX = 20  # of a key; the ones that were seen last are kept
NAMES_MAX = 50  # attributes, and languages, of a client
KEYS_MAX = 1_000  # that a process remembers
WRITES_MAX = 40  # of a key in REMEMBER_SECONDS, so that a client with another name each time costs no more
AGENT_CHARACTERS = 200
_ATTRIBUTE = re.compile(r"[A-Z][A-Z0-9_]{0,79}(@[0-9A-Za-z._-]{1,16})?\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,3}\Z")

UPSERT = """
INSERT INTO classifier_clientseen (
    api_key_id, dialect, user_agent, attributes, languages, first_seen_at, last_seen_at
) VALUES (%(key)s, %(dialect)s, %(agent)s, %(attributes)s::varchar[], %(languages)s::varchar[], %(now)s, %(now)s)
ON CONFLICT (api_key_id, dialect, user_agent) DO UPDATE SET
    attributes = ARRAY(
        SELECT name
        FROM unnest(classifier_clientseen.attributes || excluded.attributes) WITH ORDINALITY AS each (name, place)
        GROUP BY name ORDER BY min(place) LIMIT %(names)s
    ),
    languages = ARRAY(
        SELECT name
        FROM unnest(classifier_clientseen.languages || excluded.languages) WITH ORDINALITY AS each (name, place)
        GROUP BY name ORDER BY min(place) LIMIT %(names)s
    ),
    last_seen_at = greatest(classifier_clientseen.last_seen_at, excluded.last_seen_at)
RETURNING first_seen_at = last_seen_at
"""
DROP_OLDEST = """
DELETE FROM classifier_clientseen WHERE id IN (
    SELECT id FROM classifier_clientseen WHERE api_key_id = %(key)s
    ORDER BY last_seen_at DESC, id DESC OFFSET %(clients)s
)
"""


@dataclass
class _Client:
    attributes: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)

    def covers(self, attributes: set[str], languages: set[str]) -> bool:
        """Tell whether nothing is new; names beyond the bound are not kept, so they are not new either."""
        pairs = ((attributes, self.attributes), (languages, self.languages))
        return all(names <= known or len(known) >= NAMES_MAX for names, known in pairs)


@dataclass
class _Key:
    """What was recorded of one key lately; forgotten at `until`, so that its time last seen is updated."""

    until: float
    writes: int = 0
    clients: dict[tuple[str, str], _Client] = field(default_factory=dict)


class Memory:
    """What this process has recorded lately, bounded in keys, clients and names."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.keys: dict[int, _Key] = {}
        self.lock = threading.Lock()

    def is_new(
        self, key_id: int, dialect: str, agent: str, attributes: set[str], languages: set[str]
    ) -> bool:
        """Tell whether this has to be written, and remember that it was."""
        now = self.clock()
        with self.lock:
            key = self.keys.get(key_id)
            if key is None or now >= key.until:
                if key is None and len(self.keys) >= KEYS_MAX:
                    self.keys.clear()
                key = self.keys[key_id] = _Key(until=now + REMEMBER_SECONDS)
            known = key.clients.get((dialect, agent))
            if known is not None and known.covers(attributes, languages):
                return False
            if key.writes >= WRITES_MAX:
                return False
            key.writes += 1
            known = key.clients.setdefault((dialect, agent), _Client())
            known.attributes |= attributes
            known.languages |= languages
            return True

    def forget(self) -> None:
        with self.lock:
            self.keys.clear()


MEMORY = Memory()


def client_seen(
    *,
    api_key: ApiKey,
    dialect: str,
    user_agent: str = "",
    library: str = "",
    attributes: Iterable[str] = (),
    languages: Iterable[str] = (),
) -> None:
    """Record a call; never raises.

    `library` is what a client says beside its user agent, such as Google's `x-goog-api-client`.
    """
    try:
        agent = " ".join(part for part in (_printable(user_agent), _printable(library)) if part)
        agent = agent[:AGENT_CHARACTERS].rstrip()
        asked = _names(attributes, _ATTRIBUTE)
        spoken = list(dict.fromkeys(name.lower() for name in _names(languages, _LANGUAGE)))
        if MEMORY.is_new(api_key.pk, dialect, agent, set(asked), set(spoken)):
            _write(api_key.pk, dialect, agent, asked, spoken)
    except Error as error:
        logger.warning("a client of a key could not be recorded: %s", type(error).__name__)


def _write(key_id: int, dialect: str, agent: str, attributes: list[str], languages: list[str]) -> None:
    values: dict[str, Any] = {
        "key": key_id,
        "dialect": dialect,
        "agent": agent,
        "attributes": attributes,
        "languages": languages,
        "now": timezone.now(),
        "names": NAMES_MAX,
        "clients": CLIENTS_MAX,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(UPSERT, values)
        [is_first] = cursor.fetchone()
        if is_first:
            cursor.execute(DROP_OLDEST, values)


def _names(given: Iterable[str], pattern: re.Pattern[str]) -> list[str]:
    """Return the names that match `pattern`, each of them once; a text in place of a name does not match."""
    names: dict[str, None] = {}
    for name in given:
        if isinstance(name, str) and pattern.match(name):
            names[name] = None
            if len(names) >= NAMES_MAX:
                break
    return list(names)


def _printable(value: str) -> str:
    return " ".join("".join(c if " " <= c <= "~" else " " for c in value[: 2 * AGENT_CHARACTERS]).split())


def keys_seen_by(user: User | None) -> QuerySet[ApiKey]:
    """List the keys that reach only sources which `user` sees: all keys for a user who sees every source."""
    seen = sources_of(user)
    if seen is None:
        return ApiKey.objects.all()
    own = ApiKey.sources.through.objects.filter(apikey=OuterRef("pk"))
    of_owner = SourceAccess.objects.filter(user=OuterRef("owner"))
    within = Exists(own) & ~Exists(own.exclude(source__in=seen))
    owner_within = Q(owner__all_sources=False) & ~Exists(of_owner.exclude(source__in=seen))
    return ApiKey.objects.filter(within | (~Exists(own) & owner_within))


def clients_seen_by(user: User | None) -> QuerySet[ClientSeen]:
    """List the programs that used the keys that `user` sees, the latest first."""
    rows = ClientSeen.objects.order_by("-last_seen_at", "-id")
    return rows if sources_of(user) is None else rows.filter(api_key__in=keys_seen_by(user))
