"""Fetching over a real connection, from a server on this machine that has the layout of the real ones."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx2
import pytest

from training.ml.mixture import fetching
from training.ml.mixture.fetching import KNOWN_HASHES, Fetcher, FetchError, Hashes, file_digest
from training.ml.mixture.sources import BY_NAME
from training.tests.ml.mixture.small_copies import COPIES, addresses, write_mirror

FULL = "c0a9469f4895" + "0" * 28  # of the commit of which the catalogue knows 12 digits


CLIENT = httpx2.Client(follow_redirects=True)  # loading the certificates takes long; one is enough


class Server(ThreadingHTTPServer):
    """Answers GET with `files`; `failing` answers 503 so many times first, `asked` is what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.failing: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(path)
        if self.server.failing.get(path, 0) > 0:
            self.server.failing[path] -= 1
            self.send_error(503)
        elif path in self.server.redirects:
            self.send_response(302)
            self.send_header("Location", self.server.redirects[path])
            self.end_headers()
        elif path in self.server.files:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.files[path])))
            self.end_headers()
            self.wfile.write(self.server.files[path])
        else:
            self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetcher_for(server: Server, folder: Path, **options: object) -> Fetcher:
    fetcher = Fetcher(
        folder / "cache",
        Hashes.read(folder / "hashes.json"),
        raw=server.address,
        api=f"{server.address}/api",
        osf=f"{server.address}/osf",
        pause=0.01,
        **options,  # type: ignore[arg-type]
    )
    fetcher.__dict__["_client"] = CLIENT
    return fetcher


def serve(server: Server, name: str) -> None:
    contents, _ = COPIES[name]
    paths = [path for origin in BY_NAME[name].origins for path in origin.paths]
    for address, path in zip(addresses(name), paths, strict=True):
        content = contents[path]
        server.files[address] = content if isinstance(content, bytes) else content.encode()


def test_files_are_fetched_once_and_their_hashes_noted(server: Server, tmp_path: Path) -> None:
    serve(server, "gahd_de")
    fetcher = fetcher_for(server, tmp_path)
    files, digests = fetcher.files(BY_NAME["gahd_de"])
    assert files["gahd.csv"].read_text() == COPIES["gahd_de"][0]["gahd.csv"]
    assert files["gahd.csv"] == tmp_path / "cache" / "jagol/gahd@2a4e919d5208" / "gahd.csv"
    assert digests == {"jagol/gahd@2a4e919d5208/gahd.csv": file_digest(files["gahd.csv"])}
    fetcher.hashes.write()
    noted = json.loads((tmp_path / "hashes.json").read_text())
    assert noted["jagol/gahd@2a4e919d5208/gahd.csv"] == {
        "sha256": file_digest(files["gahd.csv"]),
        "bytes": files["gahd.csv"].stat().st_size,
    }
    fetcher_for(server, tmp_path).files(BY_NAME["gahd_de"])
    assert len(server.asked) == 1


def test_a_file_that_has_changed_is_refused_unless_that_is_accepted(server: Server, tmp_path: Path) -> None:
    serve(server, "gahd_de")
    (tmp_path / "hashes.json").write_text(
        json.dumps({"jagol/gahd@2a4e919d5208/gahd.csv": {"sha256": "0" * 64}})
    )
    with pytest.raises(FetchError, match=r"gahd.csv is not the file that it was.*--accept-changed"):
        fetcher_for(server, tmp_path).files(BY_NAME["gahd_de"])
    fetcher = fetcher_for(server, tmp_path, accept_changed=True)
    fetcher.files(BY_NAME["gahd_de"])
    fetcher.hashes.write()
    fetcher_for(server, tmp_path).files(BY_NAME["gahd_de"])  # it is the known one now


def test_a_server_that_fails_is_asked_again_and_what_is_here_is_kept(server: Server, tmp_path: Path) -> None:
    serve(server, "beep_ko")
    train, dev = addresses("beep_ko")
    server.failing = {train: 2, dev: 99}
    with pytest.raises(FetchError, match=r"answered 503.*tried 4 times.*already is kept"):
        fetcher_for(server, tmp_path).files(BY_NAME["beep_ko"])
    assert server.asked == [train] * 3 + [dev] * 4
    server.failing = {}
    fetcher_for(server, tmp_path).files(BY_NAME["beep_ko"])
    assert server.asked[7:] == [dev]
    assert not list(tmp_path.rglob("*.writing"))


