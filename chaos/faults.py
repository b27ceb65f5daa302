"""The faults. Each is inflicted and lifted again by one function; recovery is measured from then on."""

import contextlib
import json
import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from chaos.clock import Clock
from chaos.site import Site, wait_until
from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.small_disk import SmallDisk

SHIPPED, WEIGHTS = PROJECT / "models" / "starter-wiki", "model.safetensors"
WORKERS = ("worker-classify", "worker-deliver", "worker-transfers", "worker-train")
WITH_CHILDREN = ("worker-transfers", "worker-train")
BURST = 100  # comments in one call
COMMIT_DELAY = 100_000  # microseconds, PostgreSQL's most


@dataclass
class Target:
    """What faults are done to; `disk` and `clock` are None where this machine has none to offer."""

    site: Site
    rng: random.Random
    disk: SmallDisk | None
    clock: Clock | None
    burst: Callable[[int], None]
    candidate: str = ""

    def hold(self, least: float, most: float) -> float:
        seconds = self.rng.uniform(least, most)
        time.sleep(seconds)
        return seconds


class NotHere(Exception):
    """This machine cannot do this fault; the message says why."""


class Broken(Exception):
    """The site did what it must not do; the message says what."""


def kill_web(target: Target) -> str:
    """The server, which the runner starts again, or the process that answers, which the server does."""
    process = target.site.process("web")
    children = process.children()
    if children and target.rng.random() < 0.5:
        return _kill_child(process, children[0])
    return _kill(target, "web")


def kill_worker(target: Target) -> str:
    return _kill(target, target.rng.choice(WORKERS))


def kill_classify_worker(target: Target) -> str:
    """In the midst of its work: with many comments claimed, of which it has scored some at most."""
    process = target.site.process("worker-classify")
    target.burst(BURST)
    query = "SELECT count(*) FROM classifier_comment WHERE claim_token IS NOT NULL"
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: target.site.rows(query) != [(0,)], "claims", 10.0, every=0.005)
    process.kill()
    wait_until(lambda: not _alive(process), "worker-classify to end")
    return "worker-classify by SIGKILL"


def kill_child(target: Target) -> str:
    """The process that does the work of a pool, alone: its parent has to start another one."""
    name = target.rng.choice(WITH_CHILDREN)
    process = target.site.process(name)
    wait_until(lambda: process.children(), f"a child of {name}")
    return f"{name}: {_kill_child(process, process.children()[0])}"


def kill_beat(target: Target) -> str:
    return _kill(target, "beat")


def freeze_worker(target: Target) -> str:
    return _freeze(target, target.rng.choice(WORKERS), 2.0, 15.0)


def freeze_redis(target: Target) -> str:
    return _freeze(target, "redis", 2.0, 8.0)


def freeze_postgres(target: Target) -> str:
    return _freeze(target, "postgres", 2.0, 8.0)


def flush_redis(target: Target) -> str:
    with contextlib.closing(target.site.redis_client()) as client:
        client.flushall()
    return "FLUSHALL"


def restart_redis(target: Target) -> str:
    return _end(target, "redis", signal.SIGTERM)


def crash_postgres(target: Target) -> str:
    """kill -9 of the postmaster, whose children notice by themselves, or an immediate shutdown."""
    number = target.rng.choice([signal.SIGKILL, signal.SIGQUIT])
    return _end(target, "postgres", number)


def fill_disk(target: Target) -> str:
    if target.disk is None:
        raise NotHere("a small disk can only be mounted as root")
    target.disk.fill()
    try:
        seconds = target.hold(3.0, 10.0)
    finally:
        target.disk.free()
    return f"full for {seconds:.0f} s"


def slow_disk(target: Target) -> str:
    """Each commit waits a tenth of a second for PostgreSQL's log. Other files stay as fast as they are."""
    _commit_delay(target.site, COMMIT_DELAY, siblings=0)
    try:
        seconds = target.hold(3.0, 8.0)
    finally:
        _commit_delay(target.site, 0, siblings=5)
    return f"100 ms a commit for {seconds:.0f} s"


