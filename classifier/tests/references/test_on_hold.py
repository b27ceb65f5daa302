"""While sending is on hold, no reference service is asked: ours goes out, and observed calls wait."""

from typing import Any

from classifier.core.outgoing import outgoing_resume, outgoing_stop
from classifier.models import ReferenceCall, ReferenceService
from classifier.tests.dialects.conftest import ANALYZE, Sender
from classifier.tests.references.conftest import ANALYZE_BODY, Turns, let
from classifier.tests.references.stub import Stub


def test_a_followed_call_is_answered_here_and_the_service_hears_nothing(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "follow", service)
    outgoing_stop(reason="restored", by=None)
    answer = sender.post(ANALYZE, ANALYZE_BODY)
    assert answer.status_code == 200
    assert answer.headers["Toxicsite-Answered-By"] == "own; reason=paused"
    assert stub.asked == []
    turns()
    call = ReferenceCall.objects.get()
    assert (call.failure, call.theirs) == ("paused", {})
    assert "manage.py sending resume" in call.failure_detail
    outgoing_resume(by=None)
    assert sender.post(ANALYZE, ANALYZE_BODY).headers["Toxicsite-Answered-By"] == "reference"


def test_an_observed_call_waits_until_sending_is_resumed(
    sender: Sender, asked: Any, service: ReferenceService, stub: Stub, turns: Turns
) -> None:
    let(sender, "observe", service)
    outgoing_stop(reason="restored", by=None)
    sender.post(ANALYZE, ANALYZE_BODY)
    turns()
    assert stub.asked == []
    assert not ReferenceCall.objects.exists()
    outgoing_resume(by=None)
    turns()
    assert len(stub.asked) == 1
    assert ReferenceCall.objects.get().failure == ""
