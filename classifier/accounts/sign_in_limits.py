"""How often somebody may try to sign in: counted per name and address together, per name, and per address.

One script in Redis looks at all three counters and counts, before the password is checked, so parallel guesses cannot
slip past each other. A try that succeeds gives back what was counted for its name and address. Somebody who has
signed in from an address lately is held back there only by their own tries: strangers who guess a name from
elsewhere, or other names through the same proxy, cannot lock them out.

The counters vanish by themselves. When Redis is down nothing is limited, since people must be able to sign in and
see why.
"""

import math
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from toxicsite.lib.broker import NoBroker, broker_errors, client, key

KNOWN_SECONDS = 30 * 86_400

# KEYS: the counter of the pair, the tries for this name by address, those from this address by name, and whether the
# pair has signed in lately. Each of the two hashes keeps the pairs apart, so that a success takes its own tries away.
SCRIPT = """
local wait = 0
local function look(counter, count, most)
  if count >= tonumber(most) then wait = math.max(wait, redis.call('PTTL', counter), 1) end
end
local function sum(counter)
  local total = 0
  for _, count in ipairs(redis.call('HVALS', counter)) do total = total + tonumber(count) end
  return total
end
look(KEYS[1], tonumber(redis.call('GET', KEYS[1]) or '0'), ARGV[1])
if redis.call('EXISTS', KEYS[4]) == 0 then
  look(KEYS[2], sum(KEYS[2]), ARGV[2])
  look(KEYS[3], sum(KEYS[3]), ARGV[3])
end
if wait > 0 then return wait end
redis.call('INCR', KEYS[1])
redis.call('HINCRBY', KEYS[2], ARGV[6], 1)
redis.call('HINCRBY', KEYS[3], ARGV[5], 1)
for place = 1, 3 do redis.call('EXPIRE', KEYS[place], ARGV[4], 'NX') end
return 0
"""


def sign_in_try(*, name: str, address: str) -> int:
    """Count a try and return 0, or return the seconds to wait and count nothing. Call it before checking a password."""
    try:
        with broker_errors():
            wait = _script()(
                keys=_keys(name, address),
                args=[
                    settings.SIGN_IN_FAILURES_MAX,
                    settings.SIGN_IN_NAME_FAILURES_MAX,
                    settings.SIGN_IN_ADDRESS_FAILURES_MAX,
                    settings.SIGN_IN_FAILURES_SECONDS,
                    _digest(_folded(name)),
                    _digest(address),
                ],
                client=client(),
            )
    except NoBroker:
        return 0
    return math.ceil(int(wait) / 1_000)


def sign_in_succeeded(*, name: str, address: str) -> None:
    """Give back the tries of this name from this address, and remember that it signed in from there."""
    pair, of_name, of_address, known = _keys(name, address)
    try:
        with broker_errors(), client().pipeline() as pipeline:
            pipeline.delete(pair)
            pipeline.hdel(of_name, _digest(address))
            pipeline.hdel(of_address, _digest(_folded(name)))
            pipeline.set(known, 1, ex=KNOWN_SECONDS)
            pipeline.execute()
    except NoBroker:
        return


def _keys(name: str, address: str) -> list[str]:
    pair, of_name, of_address = (
        _digest(f"{_folded(name)}\n{address}"),
        _digest(_folded(name)),
        _digest(address),
    )
    return [
        key(f"sign-in:pair:{pair}"),
        key(f"sign-in:name:{of_name}"),
        key(f"sign-in:address:{of_address}"),
        key(f"sign-in:known:{pair}"),
    ]


def _folded(name: str) -> str:
    return name.casefold()


def _digest(value: str) -> str:
    """A digest under the site's key, since people type passwords into the name field by mistake."""
    return salted_hmac("sign-in", value, algorithm="sha256").hexdigest()[:32]


@cache
def _script() -> Any:
    return client().register_script(SCRIPT)
