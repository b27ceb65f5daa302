"""Stand-ins for Perspective and OpenAI Moderation on the loopback: real HTTP, the wire as it is, scores that are known.

The score of a text is a fixed function of it, so a test can say what must be stored. `way` switches how it answers.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD_KEY = "AIza-a-key-of-the-stub"
WAYS = ("good", "slow", "hang", "broken", "quota", "nonsense", "shapeless", "redirect", "refuse", "huge")
SLOW_SECONDS = 0.15


def score_of(text: str, name: str) -> float:
    """From 0 to 1, the same for the same text and attribute."""
    digest = hashlib.sha256(f"{name}:{text}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Stub:
    """`asked` is everything that came, in its order; `key` None: no key is asked for."""

    port: int = 0
    way: str = "good"
    key: str | None = GOOD_KEY
    retry_after: str = ""
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is what some tests are about."""


def answer_of(path: str, body: Any) -> tuple[int, dict[str, Any]]:
    """What either service answers to a good call."""
    if path.endswith("/v1alpha1/comments:analyze"):
        text = body["comment"]["text"]
        scores = {
            name: {
                "spanScores": [],
                "summaryScore": {"value": score_of(text, name), "type": "PROBABILITY"},
            }
            for name in body["requestedAttributes"]
        }
        return 200, {"attributeScores": scores, "languages": ["en"], "detectedLanguages": ["en"]}
    if path.endswith("/v1/moderations"):
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        names = ("harassment", "harassment/threatening", "hate", "violence")
        results = [
            {
                "flagged": False,
                "categories": dict.fromkeys(names, False),
                "category_scores": {name: score_of(text, name) for name in names} | {"illicit": None},
            }
            for text in texts
        ]
        return 200, {"id": "modr-stub", "model": body.get("model", "stub"), "results": results}
    return 404, {"error": {"code": 404, "message": "no such path", "status": "NOT_FOUND"}}


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            stub.asked.append(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, raw))
            if stub.way == "hang":
                stub.released.wait(30)
                self.close_connection = True
                return
            if stub.way == "slow":
                time.sleep(SLOW_SECONDS)
            self._say(*self._answer(raw))

        def _answer(self, raw: bytes) -> tuple[int, bytes, dict[str, str]]:
            sent = str(self.headers.get("X-Goog-Api-Key") or self.headers.get("Authorization") or "")
            if stub.key is not None and sent.removeprefix("Bearer ") != stub.key:
                details = [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
                error = {"code": 400, "message": f"API key {sent} not valid.", "details": details}
                return 400, json.dumps({"error": error}).encode(), {}
            match stub.way:
                case "broken":
                    return 500, b"<h1>500</h1>", {}
                case "quota":
                    after = {"Retry-After": stub.retry_after} if stub.retry_after else {}
                    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": raw.decode()}
                    return 429, json.dumps({"error": error}).encode(), after
                case "nonsense":
                    return 200, b"{not json", {}
                case "shapeless":
                    return 200, b'{"fine": true}', {}
                case "redirect":
                    return 302, b"", {"Location": f"http://127.0.0.1:{stub.port}/elsewhere"}
                case "refuse":
                    error = {"code": 400, "message": raw.decode(), "status": "INVALID_ARGUMENT"}
                    return 400, json.dumps({"error": error}).encode(), {}
                case "huge":
                    return 200, b'{"attributeScores": {}, "filler": "' + b"a" * 1_100_000 + b'"}', {}
            status, body = answer_of(self.path, json.loads(raw))
            return status, json.dumps(body).encode(), {}

        def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def serving(key: str | None = GOOD_KEY) -> Iterator[Stub]:
    """A service until the block ends."""
    stub = Stub(key=key)
    server = QuietServer(("127.0.0.1", 0), _handler(stub))
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