def break_model(target: Target) -> str:
    """Promote a version whose weights were cut short. The promotion has to be refused, and scoring to go on."""
    site = target.site
    version = _candidate(target)
    whole = target.site.var.parent / "candidate" / WEIGHTS
    weights = site.var / "models" / version / WEIGHTS
    with weights.open("r+b") as file:
        file.truncate(target.rng.randrange(1, whole.stat().st_size))
    try:
        promoted = site.manage("model", "activate", version, "--by", "admin", "--override-reason", "chaos")
    finally:
        shutil.copyfile(whole, weights)
    if promoted.returncode == 0:
        raise Broken(f"a damaged version was promoted: {promoted.stdout.strip()}")
    if "are damaged" not in promoted.stderr:
        raise Broken(f"the promotion ended otherwise: {promoted.stderr.strip()[-200:]}")
    return "promotion refused"


def _candidate(target: Target) -> str:
    """Register a version that ships with nothing: a shipped one would be made whole again, as it should be."""
    folder = target.site.var.parent / "candidate"
    if not folder.exists():
        shutil.copytree(SHIPPED, folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["version"] = manifest["version"].replace(manifest["name"], "chaos", 1)
        manifest["name"] = "chaos"
        (folder / "manifest.json").write_text(json.dumps(manifest))
    if not target.candidate:
        loaded = target.site.manage("load_model", str(folder))
        if loaded.returncode != 0:
            raise Broken(f"the candidate was not taken: {loaded.stderr.strip()[-200:]}")
        target.candidate = loaded.stdout.split()[0]
    return target.candidate


def move_clock(target: Target) -> str:
    if target.clock is None:
        raise NotHere("the clock can only be moved on Linux with a C compiler")
    jump = target.rng.choice([-60, -20, 20, 60])
    target.clock.set(jump)
    try:
        seconds = target.hold(3.0, 8.0)
    finally:
        target.clock.set(0)
    return f"{jump:+d} s for {seconds:.0f} s"


FAULTS: dict[str, Callable[[Target], str]] = {
    "kill-web": kill_web,
    "kill-classify-worker": kill_classify_worker,
    "kill-worker": kill_worker,
    "kill-child": kill_child,
    "kill-beat": kill_beat,
    "freeze-worker": freeze_worker,
    "freeze-redis": freeze_redis,
    "freeze-postgres": freeze_postgres,
    "flush-redis": flush_redis,
    "restart-redis": restart_redis,
    "crash-postgres": crash_postgres,
    "full-disk": fill_disk,
    "slow-disk": slow_disk,
    "broken-model": break_model,
    "clock-jump": move_clock,
}


def _kill(target: Target, name: str) -> str:
    return _end(target, name, signal.SIGKILL)


def _end(target: Target, name: str, number: signal.Signals) -> str:
    """End a program by a signal and wait until the runner has noticed; coming back is part of the recovery."""
    process = target.site.process(name)
    process.send_signal(number)
    wait_until(lambda: not _alive(process), f"{name} to end")
    return f"{name} by {number.name}"


def _kill_child(parent: psutil.Process, child: psutil.Process) -> str:
    child.kill()
    wait_until(lambda: not _alive(child), "a child to end")
    wait_until(lambda: any(_alive(one) for one in parent.children()), "another child")
    return "a child by SIGKILL"


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _freeze(target: Target, name: str, least: float, most: float) -> str:
    process = target.site.process(name)
    frozen = [process, *process.children(recursive=True)]
    _signal(frozen, signal.SIGSTOP)
    try:
        seconds = target.hold(least, most)
    finally:
        _signal(frozen, signal.SIGCONT)
    return f"{name} for {seconds:.0f} s"


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _commit_delay(site: Site, microseconds: int, *, siblings: int) -> None:
    site.rows(f"ALTER SYSTEM SET commit_delay = {microseconds}")
    site.rows(f"ALTER SYSTEM SET commit_siblings = {siblings}")
    site.rows("SELECT pg_reload_conf()")
