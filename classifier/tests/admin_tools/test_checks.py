"""The checks of the code need no database: they run before the very first migration."""

import pytest
from django.core.management import call_command


def test_the_checks_pass_without_touching_the_database(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check")  # pytest-django raises where a test without its mark reaches the database
    assert "no issues" in capsys.readouterr().out + capsys.readouterr().err
