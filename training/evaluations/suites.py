"""Test suites that people upload: accepted as a whole or not at all, listed with their results, and retired."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Func, IntegerField, QuerySet
from django.utils import timezone

from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.upsert import try_insert
from training.core.errors import NotAllowedNow, SuiteRejected
from training.ml.evaluation.suites import Case, SuiteError, parse_suite, suite_fingerprint
from training.models import TestSuite, TestSuiteResult

LONGEST_NAME = 150


def suite_list() -> QuerySet[TestSuite]:
    """Select every suite with `case_count`, those in use first; the cases themselves stay in the database."""
    count = Func("cases", function="jsonb_array_length", output_field=IntegerField())
    return (
        TestSuite.objects.annotate(case_count=count)
        .defer("cases")
        .select_related("created_by")
        .order_by("retired_at", "name")
    )


def suite_results(*, suite: TestSuite) -> list[TestSuiteResult]:
    """Return the results of every version on a suite, the newest version first."""
    rows = TestSuiteResult.objects.filter(suite=suite).select_related("model_version")
    return list(rows.defer("model_version__manifest").order_by("-model_version_id"))


def suite_create(
    *,
    name: str,
    kind: str,
    data: bytes,
    by: User | None,
    terms: bytes | None = None,
    label: str = "toxic",
    description: str = "",
) -> TestSuite:
    """Read the CSV in `data` (see training.ml.evaluation.suites for its columns) and keep its cases.

    `terms` is the optional second file of templates. Every version is run on it with its next evaluation. Raises
    PermissionDenied or SuiteRejected, whose message names row, column and remedy.
    """
    require_permission(by, "training.add_testsuite")
    name, label = checked_name(name), checked_label(label)
    try:
        cases = parse_suite(kind, data, terms)
    except SuiteError as error:
        message = str(error)
        raise SuiteRejected("file", f"{message[:1].upper()}{message[1:]}.") from None
    return suite_store(name=name, kind=kind, label=label, description=description, cases=cases, by=by)


def checked_name(name: str) -> str:
    """Return the name of a new suite with plain spaces. Raises SuiteRejected."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise SuiteRejected("name", f"Give it a name of at most {LONGEST_NAME} characters.")
    return name


def checked_label(label: str) -> str:
    """Return the label that a suite expects. Raises SuiteRejected."""
    if not label.strip():
        raise SuiteRejected("label", "Name the label whose answer is expected, such as toxic.")
    return label.strip()


def suite_store(
    *, name: str, kind: str, label: str, description: str, cases: Sequence[Case], by: User | None
) -> TestSuite:
    """Keep the cases as a suite. Raises SuiteRejected where the name is taken."""
    suite = TestSuite(
        name=name,
        kind=kind,
        description=description.strip(),
        label=label,
        cases=[case.to_dict() for case in cases],
        groups=sorted({case.group for case in cases if case.group}),
        fingerprint=suite_fingerprint(cases),
        created_by=by,
    )
    with transaction.atomic():
        if not try_insert(suite):
            raise SuiteRejected("name", f"There is a test suite called “{name}” already.")
    return suite


def suite_retire(*, suite: TestSuite, by: User | None) -> None:
    """Stop running a suite; its results stay. Raises PermissionDenied or NotAllowedNow (it is retired already)."""
    require_permission(by, "training.change_testsuite")
    now = timezone.now()
    if TestSuite.objects.filter(pk=suite.pk, retired_at__isnull=True).update(retired_at=now) != 1:
        raise NotAllowedNow(f"“{suite}” is retired already.")
    suite.retired_at = now


def suite_take_back(*, suite: TestSuite, by: User | None) -> None:
    """Run a retired suite again. Raises PermissionDenied or NotAllowedNow (it is in use)."""
    require_permission(by, "training.change_testsuite")
    if TestSuite.objects.filter(pk=suite.pk, retired_at__isnull=False).update(retired_at=None) != 1:
        raise NotAllowedNow(f"“{suite}” is in use.")
    suite.retired_at = None
