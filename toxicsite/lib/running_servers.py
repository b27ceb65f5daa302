"""The embedded servers of a `make run` in another terminal, found by `manage.py` without variables."""

from pathlib import Path


def running_server(var_dir: Path, name: str, default: str) -> str:
    """The URL that the running launcher has left in `var/run/NAME`; `default` when nothing runs."""
    try:
        return (var_dir / "run" / name).read_text().strip() or default
    except OSError:
        return default
