"""Settings come from the environment; a malformed value stops the start with a sentence that names it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from toxicsite.launcher.environment import PROJECT
from toxicsite.lib.environment import Environment
from toxicsite.tests.launcher_process import launcher_environment

READERS = {
    *("read", "flag", "whole", "number", "share", "words", "choice", "postgres", "redis"),
    *("ports", "networks", "site", "pairs"),
}
# Read by the launcher, which has to know them before Django exists.
OF_THE_LAUNCHER = {"BIND", "PORT", "WEB_WORKERS", "WEB_THREADS"}


def variables_of_settings() -> set[str]:
    tree = ast.parse((PROJECT / "toxicsite" / "settings.py").read_text())
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.func.attr in READERS
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_the_example_lists_every_variable_and_no_other() -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    example = [line.split("=", 1)[0] for line in lines if line and not line.startswith("#")]
    assert len(example) == len(set(example))
    assert set(example) == variables_of_settings() | OF_THE_LAUNCHER


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DEBUG", "maybe"),
        ("COMMENT_MAX_CHARACTERS", "many"),
        ("COMMENT_MAX_CHARACTERS", "0"),
        ("SCORE_DEADLINE_SECONDS", "nan"),
        ("SCORE_DEADLINE_SECONDS", "-1"),
        ("SHADOW_SHARE", "1.5"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://here/db"),
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "localhost"),
        ("SECRET_KEY_FILE", "/nowhere"),
        ("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("WEBHOOK_ALLOWED_PORTS", "443,web"),
        ("SITE_URL", "moderation.example.org"),
        ("TRUSTED_PROXIES", "the-proxy"),
    ],
)
def test_a_malformed_value_ends_the_start_with_its_name(tmp_path: Path, variable: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import toxicsite.settings"],
        env=launcher_environment(VAR_DIR=str(tmp_path), **{variable: value}),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"django.core.exceptions.ImproperlyConfigured: {variable} "
    )


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))
    assert Environment().read("SECRET_KEY") == "from a file"


@pytest.mark.parametrize(("text", "value"), [("on", True), ("FALSE", False), ("1", True), ("", False)])
def test_truth_has_its_usual_words(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("HTTPS", text)
    assert Environment().flag("HTTPS") is value


def test_a_socket_folder_is_a_fine_database_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://toxicsite@/toxicsite?host=%2Frun%2Fpostgresql")
    found = Environment().postgres("DATABASE_URL", "")
    assert found["NAME"] == "toxicsite"
    assert found["OPTIONS"] == {"host": "/run/postgresql"}


def test_a_word_outside_the_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(ImproperlyConfigured, match=r"^LOG_LEVEL must be one of DEBUG, INFO, not 'LOUD'"):
        Environment().choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO"))


def test_hsts_follows_https(tmp_path: Path) -> None:
    for given, expected in (
        ({}, "0"),
        ({"HTTPS": "true"}, "31536000"),
        ({"HTTPS": "true", "HSTS_SECONDS": "300"}, "300"),
        ({"HTTPS": "true", "HSTS_SECONDS": "0"}, "0"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", "import toxicsite.settings as s; print(s.SECURE_HSTS_SECONDS)"],
            env=launcher_environment(VAR_DIR=str(tmp_path), **given),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected
