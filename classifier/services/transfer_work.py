"""What a worker does with a transfer that it was told of."""

import logging
from collections.abc import Callable

from classifier.models import Transfer
from classifier.services.exporting import export_run
from classifier.services.import_run import import_run
from classifier.services.transfers import TransferLost, transfer_claim, transfer_finish

logger = logging.getLogger(__name__)


def transfer_work(*, transfer_id: int, leaving: Callable[[], bool] = lambda: False) -> None:
    """Claim the transfer and do it; nothing where another worker has it. What fails for an unknown reason says so."""
    transfer = transfer_claim(transfer_id=transfer_id)
    if transfer is None:
        return
    run = import_run if transfer.kind == Transfer.Kind.IMPORT else export_run
    try:
        run(transfer=transfer, leaving=leaving)
    except TransferLost:
        logger.info("%s was cancelled, or another worker goes on with it", transfer)
    except OSError as error:
        logger.exception("%s failed", transfer)
        reason = error.strerror or type(error).__name__
        transfer_finish(transfer=transfer, failure=f"The disk said: {reason}.")
