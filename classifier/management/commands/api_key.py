"""`manage.py api_key create NAME --scope SCOPE …`, and `api_key list | change | rotate | revoke | short | usage`."""

from argparse import ArgumentParser, BooleanOptionalAction
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from classifier.accounts.roles import ADMIN
from classifier.api_keys.services import api_key_create, api_key_revoke, api_key_rotate, api_key_update
from classifier.api_keys.short_keys import short_key_create, short_key_withdraw
from classifier.api_keys.usage import usage_days
from classifier.management.errors import command_errors
from classifier.models import ApiKey, ApiScope, MissingAttributes, ShortKeyForm, Source, User


class Command(BaseCommand):
    help = "Make, list, change, rotate and revoke API keys, and show their use. A key is printed once, when it is made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key and print it")
        create.add_argument("name", help="what the key is for")
        create.add_argument(
            "--owner",
            metavar="USERNAME",
            help="whom it acts as; may be left out where there is one admin only",
        )
        create.add_argument(
            "--scope",
            required=True,
            action="append",
            choices=ApiScope.values,
            help="may be given several times",
        )
        create.add_argument(
            "--source", action="append", default=[], help="slug of a source it is for; all when left out"
        )
        create.add_argument("--requests-per-minute", type=int, help="the server's own limit when left out")
        create.add_argument("--texts-per-day", type=int, help="unlimited when left out")
        create.add_argument("--days", type=int, help="days until it expires; never when left out")
        _add_settings(create)
        change = verbs.add_parser("change", help="change how the formats of other services answer a key")
        change.add_argument("prefix", help="the readable beginning, such as tox_1a2b3c4d")
        _add_settings(change)
        verbs.add_parser("list", help="show every key without its secret")
        rotate = verbs.add_parser("rotate", help="make the key that follows another one, and print it")
        rotate.add_argument("prefix", help="the readable beginning, such as tox_1a2b3c4d")
        rotate.add_argument(
            "--overlap-hours", type=float, default=168.0, help="how long the old one works on (168)"
        )
        revoke = verbs.add_parser("revoke", help="make a key useless")
        revoke.add_argument("prefix", help="the readable beginning, such as tox_1a2b3c4d")
        short = verbs.add_parser(
            "short", help="make the second form of a key for clients of Akismet, and print it"
        )
        short.add_argument("prefix", help="the readable beginning, such as tox_1a2b3c4d")
        short.add_argument(
            "--form",
            required=True,
            choices=ShortKeyForm.values,
            help="host: for a host name, as Discourse and the npm clients send it; wordpress: for its settings page",
        )
        short.add_argument(
            "--end", action="store_true", help="end that form instead; the key itself works on"
        )
        usage = verbs.add_parser("usage", help="show what a key used, day by day")
        usage.add_argument("prefix", help="the readable beginning, such as tox_1a2b3c4d")
        usage.add_argument("--days", type=int, default=7, choices=range(1, 367), metavar="DAYS")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        with command_errors():
            getattr(self, verb)(options)

    def create(self, options: dict[str, Any]) -> None:
        days = options["days"]
        _, plaintext = api_key_create(
            name=options["name"],
            owner=_owner(options["owner"]),
            scopes=options["scope"],
            sources=[_source(slug) for slug in options["source"]],
            requests_per_minute=options["requests_per_minute"],
            texts_per_day=options["texts_per_day"],
            expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
            missing_attributes=options["missing_attributes"] or MissingAttributes.LEAVE_OUT,
            missing_constant=options["missing_constant"],
            lifts_scores=bool(options["lifts_scores"]),
        )
        self._print_once(plaintext)

    def change(self, options: dict[str, Any]) -> None:
        key = _key(options["prefix"])
        unchanged = ("name", "requests_per_minute", "texts_per_day", "expires_at")
        settings = ("missing_attributes", "missing_constant", "lifts_scores")
        changed = api_key_update(
            api_key=key,
            **{name: getattr(key, name) for name in unchanged},
            sources=key.sources.all(),
            **{name: options[name] for name in settings},
            by=None,
        )
        self.stdout.write(f"{changed}: {_settings(changed)}")

    def list(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        for key in ApiKey.objects.select_related("owner").prefetch_related("sources"):
            state = "usable" if key.is_usable(now) else "revoked" if key.revoked_at else "expired"
            sources = ",".join(source.slug for source in key.sources.all()) or "all sources"
            ends = f"until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "no end"
            self.stdout.write(
                f"{key.prefix}  {state:<8} {key.owner.username}  {','.join(key.scopes)}  {sources}  {ends}  "
                f"{_settings(key)}  {key.name}"
            )

    def rotate(self, options: dict[str, Any]) -> None:
        key = _key(options["prefix"])
        _, plaintext = api_key_rotate(api_key=key, overlap=timedelta(hours=options["overlap_hours"]), by=None)
        self.stderr.write(f"The old key {key.prefix}… works until {key.expires_at:%Y-%m-%d %H:%M} UTC.")
        self._print_once(plaintext)

    def revoke(self, options: dict[str, Any]) -> None:
        key = _key(options["prefix"])
        api_key_revoke(api_key=key, by=None)
        self.stdout.write(f"{key} is revoked")

    def short(self, options: dict[str, Any]) -> None:
        key = _key(options["prefix"])
        if options["end"]:
            short_key_withdraw(api_key=key, form=options["form"], by=None)
            self.stdout.write(f"{key} has no {options['form']} form any more")
            return
        self._print_once(short_key_create(api_key=key, form=options["form"], by=None))

    def usage(self, options: dict[str, Any]) -> None:
        self.stdout.write("day         requests      texts     errors    refused")
        for day in usage_days(api_key=_key(options["prefix"]), days=options["days"]):
            counts = "".join(f"{count:>11}" for count in (day.requests, day.texts, day.errors, day.refused))
            self.stdout.write(f"{day.day}{counts}")

    def _print_once(self, plaintext: str) -> None:
        """Write nothing but the key to standard output, so that a script can take it from there."""
        self.stderr.write("The key is shown only once:")
        self.stdout.write(plaintext)


def _add_settings(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--missing-attributes",
        choices=MissingAttributes.values,
        help="what stands for attributes of Perspective without a label here (leave_out)",
    )
    parser.add_argument(
        "--missing-constant",
        type=float,
        help="the score from 0 to 1 that stands for them; only with constant",
    )
    parser.add_argument(
        "--lifts-scores",
        action=BooleanOptionalAction,
        help="lift the main score to the policy's threshold where the policy or a rule does not approve",
    )


def _settings(key: ApiKey) -> str:
    constant = "" if key.missing_constant is None else f"={key.missing_constant:g}"
    return f"missing:{key.missing_attributes}{constant}{' lifts-scores' if key.lifts_scores else ''}"


def _owner(username: str | None) -> User:
    """Find the user of this name; without a name, the only administrator of the site."""
    if username is not None:
        owner = User.objects.filter(username=username).first()
        if owner is None:
            raise CommandError(f"There is no person with the username {username}.")
        return owner
    active = User.objects.filter(is_active=True)
    for candidates in (active.filter(is_superuser=True), active.filter(Q(groups__name=ADMIN)).distinct()):
        admins = list(candidates.order_by("pk")[:2])
        if len(admins) == 1:
            return admins[0]
        if admins:
            break
    reason = (
        "There are several people who administer this site" if admins else "Nobody administers this site yet"
    )
    raise CommandError(f"{reason}; say whom the key acts as: --owner USERNAME.")


def _source(slug: str) -> Source:
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        known = ", ".join(Source.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        begins = "A source begins with its first comment: send that with a key for all sources."
        raise CommandError(f"There is no source {slug}; there are: {known}. {begins}")
    return source


def _key(prefix: str) -> ApiKey:
    key = ApiKey.objects.filter(prefix=prefix.rstrip("…")).first()
    if key is None:
        raise CommandError(f"No key starts with {prefix}.")
    return key
