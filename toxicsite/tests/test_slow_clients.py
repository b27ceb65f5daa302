"""A real gunicorn and raw sockets: slow clients and huge bodies are refused and hold up nobody."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from toxicsite.launcher.buffered_socket import BufferedSocket, ReadState
from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.ports import free_port
from toxicsite.tests.waiting import wait_until

THREADS = 4
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
MANY = 25
HEAD_SECONDS = 2.0  # of impatient_gunicorn: a request that waited for a slow client would take as long


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gunicorn") / "log"


@pytest.fixture(scope="module")
def port(log: Path) -> Iterator[int]:
    number = free_port()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:toxicsite.tests.impatient_gunicorn"],
            env={**os.environ, "PORT": str(number), "BIND": "127.0.0.1", "LOG_FORMAT": "json"},
            cwd=PROJECT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        give_up = time.monotonic() + 30
        while not _answers(number):
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.1)
        yield number
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert "secret-words" not in log.read_text()


def _answers(number: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", number), timeout=1) as connection:
            connection.sendall(GET)
            return b" 200 " in connection.recv(100)
    except OSError:
        return False


def opened(number: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", number), timeout=10)
    connection.sendall(data)
    return connection


def answer(connection: socket.socket) -> bytes:
    """Return everything that the server sends until it closes."""
    found = b""
    with connection:
        try:
            while data := connection.recv(65_536):
                found += data
        except ConnectionResetError:
            pass
    return found


def seconds_of_a_good_request(number: int) -> float:
    began = time.monotonic()
    assert b" 200 " in answer(opened(number, GET))
    return time.monotonic() - began


HEAD = b"POST /api/v1/score/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /?q=secret-words HTTP/1.1\r\nHost: loc", HEAD + b"Content-Length: 900\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)
def test_many_slow_clients_hold_up_nobody_and_are_cut_off(port: int, begun: bytes) -> None:
    slow = [opened(port, begun) for _ in range(MANY)]
    assert seconds_of_a_good_request(port) < HEAD_SECONDS
    said = [answer(connection) for connection in slow]
    assert all(text == b"" or text.startswith(b"HTTP/1.1 408 ") for text in said)
    assert all(bool(text) == bool(begun) for text in said)


def test_a_drip_of_header_bytes_ends_though_it_never_pauses(port: int) -> None:
    connection = opened(port, b"GET / HTTP/1.1\r\n")
    began = time.monotonic()
    try:
        while time.monotonic() - began < 20:
            connection.sendall(b"X-A: b\r\n")
            time.sleep(0.1)
    except OSError:
        pass
    assert time.monotonic() - began < 12
    connection.close()


def test_slow_large_bodies_take_half_of_the_threads_at_most(port: int) -> None:
    head = b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nCookie: csrftoken=abcdefghijklmnopqrstuvwxyz123456\r\n"
    form = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 90000000\r\n\r\n--x\r\n"
    slow = [opened(port, head + form) for _ in range(MANY)]
    assert seconds_of_a_good_request(port) < HEAD_SECONDS
    assert sum(b" 503 " in answer(connection)[:20] for connection in slow[THREADS // 2 :]) > 0
    for connection in slow[: THREADS // 2]:
        connection.close()
    wait_until(
        lambda: (
            not answer(opened(port, HEAD + b"Content-Length: 104857600\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
        )
    )


def test_100_megabytes_are_refused_before_they_come(port: int) -> None:
    said = answer(opened(port, HEAD + b"Content-Length: 104857600\r\n\r\n" + b"x" * 200_000))
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in said
    assert seconds_of_a_good_request(port) < HEAD_SECONDS


def test_100_megabytes_in_chunks_end_at_the_limit(port: int) -> None:
    connection = opened(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    sent = 0
    try:
        for _ in range(100):
            connection.sendall(chunk)
            sent += len(chunk)
    except OSError:
        pass
    assert sent < 60_000_000
    assert answer(connection).startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 413 ")) or sent < 60_000_000
    assert seconds_of_a_good_request(port) < HEAD_SECONDS


@pytest.mark.parametrize(
    "chunks", [b"ZZ\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"500\r\nhello"]
)
def test_chunks_that_cannot_be_read_are_a_bad_request(port: int, chunks: bytes) -> None:
    connection = opened(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    connection.shutdown(socket.SHUT_WR)
    said = answer(connection)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in said


def test_a_body_that_ends_early_is_not_taken_for_all_of_it() -> None:
    ours, theirs = socket.socketpair()
    with theirs, BufferedSocket.of(ours) as arriving:
        theirs.sendall(HEAD + b"Content-Length: 2000000\r\n\r\n" + b"x" * 100_000)
        theirs.close()
        while arriving.collect() is ReadState.NOT_YET:
            pass
        arriving.setblocking(True)
        with pytest.raises(ConnectionResetError, match="ended early"):
            list(iter(lambda: arriving.recv(65_536), b""))


def test_a_head_without_end_is_refused(port: int) -> None:
    connection = opened(port, b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 10_000)
    assert answer(connection).startswith(b"HTTP/1.1 431 ")


def test_requests_that_come_together_are_answered_in_order_on_one_connection(port: int) -> None:
    kept = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert answer(opened(port, kept * 3 + GET)).count(b" 200 OK") == 4


def test_a_body_that_nobody_read_does_not_cost_the_next_request_its_answer(port: int) -> None:
    body = b"x" * 500_000
    refused = HEAD + b"Content-Length: 500000\r\n\r\n" + body
    said = answer(opened(port, refused * 2 + GET))
    assert (said.count(b"HTTP/1.1 401 "), said.count(b"HTTP/1.1 200 ")) == (2, 1)


def test_the_answer_to_a_large_body_says_that_the_connection_ends(port: int) -> None:
    said = answer(opened(port, HEAD + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000))
    assert said.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in said.lower()


def test_a_request_in_pieces_is_answered(port: int) -> None:
    connection = opened(port, GET[:20])
    time.sleep(0.2)
    connection.sendall(GET[20:])
    assert b" 200 " in answer(connection)


def test_the_access_log_has_the_requests_id_and_no_query(port: int, log: Path) -> None:
    head = b"GET /healthz?q=secret-words&key=tox_secret HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: order-4711\r\n"
    answer(opened(port, head + b"Connection: close\r\n\r\n"))
    wait_until(lambda: "order-4711" in log.read_text())
    (line,) = [line for line in log.read_text().splitlines() if "order-4711" in line]
    fields = json.loads(line)
    assert (fields["method"], fields["path"], fields["status"]) == ("GET", "/healthz", 200)
    assert fields["seconds"] < 5
    assert "secret" not in line
