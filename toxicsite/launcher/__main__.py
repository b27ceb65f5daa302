"""Command line of the launcher: `python -m toxicsite.launcher run | with-services -- COMMAND… | with-database -- …`."""

import argparse
import sys
from collections.abc import Sequence

from toxicsite.launcher.errors import LauncherError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one launcher command and return the exit code: 1 with one sentence when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m toxicsite.launcher", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything on this machine, until Ctrl-C")
    commands.add_parser("chromium", help="see to it that the browser tests find a Chromium")
    commands.add_parser("node-clients", help="install the npm clients that tests drive")
    commands.add_parser("lock", help="pin what is installed of pyproject.toml's dependencies")
    commands.add_parser("audit", help="ask for known faults of what the lock files name (needs the network)")
    with_services = commands.add_parser("with-services", help="run COMMAND on a temporary Postgres and Redis")
    with_services.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    with_database = commands.add_parser(
        "with-database", help="run COMMAND on this installation's own Postgres, with nothing else running"
    )
    with_database.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            from toxicsite.launcher.run import run

            return run()
        if options.command == "chromium":
            from toxicsite.launcher.tools_of_tests import ensure_chromium

            ensure_chromium()
            return 0
        if options.command == "node-clients":
            from toxicsite.launcher.tools_of_tests import ensure_node_clients

            ensure_node_clients()
            return 0
        if options.command == "lock":
            from toxicsite.launcher.lock import write_locks

            write_locks()
            return 0
        if options.command == "audit":
            from toxicsite.launcher.audit import audit

            return audit()
        argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
        if not argv:
            parser.error(f"{options.command} needs a command after --")
        if options.command == "with-database":
            from toxicsite.launcher.with_database import run_with_database

            return run_with_database(argv)
        from toxicsite.launcher.with_services import run_with_services

        return run_with_services(argv)
    except LauncherError as error:
        sys.stderr.write(f"toxicsite: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
