"""The checkpoint of a training: its whole state in a folder that is replaced as a whole, and going on from it."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from toxicsite.lib.files import replace_folder
from training.ml.distributed import Ranks


@dataclass
class Tally:
    """Rows, tokens and seconds of a part of a training, and the mean losses that it came to."""

    rows: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)

    def followed_by(self, later: "Tally") -> "Tally":
        """Return the tally of both parts together; the losses are the later ones."""
        return Tally(
            self.rows + later.rows,
            self.tokens + later.tokens,
            self.seconds + later.seconds,
            dict(later.losses),
        )


def save(accelerator: Any, ranks: Ranks, folder: Path, step: int, tally: Tally) -> None:
    """Write the whole training state beside `folder`, then swap it in; the ranks add their random states."""
    aside = folder.with_name(folder.name + ".writing")

    def prepare() -> None:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)

    def swap() -> None:
        state = {"step": step, "devices": ranks.count, **asdict(tally)}
        (aside / "step.json").write_text(json.dumps(state))
        replace_folder(aside, folder)

    ranks.main_does(prepare)
    ranks.together(lambda: accelerator.save_state(str(aside)))
    ranks.main_does(swap)


def resume(accelerator: Any, ranks: Ranks, folder: Path, scheduler: Any) -> tuple[int, Tally]:
    """Load the checkpoint in `folder`, or the one that a kill left in the middle of the swap.

    Returns the step to go on at, 0 where there is no checkpoint, and the tally up to there. A checkpoint of another
    number of devices is gone on from at the step before which no row is left out.
    """
    for candidate in (folder, folder.with_name(folder.name + ".old")):
        if not (candidate / "step.json").is_file():
            continue
        state = json.loads((candidate / "step.json").read_text())
        ranks.together(partial(accelerator.load_state, str(candidate)))
        tally = Tally(
            int(state["rows"]),
            int(state["tokens"]),
            float(state["seconds"]),
            {name: float(value) for name, value in state.get("losses", {}).items()},
        )
        step, devices = int(state["step"]), int(state.get("devices", 1))
        if devices != ranks.count:
            step = step * devices // ranks.count
            scheduler.scheduler.last_epoch = step - 1
            scheduler.scheduler.step()
        return step, tally
    return 0, Tally()
