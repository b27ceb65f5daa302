"""Health checks for containers, without curl: `python -m toxicsite.launcher.probe healthz | readyz | worker`."""

import http.client
import os
import socket
import sys
from collections.abc import Sequence

from toxicsite.launcher.environment import read_options


def main(arguments: Sequence[str]) -> int:
    """Return exit code 0 when the named part is healthy, else 1 after a line that says why not."""
    what = arguments[0] if arguments else "healthz"
    why = _worker() if what == "worker" else _page(what)
    if why:
        sys.stderr.write(f"{why}\n")
    return 1 if why else 0


def _page(name: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", read_options().port, timeout=4)
    try:
        connection.request("GET", f"/{name}")
        response = connection.getresponse()
        return "" if response.status == 200 else response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    finally:
        connection.close()


def _worker() -> str:
    """Return whether the classification worker of this very container has shown a sign of life."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")
    import django

    django.setup()
    from classifier.scoring.heartbeat import workers

    here = socket.gethostname()
    # A worker without a model is alive: a restart would not give it one, and /readyz tells.
    if any(here in status.name for status in workers()):
        return ""
    return f"no sign of life of a classification worker on {here}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
