"""Run a transfer in a worker."""

import logging
from collections.abc import Callable

from classifier.models import Transfer
from classifier.transfers.comparison_run import comparison_run
from classifier.transfers.exports import export_run
from classifier.transfers.import_run import import_run
from classifier.transfers.rescoring import rescore_run
from classifier.transfers.services import TransferLost, TransferNotPossible, transfer_claim, transfer_finish
from toxicsite.lib.storage_errors import is_disk_full

RUNS: dict[str, Callable[..., None]] = {
    Transfer.Kind.IMPORT: import_run,
    Transfer.Kind.EXPORT: export_run,
    Transfer.Kind.RESCORE: rescore_run,
    Transfer.Kind.COMPARE: comparison_run,
}
logger = logging.getLogger(__name__)


def transfer_work(
    *, transfer_id: int, shutdown_requested: Callable[[], bool] = lambda: False, worker: str = ""
) -> None:
    """Claim the transfer and run it, unless another worker has it; disk errors end it with a reason."""
    transfer = transfer_claim(transfer_id=transfer_id, worker=worker)
    if transfer is None:
        return
    run = RUNS[transfer.kind]
    try:
        run(transfer=transfer, shutdown_requested=shutdown_requested)
    except TransferLost:
        logger.info("%s was cancelled, or another worker goes on with it", transfer)
    except TransferNotPossible as error:
        transfer_finish(transfer=transfer, failure=str(error))
    except OSError as error:
        if transfer.kind == Transfer.Kind.IMPORT and is_disk_full(error):
            logger.exception("%s waits for room on the disk", transfer)
            return  # its claim expires, and the sweep then wakes another worker
        logger.exception("%s failed", transfer)
        reason = error.strerror or type(error).__name__
        transfer_finish(transfer=transfer, failure=f"The disk said: {reason}.")
