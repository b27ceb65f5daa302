"""The pytest plugin of this project (`-p toxicsite.testing`): every process alone, nothing outside reached.

It is loaded before pytest-django reads the settings, so what it puts into the environment here is what they
see: Redis keys and a database number of its own for each process, and files in a folder that is removed
afterwards. The database itself is pytest-django's: `test_…_gw0`, `test_…_gw1`.
"""

import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
WORKER_NUMBER = int(WORKER.removeprefix("gw")) if WORKER.startswith("gw") else 0
REDIS_DATABASES = 16  # what a server offers unless told otherwise
_FILES = tempfile.TemporaryDirectory(prefix=f"toxicsite-tests-{WORKER}-")

os.environ["VAR_DIR"] = _FILES.name
os.environ["POLICY_CACHE_SECONDS"] = "1e-9"  # what a test has rolled back must not be remembered
os.environ["API_STREAM_SECONDS"] = "1e-9"  # a stream ends after one look
os.environ["HF_HUB_OFFLINE"] = "1"  # an unknown model is answered at once, without five tries
# Test processes share the cores: threads of one would wait, spinning, for threads that another has displaced.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["REDIS_KEY_PREFIX"] = f"toxicsite-test-{WORKER}:"
for name in (
    "DEBUG",
    "HTTPS",
    "BEHIND_PROXY",
    "TRUSTED_PROXIES",
    "ALLOWED_HOSTS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "SECRET_KEY",
    "MODELS_DIR",
    "DATASETS_DIR",
    "RUNS_DIR",
    "TRANSFERS_DIR",
):
    os.environ.pop(name, None)  # the answers of a test do not depend on how the machine is set up
if os.environ.get("REDIS_URL"):
    _parts = urlsplit(os.environ["REDIS_URL"])
    _database = (int(_parts.path.strip("/") or 0) + WORKER_NUMBER) % REDIS_DATABASES
    os.environ["REDIS_URL"] = urlunsplit(_parts._replace(path=f"/{_database}"))


class OutsideNetwork(Exception):
    """A test tried to reach a machine other than this one."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Change settings that only make tests faster or independent of a build step."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of long tests first: what is left at the end is short, so that all workers end together."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_report_header() -> str:
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return f"servers: DATABASE_URL and REDIS_URL, keys under {os.environ['REDIS_KEY_PREFIX']}"
    return "servers: none, so tests with a database fail; see `python -m toxicsite.launcher with-services`"


@pytest.fixture(autouse=True, scope="session")
def _no_outside_network() -> Iterator[None]:
    """Let this process connect to this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            try:
                inside = host == "localhost" or ipaddress.ip_address(host.split("%")[0]).is_loopback
            except ValueError:
                inside = False
            if not inside:
                raise OutsideNetwork(f"a test tried to connect to {host}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture
def redis_clean() -> Iterator[None]:
    """Empty Redis before and after a test: this process has the database for itself."""
    from toxicsite.lib.broker import client

    client().flushdb()
    yield
    client().flushdb()
