"""Whoever lost its claim on a transfer changes nothing, even where the other one is no further yet."""

from typing import Any

import pytest

from classifier.models import Transfer
from classifier.tests.transfers.conftest import bring
from classifier.transfers.services import (
    TransferLost,
    transfer_claim,
    transfer_finish,
    transfer_give_back,
    transfer_progress,
    transfers_release,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]


def row(transfer: Transfer) -> Any:
    return Transfer.objects.filter(pk=transfer.pk).values().get()


@pytest.fixture
def lost() -> Transfer:
    """An import as the worker has it that lost it to another one, which is at the same place still."""
    transfer = bring("text\nhello\nthere\n")
    late = transfer_claim(transfer_id=transfer.pk, worker="one")
    assert late is not None
    Transfer.objects.filter(pk=transfer.pk).update(status="queued")
    taken = transfer_claim(transfer_id=transfer.pk, worker="two")
    assert taken is not None
    assert taken.position == late.position
    return late


def test_it_does_not_give_back_what_another_works_on(lost: Transfer) -> None:
    before = row(lost)
    transfer_give_back(transfer=lost)
    assert row(lost) == before


@pytest.mark.parametrize("failure", ["", "The disk said: no."])
def test_it_ends_nothing_and_is_told(lost: Transfer, failure: str) -> None:
    before = row(lost)
    with pytest.raises(TransferLost, match="has another worker, or was cancelled"):
        transfer_finish(transfer=lost, failure=failure)
    with pytest.raises(TransferLost, match="has another worker, or was cancelled"):
        transfer_progress(transfer=lost, done_rows=2, position=10)
    assert row(lost) == before


def test_what_a_killed_worker_had_waits_again_as_soon_as_it_starts(lost: Transfer) -> None:
    assert transfers_release(worker="one") == 0
    assert row(lost)["status"] == "running"
    assert transfers_release(worker="two") == 1
    assert row(lost)["status"] == "queued"
    assert transfer_claim(transfer_id=lost.pk, worker="two") is not None
