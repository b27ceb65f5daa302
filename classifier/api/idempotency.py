"""Idempotency-Key: a request that is repeated because its answer was lost is not done twice.

The key is written in the transaction of what the request does. So there is no state in between: a second call waits
until the first has ended, and a call that failed leaves no key. The row keeps the id of what was made, never the
answer. A repeat writes the answer again, so what was erased in the meantime does not come back.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.field_errors import header_error
from classifier.api.problems import KEY_REUSED, Problem, invalid
from classifier.models import IdempotentRequest
from toxicsite.lib.upsert import get_or_insert

LIFETIME = timedelta(hours=24)
DELETED_AT_ONCE = 100
KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Up to 255 printable ASCII characters without spaces; a new key for each new request.",
)


def once(request: Request, make: Callable[[], int], show: Callable[[int], Response]) -> Response:
    """Call `make`, which returns the id of what it made, and answer with `show` of that id. One key makes it once."""
    key = _key_of(request)
    if key is None:
        return show(make())
    user, fingerprint = caller(request), _fingerprint(request)
    with transaction.atomic():
        _delete_old()
        row, new = get_or_insert(
            IdempotentRequest.objects.all(), user=user, key=key, defaults={"fingerprint": fingerprint}
        )
        if new:
            row.result = make()
            row.save(update_fields=["result"])
        elif not hmac.compare_digest(row.fingerprint, fingerprint):
            detail = "This Idempotency-Key was sent with another request. Use a new key for a new request."
            raise Problem(KEY_REUSED, detail)
    assert row.result is not None
    response = show(row.result)
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def refuse_key(request: Request, message: str) -> None:
    """Raise the 400 problem for a key on a request that makes several things: a key stands for one id."""
    if request.headers.get(HEADER) is not None:
        raise invalid([header_error(HEADER, message, "invalid")])


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is not None and not KEY.match(key):
        message = "must be 1 to 255 printable ASCII characters without spaces"
        raise invalid([header_error(HEADER, message, "invalid")])
    return key


def _fingerprint(request: Request) -> str:
    content = json.dumps([request.method, request.path, request.data], sort_keys=True)
    return hmac.new(settings.SECRET_KEY.encode(), content.encode(), hashlib.sha256).hexdigest()


def _delete_old() -> None:
    old = IdempotentRequest.objects.filter(created_at__lt=Now() - LIFETIME).order_by("created_at")
    locked = old.select_for_update(skip_locked=True).values("pk")[:DELETED_AT_ONCE]
    IdempotentRequest.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).delete()
