"""A flood of sign-in attempts hashes one password at a time, and who is refused for that was not counted."""

import fcntl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.accounts import password_turn
from classifier.models import User
from toxicsite.lib.broker import client as redis_client

ATTEMPTS = 24


def test_of_many_attempts_one_hashes_at_a_time_and_the_rest_wait_or_are_refused() -> None:
    at_once: list[int] = []
    answers: list[bool] = []
    inside = 0
    ready = threading.Barrier(ATTEMPTS)

    def attempt() -> None:
        nonlocal inside
        ready.wait()
        with password_turn.password_turn() as is_mine:
            answers.append(is_mine)
            if is_mine:
                inside += 1
                at_once.append(inside)
                time.sleep(0.05)
                inside -= 1

    threads = [threading.Thread(target=attempt) for _ in range(ATTEMPTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(at_once) == 1
    assert password_turn.QUEUE <= answers.count(True) < ATTEMPTS
    assert len(answers) == ATTEMPTS


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_clean")
def test_who_finds_another_process_hashing_is_told_and_not_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user("owner", password="a-password-that-holds")
    monkeypatch.setattr(password_turn, "WAIT_SECONDS", 0.1)
    form = {"username": "owner", "password": "a-password-that-holds"}
    with password_turn.lock_file().open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        before = set(redis_client().keys("*"))
        answer = client.post("/sign-in/", form)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        page = answer.content.decode()
        assert "Many people are signing in at this moment" in page
        assert 'value="owner"' in page
        assert set(redis_client().keys("*")) == before
    assert client.post("/sign-in/", form).status_code == 302


@pytest.mark.django_db
def test_a_folder_that_takes_no_file_keeps_nobody_out(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "nowhere"
    with password_turn.password_turn() as is_mine:
        assert is_mine
