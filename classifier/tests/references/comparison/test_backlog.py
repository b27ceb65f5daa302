"""Questions of the backlog: whoever else asks is answered first, also in the middle of one."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from classifier.scoring import serve_requests as inbox
from classifier.scoring.request_channel import Question
from classifier.scoring.serving import Serving
from classifier.tests.builders import FakeScorer


def question(name: str, texts: list[str], *, backlog: bool) -> Question:
    payload = {"texts": texts, "explain": False, "parts": 0, "backlog": backlog}
    return Question(name, payload, time.monotonic() + 60)


def test_live_questions_come_first_and_break_in(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 1_500
    arriving = [
        [question("file", [f"{number} {long}" for number in range(4)], backlog=True)],
        [question("live", [f"live {long}" * 3], backlog=False)],
    ]
    answered: list[str] = []

    def take(limit: int, *, silence_bell: bool = False, of: Any = ()) -> list[Question]:
        return arriving.pop(0) if arriving else []

    monkeypatch.setattr(inbox, "take_questions", take)
    monkeypatch.setattr(inbox, "answer", lambda asked, payload: answered.append(asked.id))
    scorer = FakeScorer()
    version: Any = SimpleNamespace(pk=1, version="v-1", threshold=0.5, primary_label="toxic", languages=())
    assert inbox.serve_inbox(Serving.alone(scorer, version)) == 2
    assert answered == ["live", "file"]
    assert [len(call) for call in scorer.calls] == [1, 1, 1, 1, 1]  # small slices, one after the other
    assert [call[0][:4] for call in scorer.calls] == [
        f"0 {long}"[:4],
        "live",
        *(f"{n} xx" for n in (1, 2, 3)),
    ]
