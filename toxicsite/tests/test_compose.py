"""docker-compose.yml is valid, complete, and runs nothing as root."""

import subprocess
import sys
from typing import Any, cast

import pytest
import yaml

from toxicsite.launcher.environment import PROJECT
from toxicsite.launcher.postgres import QUIET_LOG

OURS = ("web", "worker-classify", "worker-train", "worker-transfers", "worker-deliver", "beat")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load((PROJECT / "docker-compose.yml").read_text()))


def test_it_is_valid_by_the_public_compose_schema() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            "docker-compose.yml",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_is_there_and_watched(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", "redis", "prepare", *OURS}
    unwatched = [name for name, service in services.items() if "test" not in service["healthcheck"]]
    assert unwatched == ["prepare"]


def test_its_database_keeps_statements_out_of_its_log_as_the_embedded_one_does(
    compose: dict[str, Any],
) -> None:
    command = compose["services"]["postgres"]["command"]
    assert command == ["postgres", *(f"-c{setting}" for setting in QUIET_LOG)]


def test_nothing_runs_as_root(compose: dict[str, Any]) -> None:
    users = {name: str(service["user"]).split(":")[0] for name, service in compose["services"].items()}
    assert not {"0", "root", ""} & set(users.values())
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]


def test_data_lies_in_named_volumes_only(compose: dict[str, Any]) -> None:
    mounts = [volume for service in compose["services"].values() for volume in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts} == set(compose["volumes"])


def test_only_the_web_is_reachable_and_only_from_this_machine_by_default(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert ports == {"web": ["${BIND:-127.0.0.1}:${PORT:-8000}:8000"]}


def test_the_training_worker_reserves_a_gpu(compose: dict[str, Any]) -> None:
    device = compose["services"]["worker-train"]["deploy"]["resources"]["reservations"]["devices"][0]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_the_parts_wait_for_the_migrated_database(compose: dict[str, Any]) -> None:
    for name in OURS:
        assert compose["services"][name]["depends_on"]["prepare"] == {
            "condition": "service_completed_successfully"
        }


def test_no_password_has_a_default(compose: dict[str, Any]) -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    assert text.count("${POSTGRES_PASSWORD:?") == 2
    assert "PASSWORD:-" not in text


def test_the_image_has_no_tests() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert lines.index("**/tests") > max(place for place, line in enumerate(lines) if line.startswith("!"))
    assert not {"!README.md", "!benchmarks", "!chaos"} & set(lines)
    inside = [PROJECT / line[1:] for line in lines if line.startswith("!") and "." not in line]
    named = [path for top in inside for path in top.rglob("test_*.py") if "tests" not in path.parts]
    assert named == []


def test_the_image_gets_everything_that_it_copies() -> None:
    let_in = {
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    for line in (PROJECT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert source in let_in, source
                assert (PROJECT / source).exists(), source
