"""Fetching the files of the public sets: from a cache, a local mirror or the web, each held against its known hash.

A cache and a mirror have one layout, OWNER/NAME@COMMIT/PATH with the first 12 digits of the commit, so that a folder of
one run can be the mirror of the next, on a machine without a network. Files that are there are not fetched again; a
download is bounded in bytes and time, tried again when the server fails, and takes its name only when it is whole.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from toxicsite.lib.files import replacing, write_text
from training.ml.mixture.reading import MOST_BYTES, Files
from training.ml.mixture.sources import Repository, Source, Web

Result = TypeVar("Result")

KNOWN_HASHES = Path(__file__).with_name("hashes.json")
RAW = "https://raw.githubusercontent.com"
API = "https://api.github.com"
OSF = "https://api.osf.io/v2"
TIMEOUT = httpx2.Timeout(60.0, connect=20.0)
LONGEST = 600.0  # seconds for one file
TRIES = 4
PAUSE = 2.0  # seconds before the second try, doubled for each further one
CHUNK = 1 << 16
WORTH_TRYING_AGAIN = {408, 425, 429, 500, 502, 503, 504}
FULL_COMMIT = 40


class FetchError(OSError):
    """A file of a source cannot be had, or is another one than it was; the message names it and says what to do."""


@dataclass
class Hashes:
    """SHA-256 and size of each file, by OWNER/NAME@COMMIT/PATH, kept in a JSON file beside this module."""

    path: Path = KNOWN_HASHES
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def read(cls, path: Path) -> "Hashes":
        """Read the file; empty where there is none. Raises FetchError when it is not what this module wrote."""
        try:
            known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        except ValueError as error:
            raise FetchError(f"{path} is not JSON ({error}); mend or delete it.") from error
        if not isinstance(known, dict) or not all(isinstance(entry, dict) for entry in known.values()):
            raise FetchError(f"{path} does not hold hashes by file; mend or delete it.")
        return cls(path, known)

    def check(self, name: str, path: Path, *, accept_changed: bool) -> str:
        """Hold a file against its known hash, or note the hash of a new one. Returns it. Raises FetchError."""
        entry: dict[str, Any] = {"sha256": file_digest(path), "bytes": path.stat().st_size}
        before = self.known.get(name)
        if before is not None and before.get("sha256") != entry["sha256"] and not accept_changed:
            raise FetchError(
                f"{name} is not the file that it was: sha256 {entry['sha256'][:16]}… instead of "
                f"{str(before.get('sha256'))[:16]}…. Look at what has changed; to go on with it, say --accept-changed. "
                f"The file lies in {path}."
            )
        if before != entry:
            self.known[name] = entry
            self.changed = True
        return str(entry["sha256"])

    def write(self) -> None:
        """Write the file, where anything is new in it."""
        if self.changed:
            write_text(self.path, json.dumps(self.known, indent=1, sort_keys=True) + "\n")
            self.changed = False


@dataclass
class Fetcher:
    """Gets files into `cache`. `mirror` is a folder that is asked before the web; `offline` asks nothing else.

    `raw`, `api` and `osf` are the addresses of the services, others in tests. `report` gets a line for each download.
    """

    cache: Path
    hashes: Hashes
    mirror: Path | None = None
    offline: bool = False
    accept_changed: bool = False
    raw: str = RAW
    api: str = API
    osf: str = OSF
    pause: float = PAUSE
    report: Callable[[str], None] = lambda line: None

    def files(self, source: Source) -> tuple[Files, dict[str, str]]:
        """Return the files of a source, fetched where they are not here, and the hash of each. Raises FetchError."""
        paths: dict[str, Path] = {}
        digests: dict[str, str] = {}
        for origin in source.origins:
            for path in origin.paths:
                name = f"{origin.folder}/{path}"
                paths[path] = self._fetched(origin, path)
                digests[name] = self.hashes.check(name, paths[path], accept_changed=self.accept_changed)
        return Files(paths), digests

    def _fetched(self, origin: Repository | Web, path: str) -> Path:
        target = self.cache / origin.folder / path
        if target.is_file():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        for folder in self._mirror_folders(origin):
            if (folder / path).is_file():
                with replacing(target) as aside:
                    shutil.copyfile(folder / path, aside)
                return target
        if self.offline:
            where = f" nor in {self.mirror}" if self.mirror else ""
            raise FetchError(
                f"{origin.folder}/{path} is not in {self.cache}{where}; --offline fetches nothing."
            )
        self.report(f"fetching {origin.folder}/{path}")
        self._download(origin, path, target)
        return target

    def _mirror_folders(self, origin: Repository | Web) -> Iterator[Path]:
        if self.mirror is not None:
            yield self.mirror / origin.folder
            if isinstance(origin, Repository):
                yield self.mirror / f"{origin.name}@{origin.commit}"

    def _download(self, origin: Repository | Web, path: str, target: Path) -> None:
        if isinstance(origin, Web):
            address = dict(origin.addresses)[path]
            if address.startswith("osf:"):
                address = self._osf_address(address.removeprefix("osf:"))
            self._get(address, target)
            return
        address = f"{self.raw}/{origin.name}/{{}}/{path}"
        try:
            self._get(address.format(origin.commit), target)
        except _NotThere:
            if not _is_short(origin.commit):
                raise
            self._get(address.format(self._full_commit(origin)), target)

    def _full_commit(self, origin: Repository) -> str:
        """Return the whole id of a commit of which 12 digits are known: not every server takes those."""
        address = f"{self.api}/repos/{origin.name}/commits/{origin.commit}"
        answer = self._text(address, accept="application/vnd.github.sha").strip()
        if len(answer) != FULL_COMMIT or not answer.startswith(origin.commit):
            raise FetchError(f"{origin.name} has no commit {origin.commit}.")
        return answer

    def _osf_address(self, wanted: str) -> str:
        """Return where the Open Science Framework keeps a file of a node, asked for by name."""
        node, name = wanted.split("/", 1)
        address = f"{self.osf}/nodes/{node}/files/osfstorage/?filter[name]={name}"
        try:
            entries = json.loads(self._text(address))["data"]
            return next(
                str(entry["links"]["download"]) for entry in entries if entry["attributes"]["name"] == name
            )
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise FetchError(
                f"{name} is not found at osf.io/{node}; download it by hand and put it into a mirror as "
                f"osf/{node}/{name}."
            ) from error

    @cached_property
    def _client(self) -> httpx2.Client:
        headers = {"User-Agent": "toxicsite build-mixture"}
        return httpx2.Client(timeout=TIMEOUT, follow_redirects=True, headers=headers)

    def close(self) -> None:
        """Close the connections that fetching has opened."""
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    def _text(self, address: str, *, accept: str = "application/json") -> str:
        def read(response: httpx2.Response) -> str:
            return b"".join(_bounded(response, address, CHUNK * 64)).decode("utf-8", "replace")

        return self._tried(address, {"Accept": accept}, read)

    def _get(self, address: str, target: Path) -> None:
        def save(response: httpx2.Response) -> None:
            with replacing(target) as aside, aside.open("wb") as file:
                for chunk in _bounded(response, address, MOST_BYTES):
                    file.write(chunk)

        self._tried(address, {}, save)

    def _tried(
        self,
        address: str,
        headers: dict[str, str],
        use: Callable[[httpx2.Response], Result],
    ) -> Result:
        """Ask until there is an answer that `use` takes, TRIES times at most. Raises FetchError."""
        problem = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            try:
                with self._client.stream("GET", address, headers=headers) as response:
                    if response.status_code == 404:
                        raise _NotThere(f"{address} is not there (404); the commit or the file may be gone.")
                    if response.status_code in WORTH_TRYING_AGAIN:
                        problem = f"the server answered {response.status_code}"
                        continue
                    if response.status_code != 200:
                        raise FetchError(f"{address}: the server answered {response.status_code}.")
                    return use(response)
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                problem = f"{type(error).__name__}: {error}"
        raise FetchError(
            f"{address} cannot be fetched ({problem}), tried {TRIES} times. Try again later, what is here "
            "already is kept; or bring the files in a folder (--mirror)."
        )


class _NotThere(FetchError):
    """The server has no such file."""


def _is_short(commit: str) -> bool:
    return len(commit) < FULL_COMMIT and all(digit in "0123456789abcdef" for digit in commit)


def _bounded(response: httpx2.Response, address: str, most: int) -> Iterator[bytes]:
    """Yield the body, as long as it is neither too large nor too slow. Raises FetchError."""
    begin, got = time.monotonic(), 0
    for chunk in response.iter_bytes(CHUNK):
        got += len(chunk)
        if got > most:
            raise FetchError(f"{address} is larger than {most:,} bytes; it is not what it was.")
        if time.monotonic() - begin > LONGEST:
            raise FetchError(f"{address} takes longer than {LONGEST:,.0f} s.")
        yield chunk


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
