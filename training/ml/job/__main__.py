"""One run in a process of its own: `python -m training.ml.job FOLDER` does what FOLDER/job.json says.

`training.ml.job.stages` lists what that is; how far it is stands in `progress.jsonl`, why it failed in `error.json`.
What is done already is not done again, so that a killed job is simply started once more. On several devices it starts
itself under `torchrun`, one process a device; they train together, and the first of them does the rest.
"""

import fcntl
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from toxicsite.lib.files import write_json
from training.ml.distributed import PeerFailed
from training.ml.job.failures import DONE, FAILED, NO_ROOM, STOPPED, failure, is_lost_peer
from training.ml.job.listener import FileListener, SilentRank, watch_parent
from training.ml.job.stage_names import ALL_DONE
from training.ml.job.stages import SHARED_STAGES, STAGES, Job, Stage
from training.ml.progress import Cancelled


def main(folder: Path) -> int:
    """Do the job in `folder` as this process's one task; return its exit code."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    watch_parent(stop)
    return do(folder, stop)


def do(folder: Path, stop: threading.Event) -> int:
    """Do the job in `folder`, or go on with it; return 0 done, 2 failed, 3 stopped on request, 4 the disk is full."""
    rank = int(os.environ.get("RANK", "0"))
    try:
        asked = json.loads((folder / "job.json").read_text())
        if rank == 0:
            job = Job(asked, folder, FileListener(folder / "progress.jsonl", stop))
            with _alone(folder):
                (folder / "error.json").unlink(missing_ok=True)
                _go_through(STAGES, job)
                job.listener.stage_begins(ALL_DONE, "done")
        else:
            _go_through(SHARED_STAGES, Job(asked, folder, SilentRank(stop)))
    except Cancelled:
        return STOPPED
    except PeerFailed:
        return FAILED
    except BaseException as error:
        return _tell(folder, error)
    return DONE


def launch(folder: Path, devices: int) -> int:
    """Run the job as torchrun, with one process for each device; return the exit code that they agree on.

    Torchrun passes SIGTERM on and waits until the processes have saved. Its own exit code says nothing about theirs.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as torchrun

    (folder / "error.json").unlink(missing_ok=True)
    try:
        torchrun(
            [
                *("--standalone", f"--nproc_per_node={devices}", "--local-addr=127.0.0.1"),
                *("-m", "training.ml.job", str(folder)),
            ]
        )
    except SignalException:
        return FAILED if (folder / "error.json").is_file() else STOPPED
    except ChildFailedError as error:
        if (folder / "error.json").is_file():
            return FAILED
        codes = {failed.exitcode for failed in error.failures.values()}
        if -signal.SIGKILL in codes:
            return 128 + signal.SIGKILL
        return next((code for code in (NO_ROOM, STOPPED) if code in codes), 1)
    return DONE


def _go_through(stages: Sequence[Stage], job: Job) -> None:
    for stage in stages:
        stage(job)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; waits for a process of an earlier try to end."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell(folder: Path, error: BaseException) -> int:
    """Write what went wrong for people, and for the log where it happened; return the exit code."""
    sys.stdout.write(_trace(error))
    if "RANK" in os.environ and (is_lost_peer(error) or (folder / "error.json").is_file()):
        return FAILED  # the process that failed first tells why, or its death does
    try:
        write_json(folder / "error.json", asdict(failure(error)))
    except OSError:
        return NO_ROOM
    return FAILED


def _trace(error: BaseException) -> str:
    """Return where `error` happened; messages of value errors are left out, as they may quote a comment."""
    lines = traceback.format_tb(error.__traceback__)
    message = str(error) if isinstance(error, (RuntimeError, OSError, ImportError, AttributeError)) else ""
    return "".join(lines) + f"{type(error).__name__}: {message}\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    devices = int(json.loads((folder / "job.json").read_text()).get("devices", 1))
    several = devices > 1 and "RANK" not in os.environ
    sys.exit(launch(folder, devices) if several else main(folder))
