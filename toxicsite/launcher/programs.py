"""What the process runner keeps running, in order of start: servers, web, workers, beat."""

import sys

from toxicsite.launcher.environment import Options
from toxicsite.launcher.postgres import Cluster
from toxicsite.launcher.redis_server import RedisServer
from toxicsite.launcher.supervision import Program

APPLICATION = ("web", "worker-classify", "worker-train", "worker-transfers", "worker-deliver", "beat")


def service_programs(cluster: Cluster | None, server: RedisServer | None) -> list[Program]:
    """The embedded servers, started at once and stopped last."""
    programs = []
    if cluster is not None:
        programs.append(
            Program(
                "postgres",
                cluster.command(),
                priority=10,
                autostart=True,
                stop_signal="INT",  # Postgres' fast shutdown: it ends sessions, and writes its checkpoint
                stop_seconds=30,
                account=cluster.account,
            )
        )
    if server is not None:
        programs.append(Program("redis", server.command(), priority=20, autostart=True))
    return programs


def application_programs(options: Options) -> list[Program]:
    """Web, the workers and beat, started once the database is up to date."""
    celery = [sys.executable, "-m", "celery", "-A", "toxicsite"]
    # Alone on their queues, workers have nothing to tell each other.
    quiet = ["--without-gossip", "--without-mingle"]
    return [
        Program(
            "web",
            [sys.executable, "-m", "gunicorn", "-c", "python:toxicsite.launcher.gunicorn_conf"],
            priority=30,
        ),
        Program(
            "worker-classify",
            # solo: the model lives in this one process, and one process uses every core
            [*celery, "worker", "-Q", "classify", "--pool=solo", "-n", "classify@%h", *quiet],
            priority=40,
        ),
        Program(
            "worker-train",
            [*celery, "worker", "-Q", "training", "-c", "1", "-n", "training@%h", *quiet],
            priority=40,
        ),
        Program(
            "worker-transfers",
            # on its own: minutes of an import keep no comment from its verdict and wait for no training run of hours
            [*celery, "worker", "-Q", "transfers", "-c", "1", "-n", "transfers@%h", *quiet],
            priority=40,
        ),
        Program(
            "worker-deliver",
            # solo: one thread writes what its own threads have sent
            [*celery, "worker", "-Q", "deliveries", "--pool=solo", "-n", "deliver@%h", *quiet],
            priority=40,
            stop_seconds=25,  # what is under way comes to its end
        ),
        Program(
            "beat",
            [*celery, "beat", "-s", str(options.var / "run" / "celerybeat-schedule")],
            priority=50,
        ),
    ]
