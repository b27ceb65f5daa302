"""`verify-key`, and what clients ask about the account: `get-subscription`, `usage-limit` and `key-sites`."""

import csv
from calendar import monthrange
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.api_keys.usage import usage_days
from classifier.dialects.akismet.errors import VALID, plain
from classifier.dialects.akismet.view import AkismetView
from classifier.dialects.replies import DialectReply, reply
from classifier.models import ApiScope

UNLIMITED = "none"
ALL_SITES = "all"


class VerifyKey(AkismetView):
    """Say whether a key can check comments. WordPress also sends the key that it has; `key` is the one asked about."""

    scope = ApiScope.SCORE
    http_method_names = ["post"]
    key_fields = ("key", "api_key")

    def post(self, request: HttpRequest) -> HttpResponse:
        return plain(VALID)


class Subscription(AkismetView):
    """What WordPress's settings page reads before it keeps a key."""

    scope = ApiScope.SCORE
    http_method_names = ["post"]
    key_fields = ("key", "api_key")

    def post(self, request: HttpRequest) -> HttpResponse:
        assert self.api_key is not None
        return reply(
            {
                "account_id": self.api_key.pk,
                "account_name": self.api_key.name,
                "account_type": "self-hosted",
                "status": "active",
                "next_billing_date": False,
                "limit_reached": False,
            }
        )


class UsageLimit(AkismetView):
    """The texts of this month, and how many the key may send in it by its quota of a day."""

    scope = ApiScope.SCORE
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        assert self.api_key is not None
        today = datetime.now(UTC).date()
        usage = self._texts(today.day)
        daily = self.api_key.texts_per_day
        limit = None if daily is None else daily * monthrange(today.year, today.month)[1]
        return reply(
            {
                "limit": UNLIMITED if limit is None else limit,
                "usage": usage,
                "percentage": "0.00" if limit is None else f"{100 * usage / limit:.2f}",
                "throttled": daily is not None and self._texts(1) >= daily,
            }
        )

    def _texts(self, days: int) -> int:
        assert self.api_key is not None
        return sum(day.texts for day in usage_days(api_key=self.api_key, days=days))


class KeySites(AkismetView):
    """The texts of this month. They are not counted by site, so there is one row, of the key's source or of all."""

    scope = ApiScope.SCORE
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        assert self.api_key is not None
        today = datetime.now(UTC).date()
        days = usage_days(api_key=self.api_key, days=today.day)
        only = self.only_source()
        row: dict[str, Any] = {
            "site": only.slug if only is not None else ALL_SITES,
            "api_calls": str(sum(day.texts for day in days)),
        }
        if request.GET.get("format") == "csv":
            return _csv(row)
        return reply({f"{today:%Y-%m}": [row], "limit": 1, "offset": 0, "total": 1})


def _csv(row: dict[str, Any]) -> HttpResponse:
    file = StringIO()
    writer = csv.DictWriter(file, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return DialectReply(
        file.getvalue().encode(),
        headers={"Cache-Control": "no-store"},
        content_type="text/csv; charset=utf-8",
    )
