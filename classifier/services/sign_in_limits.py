"""How often a password may be wrong: counted per name and address, so that nobody can lock somebody else out.

The counts live in Redis and vanish by themselves. When Redis is down nothing is limited, since people must be able
to sign in and see why.
"""

import hashlib

from django.conf import settings

from toxicsite.lib.broker import NoBroker, broker_errors, client, key


def sign_in_is_blocked(*, name: str, address: str) -> int:
    """Seconds until the next try is allowed; 0 when it is allowed now."""
    counter = _counter(name, address)
    try:
        with broker_errors():
            failures = int(client().get(counter) or 0)
            if failures < settings.SIGN_IN_FAILURES_MAX:
                return 0
            return max(int(client().ttl(counter)), 1)
    except NoBroker:
        return 0


def sign_in_failed(*, name: str, address: str) -> None:
    counter = _counter(name, address)
    try:
        with broker_errors(), client().pipeline() as pipeline:
            pipeline.incr(counter)
            pipeline.expire(counter, settings.SIGN_IN_FAILURES_SECONDS, nx=True)
            pipeline.execute()
    except NoBroker:
        return


def sign_in_succeeded(*, name: str, address: str) -> None:
    try:
        with broker_errors():
            client().delete(_counter(name, address))
    except NoBroker:
        return


def _counter(name: str, address: str) -> str:
    """A digest, since people type passwords into the name field by mistake."""
    told = f"{name.casefold()}\n{address}".encode()
    return key(f"sign-in-failures:{hashlib.sha256(told).hexdigest()[:32]}")
