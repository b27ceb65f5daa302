"""One run in a process of its own: `python -m training.ml.job FOLDER` does what FOLDER/job.json says.

It trains (or goes on from the checkpoint), exports `artifact/`, measures it, and leaves `evaluation.json` and
`scores.npy`; where it is stands in `progress.jsonl`, why it failed in `error.json`. What is done already is not done
again, so that a killed job is simply started once more. On several devices it becomes `torchrun` of itself.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.ml.failures import failure
from training.ml.loop import Cancelled
from training.ml.reporting import FileListener, SilentRank, watch_parent

DONE, FAILED, STOPPED, NO_ROOM = 0, 2, 3, 4
PR_SET_PDEATHSIG = 1


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
        job = json.loads((folder / "job.json").read_text())
        if rank == 0:
            listener = FileListener(folder / "progress.jsonl", stop)
            with _alone(folder):
                (folder / "error.json").unlink(missing_ok=True)
                _train(job, folder, listener)
                _measure(job, folder, listener)
        else:
            _train(job, folder, SilentRank(stop))
    except Cancelled:
        return STOPPED
    except BaseException as error:
        return _tell(folder, error)
    return DONE


def launch(folder: Path, devices: int) -> None:
    """Become torchrun with one process for each device; its end comes with that of our parent."""
    tether()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={devices}"]
    os.execv(sys.executable, [*command, "-m", "training.ml.job", str(folder)])  # noqa: S606 (no shell is wanted)


def tether() -> None:
    """Ask the kernel for SIGTERM when the parent dies, where there is such a thing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def write_json(path: Path, value: Any) -> None:
    """Write a file whole or not at all."""
    aside = path.with_name(path.name + ".writing")
    aside.write_text(json.dumps(value))
    aside.rename(path)


def _train(job: dict[str, Any], folder: Path, listener: Any) -> None:
    """Run the recipe and export its artifact, as far as that is not done yet."""
    if not job.get("recipe") or (folder / "artifact" / "manifest.json").is_file():
        return
    from training.ml.recipes.registry import run_recipe

    if not _is_trained(folder):
        listener.phase_begins("loading")
        run_recipe(job["recipe"], job["config"], folder, listener)
    if isinstance(listener, FileListener):
        from training.ml.export import export_artifact

        asked = job["artifact"]
        given = {
            key: asked[name]
            for key, name in (("license_name", "license"), ("attribution", "attribution"))
            if asked.get(name)
        }
        export_artifact(folder, folder / "artifact", name=asked["name"], **given)


def _measure(job: dict[str, Any], folder: Path, listener: FileListener) -> None:
    if job.get("trial"):
        from training.ml.trial import measure_trial

        measure_trial(job, folder, listener)
    if job.get("evaluation") and not (folder / "evaluation.json").is_file():
        from training.ml.measuring import measure

        measure(job, folder, listener)


def _is_trained(folder: Path) -> bool:
    """Whether the recipe has ended: its card is whole, and it is written last."""
    try:
        return isinstance(json.loads((folder / "run.json").read_text()), dict)
    except (OSError, ValueError):
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; waits for a process of an earlier try to end."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell(folder: Path, error: BaseException) -> int:
    """Write what went wrong for people, and for the log where it happened; return the exit code."""
    told = failure(error)
    sys.stdout.write(_trace(error))
    try:
        write_json(folder / "error.json", asdict(told))
    except OSError:
        return NO_ROOM
    return FAILED


def _trace(error: BaseException) -> str:
    """Where `error` happened. Messages of value errors are left out: they may quote the text of a comment."""
    lines = traceback.format_tb(error.__traceback__)
    said = str(error) if isinstance(error, (RuntimeError, OSError, ImportError, AttributeError)) else ""
    return "".join(lines) + f"{type(error).__name__}: {said}\n"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    wanted = int(json.loads((place / "job.json").read_text()).get("devices", 1))
    if wanted > 1 and "RANK" not in os.environ:
        launch(place, wanted)
    if "RANK" not in os.environ:
        tether()
    sys.exit(main(place))
