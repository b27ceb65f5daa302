"""`manage.py sending [hold | resume]`: whether webhooks, notices and reference calls leave this site."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from classifier.core.outgoing import outgoing_hold, outgoing_resume, outgoing_stop


class Command(BaseCommand):
    help = "Show, hold back or resume what this site sends by itself: webhooks, notices and reference calls."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=["hold", "resume"], help="default: show")
        parser.add_argument("--reason", default="Held back by command.", help="why, for doctor and the audit")

    def handle(self, *args: Any, action: str | None, reason: str, **options: Any) -> None:
        if action == "hold":
            outgoing_stop(reason=reason, by=None)
        elif action == "resume" and outgoing_resume(by=None) is None:
            self.stdout.write("Nothing was on hold.")
        hold = outgoing_hold()
        if hold is None:
            self.stdout.write("Webhooks, notices and reference calls are sent.")
        else:
            self.stdout.write(f"On hold since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}")
