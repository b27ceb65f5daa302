"""The second forms of an API key, for clients of Akismet: create, withdraw, check.

A host name knows no upper case and at most 63 letters, digits and hyphens in a label; WordPress's settings page keeps
twelve hexadecimal digits. A second form opens Akismet's addresses alone. Twelve hexadecimal digits are 48 bits, few
enough to guess at, so the digests are keyed with the site's secret, and wrong forms are counted by address: whoever has
tried WRONG_MAX different ones is refused for a while.
"""

import re
import secrets
from functools import cache
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from classifier.api_keys.rules import audit_name
from classifier.api_keys.services import api_key_admitted, api_keys_with_reach
from classifier.core.audit import audit_record
from classifier.core.errors import ApiKeyInvalid, NotPossibleNow
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ApiKey, ShortKey, ShortKeyForm, User
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

MARK = "tox"
HOST_CHARACTERS = 48  # of an alphabet of 32, after the mark: 240 bits
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
WORDPRESS_DIGITS = 12
FORM = re.compile(rf"{MARK}[a-z2-7]{{{HOST_CHARACTERS}}}\Z|[0-9a-f]{{{WORDPRESS_DIGITS}}}\Z")
WRONG_MAX = 30
WRONG_SECONDS = 3_600

# The different wrong forms that came from one address; the same one again, as of a program that is set up wrongly,
# counts once. The set vanishes by itself.
COUNT = """
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2], 'NX')
return redis.call('SCARD', KEYS[1])
"""


class TooManyWrongKeys(ApiKeyInvalid):
    """Too many different wrong forms came from this address; the next ones are not looked at for a while."""


def short_key_create(*, api_key: ApiKey, form: str, by: User | None) -> str:
    """Create the second form of a key and return it; one of the same kind that was there ends at once.

    Raises InvalidInput, NotPossibleNow where the key is not usable any more, and PermissionDenied.
    """
    require_permission(by, "classifier.change_apikey")
    if form not in ShortKeyForm.values:
        message = f"Give one of {', '.join(ShortKeyForm.values)}."
        raise InvalidInput([ValidationProblem("form", message, "invalid_choice")])
    plaintext = _made(form)
    with transaction.atomic():
        locked = ApiKey.objects.select_for_update(of=("self",)).get(pk=api_key.pk)
        if not locked.is_usable(timezone.now()):
            raise NotPossibleNow("This key is revoked or expired; make a new one instead.")
        ShortKey.objects.filter(api_key=locked, form=form).delete()
        ShortKey.objects.create(api_key=locked, form=form, digest=_digest(plaintext), created_by=by)
        audit_record(verb="key.short_form", by=by, subject=audit_name(locked), data={"form": form})
    return plaintext


def short_key_withdraw(*, api_key: ApiKey, form: str, by: User | None) -> None:
    """End the second form of a key; the key itself works on. Without one this changes nothing."""
    require_permission(by, "classifier.change_apikey")
    with transaction.atomic():
        if ShortKey.objects.filter(api_key=api_key, form=form).delete()[0]:
            audit_record(verb="key.short_form_end", by=by, subject=audit_name(api_key), data={"form": form})


def is_short(plaintext: str) -> bool:
    """Say whether this looks like a second form of a key."""
    return FORM.match(plaintext) is not None


def short_key_authenticate(*, plaintext: str, address: str) -> ApiKey:
    """Return the usable key that this is a second form of, as `api_key_authenticate` does.

    `address` is where wrong forms are counted. Raises ApiKeyInvalid, or TooManyWrongKeys without looking.
    """
    if _wrong_count(address) >= WRONG_MAX:
        raise TooManyWrongKeys("Too many wrong keys came from this address. Try again in an hour.")
    digest = _digest(plaintext)
    found = api_keys_with_reach().filter(short_keys__digest=digest).first()
    try:
        return api_key_admitted(found)
    except ApiKeyInvalid:
        _count_wrong(address, digest)
        raise


def _made(form: str) -> str:
    if form == ShortKeyForm.WORDPRESS:
        return secrets.token_hex(WORDPRESS_DIGITS // 2)
    return MARK + "".join(secrets.choice(ALPHABET) for _ in range(HOST_CHARACTERS))


def _digest(plaintext: str) -> str:
    return salted_hmac("short-key", plaintext, algorithm="sha256").hexdigest()


def _wrong_key(address: str) -> str:
    digest = salted_hmac("short-key-address", address, algorithm="sha256").hexdigest()
    return key(f"wrong-short-keys:{digest[:32]}")


def _wrong_count(address: str) -> int:
    try:
        with broker_errors():
            return int(client().scard(_wrong_key(address)))
    except NoBroker:
        return 0


def _count_wrong(address: str, digest: str) -> None:
    try:
        with broker_errors():
            _script()(keys=[_wrong_key(address)], args=[digest[:16], WRONG_SECONDS], client=client())
    except NoBroker:
        return


@cache
def _script() -> Any:
    return client().register_script(COUNT)
