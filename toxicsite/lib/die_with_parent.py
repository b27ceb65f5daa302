"""Run a command that gets a signal when its parent dies: `python -PS die_with_parent.py SIGNAL UID:GID|- COMMAND…`.

Without it a launcher or worker killed with -9 would leave processes behind that hold the port, the data folder or the
GPU. With UID:GID it first becomes that account; it does so itself because the account may not be able to reach this
Python at all. Run by its path and without `site`, so that it costs a few milliseconds and imports nothing of the
project. The signal is Linux's; elsewhere the command just runs.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def dying_with_parent(
    command: Sequence[str], *, signal_name: str = "SIGTERM", account: str = "-"
) -> list[str]:
    """Return `command` as it is started to get `signal_name` when its parent dies, run by `account` (`uid:gid`)."""
    return [sys.executable, "-PS", __file__, signal_name, account, *command]


def become(account: str) -> None:
    """Give up root for `uid:gid`; `-` keeps the account."""
    if account != "-":
        uid, gid = (int(number) for number in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def die_with_parent(signal_number: int, parent: int) -> None:
    """Ask the kernel to send `signal_number` to this process, across exec, when `parent` is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # it died before the request: nobody is left to send the signal
            os.kill(os.getpid(), signal_number)


if __name__ == "__main__":
    parent_at_start = os.getppid()
    become(sys.argv[2])
    die_with_parent(
        signal.Signals[sys.argv[1]], parent_at_start
    )  # after the change of account, which would forget it
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 (no shell is wanted)
