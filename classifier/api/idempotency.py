"""Idempotency-Key: a request that is sent again, because its answer was lost, does nothing twice.

The key is written in the transaction of what the request does. So there is no state in between: a second call waits
until the first has ended, and a call that failed has left no key. What is kept is the id of what was made, never the
answer, which is written anew: nothing that was erased meanwhile comes back.
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

from classifier.api.field_errors import header_error
from classifier.api.permissions import caller
from classifier.api.problems import KEY_REUSED, Problem, invalid
from classifier.models import IdempotentRequest
from toxicsite.lib.upsert import get_or_insert

KEPT = timedelta(hours=24)
CLEANED_AT_ONCE = 100
KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Any text of up to 255 printable ASCII characters without spaces, a new one for each new request.",
)


def once(request: Request, make: Callable[[], int], show: Callable[[int], Response]) -> Response:
    """Do `make`, which returns the id of what it made, and answer with `show` of that id; not twice under one key."""
    key = _key_of(request)
    if key is None:
        return show(make())
    user, fingerprint = caller(request), _fingerprint(request)
    with transaction.atomic():
        _forget_old()
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
    """For what cannot be kept as one id: a key there would promise too much."""
    if request.headers.get(HEADER) is not None:
        raise invalid([header_error(HEADER, message, "invalid")])


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is not None and not KEY.match(key):
        message = "must be 1 to 255 printable ASCII characters without spaces"
        raise invalid([header_error(HEADER, message, "invalid")])
    return key


def _fingerprint(request: Request) -> str:
    said = json.dumps([request.method, request.path, request.data], sort_keys=True)
    return hmac.new(settings.SECRET_KEY.encode(), said.encode(), hashlib.sha256).hexdigest()


def _forget_old() -> None:
    old = IdempotentRequest.objects.filter(created_at__lt=Now() - KEPT).order_by("created_at")
    locked = old.select_for_update(skip_locked=True).values("pk")[:CLEANED_AT_ONCE]
    IdempotentRequest.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).delete()
