"""No log holds a comment, its id at its site or its author, whatever callers and workers do."""

import re
import sys

import pytest

from toxicsite.tests.launcher_process import launcher
from toxicsite.tests.logs.busy_site import MARKERS

pytestmark = pytest.mark.long

LOGS = ("postgres", "redis", "web", "killed", "other")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every process of a busy site wrote, by its name."""
    folder = tmp_path_factory.mktemp("site")
    script = (sys.executable, "-m", "toxicsite.tests.logs.busy_site", str(folder))
    output = folder / "output"
    with launcher("with-services", "--", *script, output=output, VAR_DIR=str(folder / "var")) as process:
        assert process.wait(180) == 0, output.read_text()
    return {name: (folder / f"{name}.log").read_text(errors="replace") for name in (*LOGS, "retries")}


def test_ordinary_retries_and_bad_requests_make_no_statement_fail(logs: dict[str, str]) -> None:
    refused = re.findall(r"(?:ERROR|FATAL|PANIC):.*", logs["retries"])
    assert [line for line in refused if "the database system is starting up" not in line] == []


def test_no_log_holds_a_text_an_external_id_or_an_author(logs: dict[str, str]) -> None:
    for name, written in logs.items():
        found = [line[:200] for line in written.splitlines() if any(marker in line for marker in MARKERS)]
        assert found == [], name


def test_the_logs_that_were_read_are_those_of_the_site(logs: dict[str, str]) -> None:
    assert all(logs[name] for name in LOGS)
    for error in (
        "duplicate key value",
        "violates check constraint",
        "statement timeout",
        "division by zero",
    ):
        assert error in logs["postgres"]
    assert "/api/v1/comments/" in logs["web"]
    for worker in ("killed", "other"):
        assert "classifier.classify" in logs[worker]
