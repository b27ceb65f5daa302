"""`manage.py doctor`: checks this installation and says what is wrong and how to fix it; exit code 1 on a failure."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from toxicsite.doctor import FAIL, OK, WARN, Finding, examine

MARKS = {OK: "ok  ", WARN: "warn", FAIL: "FAIL"}


class Command(BaseCommand):
    help = "Look at this installation: settings, servers, workers, model, disk, queues; say what to fix."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="findings as JSON on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine()
        failures = sum(finding.state == FAIL for finding in findings)
        if options["json"]:
            report = {"ok": not failures, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(report, indent=2))
        else:
            for finding in findings:
                self.stdout.write(_line(finding))
            warnings = sum(finding.state == WARN for finding in findings)
            self.stdout.write(f"{len(findings)} looked at: {failures} failed, {warnings} to think about.")
        if failures:
            sys.exit(1)


def _line(finding: Finding) -> str:
    line = f"{MARKS[finding.state]}  {finding.name}: {finding.message}"
    return f"{line}\n      fix: {finding.fix}" if finding.fix else line