def test_a_commit_of_12_digits_is_looked_up_where_the_server_wants_all(
    server: Server, tmp_path: Path
) -> None:
    serve(server, "convabuse_en")
    server.files = {path.replace("c0a9469f4895", FULL): content for path, content in server.files.items()}
    server.files["/api/repos/amandacurry/convabuse/commits/c0a9469f4895"] = FULL.encode()
    files, _ = fetcher_for(server, tmp_path).files(BY_NAME["convabuse_en"])
    assert len(list(BY_NAME["convabuse_en"].read(files))) == 4
    server.files["/api/repos/amandacurry/convabuse/commits/c0a9469f4895"] = b"{}"
    (tmp_path / "other").mkdir()
    with pytest.raises(FetchError, match="convabuse has no commit c0a9469f4895"):
        fetcher_for(server, tmp_path / "other").files(BY_NAME["convabuse_en"])


def test_a_file_that_is_gone_is_told_at_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"gahd.csv is not there \(404\)"):
        fetcher_for(server, tmp_path).files(BY_NAME["gahd_de"])
    assert len(server.asked) == 1


def test_osf_is_asked_where_its_files_lie(server: Server, tmp_path: Path) -> None:
    for name, content in COPIES["gab_hate_en"][0].items():
        server.files[f"/download/{name}"] = str(content).encode()
        server.redirects[f"/go/{name}"] = f"/download/{name}"
    listing = [
        {"attributes": {"name": name}, "links": {"download": f"{server.address}/go/{name}"}}
        for name in COPIES["gab_hate_en"][0]
    ]
    server.files["/osf/nodes/edua3/files/osfstorage/"] = json.dumps({"data": listing}).encode()
    files, _ = fetcher_for(server, tmp_path).files(BY_NAME["gab_hate_en"])
    assert len(list(BY_NAME["gab_hate_en"].read(files))) == 4
    server.files["/osf/nodes/edua3/files/osfstorage/"] = b'{"data": []}'
    with pytest.raises(
        FetchError, match=r"download it by hand and put it into a mirror as osf/edua3/ghc_train.tsv"
    ):
        fetcher_for(server, tmp_path / "other").files(BY_NAME["gab_hate_en"])


def test_a_file_that_is_too_large_is_cut_off(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, "gahd_de")
    server.files[addresses("gahd_de")[0]] *= 10_000
    monkeypatch.setattr(fetching, "MOST_BYTES", 200_000)
    with pytest.raises(FetchError, match="is larger than 200,000 bytes"):
        fetcher_for(server, tmp_path).files(BY_NAME["gahd_de"])
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_mirror_is_asked_before_the_web_and_offline_nothing_is_fetched(
    server: Server, tmp_path: Path
) -> None:
    mirror = write_mirror(tmp_path / "mirror", "implicit_hate_en")
    options = {"mirror": mirror, "offline": True}
    fetcher_for(server, tmp_path, **options).files(BY_NAME["implicit_hate_en"])
    with pytest.raises(FetchError, match=r"gahd.csv is not in .*cache nor in .*mirror; --offline"):
        fetcher_for(server, tmp_path, **options).files(BY_NAME["gahd_de"])
    assert server.asked == []


def test_the_known_hashes_are_of_files_in_the_catalogue() -> None:
    names = {f"{o.folder}/{path}" for source in BY_NAME.values() for o in source.origins for path in o.paths}
    known = Hashes.read(KNOWN_HASHES).known
    assert set(known) <= names
    assert all(len(entry["sha256"]) == 64 for entry in known.values())


def test_hashes_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "hashes.json").write_text("{")
    with pytest.raises(FetchError, match="is not JSON"):
        Hashes.read(tmp_path / "hashes.json")
    (tmp_path / "hashes.json").write_text("[]")
    with pytest.raises(FetchError, match="does not hold hashes by file"):
        Hashes.read(tmp_path / "hashes.json")
