"""What the launcher reads from the environment (PORT, BIND, VAR_DIR, servers) before Django exists."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toxicsite.launcher.errors import LauncherError

PROJECT = Path(__file__).resolve().parent.parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Options:
    """Where to listen, where data lives, and which servers are somebody else's (None: bring our own)."""

    bind: str
    port: int
    var: Path
    database_url: str | None
    redis_url: str | None
    web_workers: int
    web_threads: int

    @property
    def url(self) -> str:
        host = "localhost" if self.bind in ("0.0.0.0", "::", *LOOPBACK) else self.bind  # noqa: S104 (compares only)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def gunicorn_bind(self) -> str:
        return f"[{self.bind}]:{self.port}" if ":" in self.bind else f"{self.bind}:{self.port}"


def read_options(environ: Mapping[str, str] = os.environ) -> Options:
    """Read the options. Raises LauncherError, which names a malformed one."""
    return Options(
        bind=environ.get("BIND") or "127.0.0.1",
        port=_number("PORT", 8000, 65535, environ),
        var=Path(environ.get("VAR_DIR") or PROJECT / "var").resolve(),
        database_url=_value_or_file("DATABASE_URL", environ),
        redis_url=_value_or_file("REDIS_URL", environ),
        web_workers=_number("WEB_WORKERS", 1, 64, environ),
        web_threads=_number("WEB_THREADS", 16, 256, environ),
    )


def refuse_taken_port(options: Options) -> None:
    """Bind the address for a moment. Raises LauncherError with the reason when that cannot be done."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            options.bind, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise LauncherError(f"BIND names no address of this machine: {options.bind!r}.") from None
    except PermissionError:
        raise LauncherError(
            f"Port {options.port} needs root; choose another one: PORT=8000 make run."
        ) from None
    except OSError as error:
        if error.errno in (98, 48):  # EADDRINUSE on Linux and on macOS
            raise LauncherError(
                f"Port {options.port} is taken by another program; choose another one: "
                f"PORT={options.port + 1 if options.port < 65535 else 8000} make run."
            ) from None
        raise LauncherError(f"Cannot listen on {options.gunicorn_bind}: {error.strerror}.") from None


def _number(name: str, default: int, at_most: int, environ: Mapping[str, str]) -> int:
    raw = environ.get(name) or str(default)
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= at_most:
        raise LauncherError(f"{name} must be a number from 1 to {at_most}, not {raw!r}.")
    return int(raw)


def _value_or_file(name: str, environ: Mapping[str, str]) -> str | None:
    path = environ.get(f"{name}_FILE")
    if environ.get(name) or not path:
        return environ.get(name) or None
    try:
        return Path(path).read_text().strip() or None
    except OSError as error:
        raise LauncherError(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from None
