"""The processes ("ranks") of one run on several devices: who writes, who waits, and how they agree.

Every rank runs the same recipe. What costs is shared out: the batches of a step, the rows of a prediction. What is
written, chosen or calibrated is done by the main rank alone, and the others get its result. Stops and failures are
agreed on before anybody goes on, so that no rank waits for one that left. Alone, all of this costs nothing.

The agreements go over a group of their own on the processor (gloo), with patience for what the main rank does alone;
a rank that dies closes its connections, which ends the wait of the others at once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from training.ml.progress import Cancelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")
PATIENCE = timedelta(hours=6)  # the longest that the main rank may do something alone
FINE, STOPPED, FAILED = 0, 1, 2


class PeerFailed(RuntimeError):
    """Another rank of the run failed, and tells why by itself."""


@dataclass(frozen=True)
class Ranks:
    """This process's place among `count`; `group` is the torch process group of the agreements, None when alone."""

    rank: int = 0
    count: int = 1
    group: Any = None

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def gathered(self, values: Sequence[float]) -> "NDArray[np.float64]":
        """Return the values of all ranks [count, len(values)], the same on each."""
        if self.group is None:
            return np.asarray([values], dtype=np.float64)
        import torch
        import torch.distributed as dist

        mine = torch.tensor(list(values), dtype=torch.float64)
        gathered = [torch.zeros_like(mine) for _ in range(self.count)]
        dist.all_gather(gathered, mine, group=self.group)
        return cast("NDArray[np.float64]", torch.stack(gathered).numpy())

    def summed(self, values: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Return the sum over the ranks, the same on each."""
        if self.group is None:
            return values
        import torch
        import torch.distributed as dist

        total = torch.from_numpy(np.ascontiguousarray(values))
        dist.all_reduce(total, group=self.group)
        return cast("NDArray[np.float32]", total.numpy())

    def together(self, function: Callable[[], T]) -> T:
        """Do `function` on every rank; where one of them stops or fails, all do. No agreements inside `function`.

        Raises what `function` raised here, else Cancelled or PeerFailed for another rank.
        """
        if self.group is None:
            return function()
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function()
        except Exception as raised:
            error = raised
        mine = FINE if error is None else STOPPED if isinstance(error, Cancelled) else FAILED
        worst = int(self.gathered([mine]).max())
        if error is not None and mine == worst:
            raise error
        _end_with(worst)
        return cast(T, result)

    def main_does(self, function: Callable[[], T]) -> T:
        """Do `function` on the main rank alone and return its result on every rank (it is pickled to them).

        Raises what `function` raised; on the other ranks Cancelled or PeerFailed.
        """
        if self.group is None:
            return function()
        import torch.distributed as dist

        outcome: list[Any] = [FINE, None]
        error: BaseException | None = None
        if self.is_main:
            try:
                outcome[1] = function()
            except Exception as raised:
                error, outcome = raised, [STOPPED if isinstance(raised, Cancelled) else FAILED, None]
        dist.broadcast_object_list(outcome, src=0, group=self.group)
        if error is not None:
            raise error
        _end_with(outcome[0])
        return cast(T, outcome[1])

    def meet(self) -> None:
        """Wait until every rank is here."""
        self.gathered([0.0])


def _end_with(outcome: int) -> None:
    if outcome == STOPPED:
        raise Cancelled("stopped together with the other processes of the run")
    if outcome == FAILED:
        raise PeerFailed("another process of the run failed")


ALONE = Ranks()
_current: Ranks | None = None


def current() -> Ranks:
    """Return this process's place among the ranks that torchrun started; joins them when first asked."""
    global _current
    if _current is None:
        _current = ALONE if int(os.environ.get("WORLD_SIZE", "1")) < 2 else _join()
    return _current


def leave() -> None:
    """Part from the other ranks, once all have come this far; from here on this process works alone."""
    global _current
    if _current is not None and _current.group is not None:
        import torch.distributed as dist

        _current.meet()
        dist.destroy_process_group()
    _current = ALONE


def _join() -> Ranks:
    import torch
    import torch.distributed as dist

    here = os.environ.get("LOCAL_WORLD_SIZE") == os.environ["WORLD_SIZE"]
    if here and sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # the host's name need not resolve
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
        dist.init_process_group("nccl", device_id=device)
    else:
        dist.init_process_group("gloo")
    return Ranks(dist.get_rank(), dist.get_world_size(), dist.new_group(backend="gloo", timeout=PATIENCE))
