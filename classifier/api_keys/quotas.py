"""The quotas of a key: requests a minute and texts a day, counted by one script in Redis.

Keys that follow each other by rotation share one quota, so that an overlap does not double it. The script checks and
counts in one step, so parallel calls cannot slip past each other. The same step counts what the key uses (see
usage.py). When Redis is down every call passes: the quota only protects the server.
"""

import logging
import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from classifier.models import ApiKey, User
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

REQUESTS = "requests"
TEXTS = "texts"
MINUTE = 60
DAY = 86_400
USAGE_KEPT_SECONDS = 3 * DAY
UNLIMITED = -1

logger = logging.getLogger(__name__)

# ARGV[7] and on name the keys of one line, which share their quotas; each is used for itself.
# Redis' own clock decides which day it is, so that several web servers agree. A minute starts with its first call.
SCRIPT = """
local asked, texts = tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, most_texts = tonumber(ARGV[1]), tonumber(ARGV[4])
local name = ARGV[5]
local seconds = tonumber(redis.call('TIME')[1])
local usage = KEYS[2] .. math.floor(seconds / 86400)
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local used_texts = 0
for place = 7, #ARGV do
  used_texts = used_texts + tonumber(redis.call('HGET', usage, ARGV[place] .. ':texts') or '0')
end
local exceeded = ''
if asked > 0 and used + asked > limit then exceeded = 'requests'
elseif most_texts >= 0 and texts > 0 and used_texts + texts > most_texts then exceeded = 'texts' end
if exceeded ~= 'requests' and asked > 0 then
  used = redis.call('INCRBY', KEYS[1], asked)
  if used == asked then redis.call('EXPIRE', KEYS[1], 60) end
end
if name ~= '' then
  if exceeded == 'requests' then redis.call('HINCRBY', usage, name .. ':refused', 1)
  else
    if asked > 0 then redis.call('HINCRBY', usage, name .. ':requests', asked) end
    if exceeded == 'texts' then redis.call('HINCRBY', usage, name .. ':refused', 1)
    elseif texts > 0 then
      redis.call('HINCRBY', usage, name .. ':texts', texts)
      used_texts = used_texts + texts
    end
  end
  redis.call('EXPIRE', usage, ARGV[6])
end
return {exceeded, used, redis.call('PTTL', KEYS[1]), used_texts, 86400 - seconds % 86400}
"""


@dataclass(frozen=True)
class Allowance:
    """One quota as it stands: at most `limit` in `window_seconds`, `remaining` of it until `reset_seconds` from now."""

    name: str
    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int


@dataclass(frozen=True)
class QuotaState:
    """What is left to the caller. `exceeded` is None, REQUESTS or TEXTS; `counted` is False when Redis is down."""

    requests: Allowance
    texts: Allowance | None = None  # None: unlimited
    exceeded: str | None = None
    counted: bool = True

    @property
    def decisive(self) -> Allowance:
        """The quota that refused the call, or else that of requests."""
        return self.texts if self.exceeded == TEXTS and self.texts is not None else self.requests

    @property
    def limit(self) -> int:
        return self.decisive.limit

    @property
    def remaining(self) -> int:
        return self.decisive.remaining

    @property
    def reset_seconds(self) -> int:
        return self.decisive.reset_seconds


def quota_take(*, api_key: ApiKey | None, user: User | None, texts: int, requests: int = 1) -> QuotaState:
    """Take `requests` and `texts` from what the caller and its line of rotated keys have left, all of it or nothing.

    A call refused for its texts still counts as a request. `requests` is 0 where the request was counted before its
    body was read. People (no `api_key`) have no quota of texts.
    """
    own = api_key.requests_per_minute if api_key is not None else None
    limit = own if own is not None else settings.API_REQUESTS_PER_MINUTE
    most_texts = api_key.texts_per_day if api_key is not None else None
    try:
        exceeded, used, left, used_texts, day_left = _run(api_key, user, limit, requests, texts, most_texts)
    except NoBroker:
        logger.warning("quotas are not enforced: Redis does not answer")
        return QuotaState(Allowance(REQUESTS, limit, limit, MINUTE, MINUTE), counted=False)
    reset = min(MINUTE, max(1, math.ceil(left / 1_000))) if left > 0 else MINUTE
    return QuotaState(
        requests=Allowance(REQUESTS, limit, max(0, limit - used), reset, MINUTE),
        texts=None
        if most_texts is None
        else Allowance(TEXTS, most_texts, max(0, most_texts - used_texts), day_left, DAY),
        exceeded=exceeded.decode() or None,
    )


def quota_give_back(*, api_key: ApiKey | None, texts: int) -> None:
    """Give back texts that were taken and then could not be scored, because no worker was there in time."""
    if api_key is None:
        return
    try:
        with broker_errors():
            day = client().time()[0] // DAY
            client().hincrby(usage_key(day), f"{api_key.pk}:texts", -texts)
    except NoBroker:
        logger.warning("%d texts of %s are not given back: Redis does not answer", texts, api_key.prefix)


def quota_headers(state: QuotaState) -> dict[str, str]:
    """Return the quota as header fields of a reply, with `Retry-After` where it refused the call.

    `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers-10, which name every quota; beside
    them the three fields of its earlier versions, which most clients read, for the quota that decided.
    """
    if not state.counted:
        return {}
    quotas = [quota for quota in (state.requests, state.texts) if quota is not None]
    headers = {
        "RateLimit-Policy": ", ".join(
            f'"{quota.name}";q={quota.limit};w={quota.window_seconds}' for quota in quotas
        ),
        "RateLimit": ", ".join(
            f'"{quota.name}";r={quota.remaining};t={quota.reset_seconds}' for quota in quotas
        ),
        "RateLimit-Limit": str(state.limit),
        "RateLimit-Remaining": str(state.remaining),
        "RateLimit-Reset": str(state.reset_seconds),
    }
    if state.exceeded:
        headers["Retry-After"] = str(state.reset_seconds)
    return headers


def quota_refusal(state: QuotaState, *, texts: int) -> str:
    """Explain a refused call: what is left, and when there is more."""
    if state.exceeded != TEXTS:
        return (
            f"This key or user may make {state.limit:,} requests a minute and has made them; "
            f"try again in {state.reset_seconds} seconds."
        )
    what = f"This request brings {texts:,} text{'s' if texts != 1 else ''}"
    if texts > state.limit:
        return f"{what}, but this key may send {state.limit:,} a day; nothing was scored or stored."
    return (
        f"{what}, but of the {state.limit:,} that this key may send a day {state.remaining:,} are left; nothing was "
        f"scored or stored. There are more in {state.reset_seconds} seconds, at midnight UTC."
    )


def usage_key(day: int | str = "") -> str:
    """Return the name of the hash with the counts of one day (days since 1970, UTC); its fields are `KEY_ID:WHAT`."""
    return key(f"usage:{day}")


def _run(
    api_key: ApiKey | None, user: User | None, limit: int, requests: int, texts: int, most_texts: int | None
) -> Any:
    line = api_key.line if api_key is not None else []
    caller = f"key-{line[0]}" if line else f"user-{user.pk if user else 0}"
    with broker_errors():
        return _script()(
            keys=[key(f"api-requests:{caller}"), usage_key()],
            args=[
                limit,
                requests,
                texts,
                UNLIMITED if most_texts is None else most_texts,
                api_key.pk if api_key is not None else "",
                USAGE_KEPT_SECONDS,
                *line,
            ],
            client=client(),
        )


@cache
def _script() -> Any:
    return client().register_script(SCRIPT)
