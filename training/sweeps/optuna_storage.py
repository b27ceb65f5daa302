"""Where Optuna keeps the trials: tables of its own in this database, in the schema `optuna`."""

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from training.ml.search.study import open_storage

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

SCHEMA = "optuna"
MAKING_TABLES = (
    7_203_001  # advisory lock: Optuna makes its tables in many steps, which two processes must not mix
)
LAST_TABLE_MADE = f"{SCHEMA}.alembic_version"


class StorageRefused(Exception):
    """The database user may not make the schema; the message says what to do."""


def sweep_storage() -> "RDBStorage":
    """Return the storage of all studies, made on first use. Raises StorageRefused.

    It connects as Django does, whatever characters the password holds, to the database that Django uses now (in tests
    that of the test), and keeps no connection.
    """
    arguments = connection.get_connection_params()
    arguments.pop("cursor_factory", None)
    options = f"{arguments.pop('options', '')} -c search_path={SCHEMA}".strip()
    return _storage(tuple(sorted(arguments.items())), options)


@cache
def _storage(arguments: tuple[tuple[str, Any], ...], options: str) -> "RDBStorage":
    import psycopg2

    def connect() -> Any:
        return psycopg2.connect(**dict(arguments), options=options)

    own = connect()
    try:
        own.autocommit = True
        with own.cursor() as cursor:
            if _is_made(cursor):
                return open_storage(connect, create=False)
            cursor.execute("SELECT pg_advisory_lock(%s)", [MAKING_TABLES])
            try:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            except psycopg2.errors.InsufficientPrivilege:
                raise StorageRefused(
                    f"The database user may not make the schema {SCHEMA}, where sweeps keep their trials: run "
                    f"“CREATE SCHEMA {SCHEMA} AUTHORIZATION …” once as the owner of the database."
                ) from None
            return open_storage(connect, create=True)
    finally:
        own.close()  # gives the lock back too


def _is_made(cursor: Any) -> bool:
    """Return whether Optuna's tables are complete: the stamp is the last thing that it writes."""
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [LAST_TABLE_MADE])
    if cursor.fetchone() != (True,):
        return False
    cursor.execute(f"TABLE {LAST_TABLE_MADE}")
    return cursor.fetchone() is not None
