"""Bounded load on loopback: comments, synchronous scores, decisions, uploads, and a receiver of webhooks."""

import contextlib
import http.server
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from chaos.ledger import SOURCE, Ledger
from chaos.site import Site, Unanswered

WORDS = (
    "kind",
    "quiet",
    "stupid",
    "garden",
    "idiot",
    "thanks",
    "nobody",
    "asked",
    "lovely",
    "rain",
    "shut",
    "up",
)
SENDERS = 2
COMMENT_PAUSE, SCORE_PAUSE, DECISION_PAUSE, UPLOAD_PAUSE = 0.4, 1.0, 1.5, 15.0
REPEAT_SECONDS, REPEAT_PAUSE = 60.0, 0.5
UPLOADED_ROWS = 25


class Load:
    """The threads that send; each repeats what was not answered until it is, so that every loss is the site's."""

    def __init__(self, site: Site, ledger: Ledger, seed: int) -> None:
        self.site, self.ledger, self.stopped = site, ledger, threading.Event()
        self.seed = seed
        work = [*[(self.submit, COMMENT_PAUSE)] * SENDERS, (self.score, SCORE_PAUSE)]
        work += [(self.decide, DECISION_PAUSE), (self.upload, UPLOAD_PAUSE)]
        self.threads = [
            threading.Thread(target=self._for_ever, args=(verb, pause, seed + number), daemon=True)
            for number, (verb, pause) in enumerate(work)
        ]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(REPEAT_SECONDS + 30)

    def _for_ever(self, verb: Callable[[random.Random], object], pause: float, seed: int) -> None:
        rng = random.Random(seed)
        while not self.stopped.wait(pause * rng.uniform(0.5, 1.5)):
            verb(rng)

    def submit(self, rng: random.Random) -> int | None:
        """Send one comment until it is accepted; return its id, or None where it never was."""
        external_id = uuid.UUID(int=rng.getrandbits(128)).hex
        body = {"text": text(rng), "source": SOURCE, "external_id": external_id}
        self.ledger.count(self.ledger.sent, "comments")
        answer = self._until_accepted("comments", "/api/v1/comments/", body)
        if answer is None:
            return None
        self.ledger.comment_accepted(external_id, answer["id"])
        return int(answer["id"])

    def burst(self, number: int) -> None:
        """Send many comments in one call, once."""
        rng = random.Random()
        items = [{"text": text(rng), "external_id": uuid.uuid4().hex} for _ in range(number)]
        self.ledger.count(self.ledger.sent, "comments", number)
        answer = self._until_accepted("comments", "/api/v1/comments/", {"source": SOURCE, "items": items})
        for sent, item in zip(items, answer["items"] if answer else [], strict=False):
            if "id" in item:
                self.ledger.comment_accepted(sent["external_id"], item["id"])

    def score(self, rng: random.Random) -> None:
        self.ledger.count(self.ledger.sent, "scores")
        try:
            status, _ = self.site.call("POST", "/api/v1/score/", {"text": text(rng)})
        except Unanswered:
            status = 0
        if status == 200:
            self.ledger.count(self.ledger.accepted, "scores")
        else:
            self.ledger.refuse("scores", status)

    def decide(self, rng: random.Random) -> None:
        """Decide about a comment that was accepted before; under one key, however often it has to be sent."""
        with self.ledger.lock:
            known = list(self.ledger.comments.values())
        if not known:
            return
        comment, note = rng.choice(known), uuid.UUID(int=rng.getrandbits(128)).hex
        path = f"/api/v1/comments/{comment}/decisions/"
        try:
            status, listed = self.site.call("GET", path)
        except Unanswered:
            return
        if status != 200:
            return
        body: dict[str, Any] = {"action": rng.choice(["approve", "remove"]), "note": note}
        if listed["items"]:
            body["seen_decision"] = listed["items"][0]["id"]
        self.ledger.count(self.ledger.sent, "decisions")
        answer = self._until_accepted("decisions", path, body, {"Idempotency-Key": note})
        if answer is not None:
            self.ledger.decision_accepted(note, answer["id"])

    def upload(self, rng: random.Random) -> None:
        """Send a file once: an upload has no name under which it could be repeated without doubling it."""
        ids = [uuid.UUID(int=rng.getrandbits(128)).hex for _ in range(UPLOADED_ROWS)]
        rows = "".join(f"{external_id},{text(rng)}\n" for external_id in ids)
        self.ledger.count(self.ledger.sent, "uploaded rows", len(ids))
        headers = {"Content-Type": "text/csv"}
        body = f"external_id,text\n{rows}".encode()
        try:
            status, answer = self.site.call(
                "POST", f"/api/v1/imports/?source={SOURCE}&name=chaos.csv", body, headers=headers
            )
        except Unanswered:
            status, answer = 0, None
        if status == 202:
            self.ledger.upload_accepted(answer["id"], ids)
        else:
            self.ledger.refuse("uploaded rows", status, len(ids))

    def _until_accepted(
        self, kind: str, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        end = time.monotonic() + REPEAT_SECONDS
        while time.monotonic() < end:
            try:
                status, answer = self.site.call("POST", path, body, headers=headers)
            except Unanswered:
                status, answer = 0, None
            if status in (200, 201, 202):
                return dict(answer)
            self.ledger.refuse(kind, status)
            if 400 <= status < 500 and status != 429:
                return None  # a conflict stays one
            time.sleep(REPEAT_PAUSE)
        return None


def text(rng: random.Random) -> str:
    """Make a comment of a few words; no two are alike."""
    return f"{' '.join(rng.choices(WORDS, k=rng.randint(3, 40)))} {rng.getrandbits(40)}"


@contextlib.contextmanager
def receiver(ledger: Ledger, port: int) -> Iterator[str]:
    """Receive webhooks on loopback and note the id of each message; yield the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            ledger.message_received(self.headers.get("webhook-id") or "")
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/hook"
    finally:
        server.shutdown()
        server.server_close()
