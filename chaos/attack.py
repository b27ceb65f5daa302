"""An attack: a site under load, one fault after the other, the time to recover from each, and the account."""

import contextlib
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from chaos.clock import make_clock
from chaos.faults import FAULTS, Broken, NotHere, Target
from chaos.invariants import Account, account, unsettled
from chaos.ledger import SOURCE, Ledger
from chaos.load import Load, receiver
from chaos.site import Site, running_site, wait_until
from toxicsite.tests.small_disk import small_disk

RECOVER_SECONDS = 180.0
SETTLE_SECONDS = 300.0
PAUSE = (1.0, 4.0)
PROGRAMS = 8


@dataclass
class Tried:
    """What one kind of fault did, each time; `freed` is when claims of a killed worker were held by nobody dead."""

    notes: list[str] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    freed: list[float] = field(default_factory=list)
    not_recovered: int = 0
    broken: list[str] = field(default_factory=list)
    not_here: str = ""


@dataclass
class Outcome:
    tried: dict[str, Tried]
    ledger: Ledger
    account: Account
    seconds: float
    settled: float | None

    @property
    def held(self) -> bool:
        faults = self.tried.values()
        return (
            self.account.held
            and not self.ledger.unexpected
            and self.settled is not None
            and not any(one.not_recovered or one.broken for one in faults)
        )


def attack(
    *,
    duration: float,
    rng: random.Random,
    names: Sequence[str],
    mebibytes: int,
    say: Callable[[str], None],
    logs: Path | None = None,
) -> Outcome:
    """Run the whole attack; `rng` decides order and strength of the faults, so a seed repeats them."""
    ledger, tried = Ledger(), {name: Tried() for name in names}
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toxicsite-chaos-", dir="/tmp")))
        disk = stack.enter_context(small_disk(base / "disk", mebibytes=mebibytes))
        clock = make_clock(base)
        hook_port = free_port()
        settings = {
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1/32",
            "WEBHOOK_ALLOWED_PORTS": str(hook_port),
            **(clock.variables if clock else {}),
        }
        base.chmod(0o711)
        began = time.monotonic()
        site = stack.enter_context(running_site(base / "disk" / "var", port=free_port(), settings=settings))
        say(f"ready after {time.monotonic() - began:.0f} s")
        address = stack.enter_context(receiver(ledger, hook_port))
        events = ["comment.classified", "comment.decided"]
        status, _ = site.call(
            "POST", "/api/v1/webhooks/", {"name": "chaos", "url": address, "events": events}
        )
        if status != 201:
            raise RuntimeError(f"the webhook was refused: {status}")
        if logs is not None:
            stack.callback(shutil.copytree, site.var / "log", logs, dirs_exist_ok=True)
        began = time.monotonic()
        with Load(site, ledger, rng.getrandbits(32)) as load:
            target = Target(site, rng, disk, clock, burst=load.burst)
            time.sleep(3.0)
            for name in in_turns(names, rng):
                if time.monotonic() - began > duration:
                    break
                _inflict(name, target, load, tried[name], say)
                time.sleep(rng.uniform(*PAUSE))
        settled = _settle(site)
        seconds = time.monotonic() - began
        return Outcome(tried, ledger, account(site.rows, ledger), seconds, settled)


def in_turns(names: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Yield all names in an order of chance, again and again, so that each has its turn."""
    while True:
        turn = list(names)
        rng.shuffle(turn)
        yield from turn


def _inflict(name: str, target: Target, load: Load, tried: Tried, say: Callable[[str], None]) -> None:
    load.ledger.during = name
    try:
        note = FAULTS[name](target)
    except NotHere as reason:
        tried.not_here = str(reason)
        return
    except (Broken, TimeoutError) as error:
        tried.broken.append(str(error))
        note = f"BROKEN: {error}"
    lifted = time.monotonic()
    try:
        if (
            "worker-classify by" in note
        ):  # the next one needs seconds to start, so these are claims of the dead
            claimed = _claims(target.site)
            wait_until(lambda: not claimed & _claims(target.site), "its claims", RECOVER_SECONDS)
            tried.freed += [time.monotonic() - lifted] if claimed else []
        _recover(target.site, load)
    except TimeoutError as error:
        tried.not_recovered += 1
        note = f"{note}, NOT RECOVERED ({error})"
    else:
        tried.recovered.append(time.monotonic() - lifted)
    tried.notes.append(note)
    say(f"{name}: {note}; {time.monotonic() - lifted:.1f} s")


def _claims(site: Site) -> set[tuple[int, str]]:
    """Return the comments that a worker holds, each with the claim; none while the database is away."""
    query = "SELECT id, claim_token::text FROM classifier_comment WHERE claim_token IS NOT NULL"
    try:
        return {(int(pk), str(token)) for pk, token in site.rows(query)}
    except psycopg2.Error:
        return {(0, "the database does not answer")}


def _recover(site: Site, load: Load) -> None:
    """Wait until all programs run and a new comment, and with it each before it, has its verdict."""
    end = time.monotonic() + RECOVER_SECONDS
    wait_until(lambda: len(site.processes()) == PROGRAMS, "all programs to run", RECOVER_SECONDS)
    probe = load.submit(random.Random())
    if probe is None:
        raise TimeoutError("no comment was accepted")
    query = """SELECT count(*) FROM classifier_comment c JOIN classifier_source s ON s.id = c.source_id
               WHERE s.slug = %s AND c.status = 'pending' AND NOT c.is_backlog AND c.id <= %s"""

    def done() -> bool:
        with contextlib.suppress(psycopg2.Error):
            return site.rows(query, [SOURCE, probe]) == [(0,)]
        return False

    wait_until(done, "every verdict", max(1.0, end - time.monotonic()))


def _settle(site: Site) -> float | None:
    """Wait until nothing is under way any more; return the seconds, or None where that did not happen."""
    began = time.monotonic()

    def done() -> bool:
        with contextlib.suppress(psycopg2.Error):
            return unsettled(site.rows) == 0
        return False

    try:
        wait_until(done, "everything to settle", SETTLE_SECONDS)
    except TimeoutError:
        return None
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
