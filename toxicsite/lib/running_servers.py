"""The embedded servers of a `make run` in another terminal, found by `manage.py` without variables."""

from pathlib import Path


def running_server(var_dir: Path, name: str, default: str) -> str:
    """The URL that the running launcher has left in `var/run/NAME`; `default` when nothing runs."""
    try:
        url = (var_dir / "run" / name).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return default
    return url if url.isprintable() and url else default  # a power cut may leave zeros
