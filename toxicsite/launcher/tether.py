"""Run a command that gets a signal when its parent dies: `python -S tether.py SIGNAL UID:GID|- COMMAND…`.

Without it a launcher killed with -9 would leave servers behind that hold the port and the data folder. With
UID:GID it first becomes that account; it does so itself because the account may not be able to reach this
Python at all. Run by its path and without `site`, so that it costs a few milliseconds and imports nothing of
the project. The signal is Linux's; elsewhere the command just runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def ignore(number: int, _: object) -> None:
    """A handler that does nothing; SIG_IGN in its place would be inherited, and races with a signal on its way."""


def become(account: str) -> None:
    """Give up root for `uid:gid`; `-` stays who we are."""
    if account != "-":
        uid, gid = (int(number) for number in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def tether(signal_number: int, parent: int) -> None:
    """Ask the kernel to send `signal_number` to this process, across exec, when `parent` is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # it died before the request: nobody is left to send the signal
            os.kill(os.getpid(), signal_number)


if __name__ == "__main__":
    parent_at_start = os.getppid()
    become(sys.argv[2])
    tether(signal.Signals[sys.argv[1]], parent_at_start)  # after the change of account, which would forget it
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 (no shell is wanted)
