"""A full disk and a database that is away are told from other errors, by what PostgreSQL itself says."""

import errno

import pytest
import redis
from django.db import DatabaseError, OperationalError, connection, transaction

from toxicsite.lib.broker import NoBroker, broker_errors
from toxicsite.lib.storage_errors import DiskFull, is_database_unavailable, is_disk_full


def raised(code: str) -> DatabaseError:
    """What the library makes of an error that the server sends with this code."""
    with (
        pytest.raises(DatabaseError, match=r"^as it says") as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'as it says' USING ERRCODE = '{code}'; END $$")
    return caught.value


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "disk_full", "unavailable"),
    [
        ("53100", True, True),  # disk_full
        ("58030", False, True),  # io_error
        ("57P01", False, True),  # admin_shutdown
        ("57P03", False, True),  # cannot_connect_now
        ("40P01", False, False),  # deadlock_detected
        ("54000", False, False),  # program_limit_exceeded: of this one thing
        ("23505", False, False),  # unique_violation
    ],
)
def test_errors_of_the_database(code: str, disk_full: bool, unavailable: bool) -> None:
    error = raised(code)
    assert (is_disk_full(error), is_database_unavailable(error)) == (disk_full, unavailable)


def test_a_lost_connection_is_a_database_that_is_away() -> None:
    assert is_database_unavailable(OperationalError("server closed the connection unexpectedly"))
    assert not is_disk_full(OperationalError("server closed the connection unexpectedly"))
    assert is_disk_full(OperationalError("FATAL:  could not write init file: No space left on device"))


def test_errors_of_files() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert is_disk_full(full)
    assert is_disk_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))
    assert not is_database_unavailable(full)
    error = DiskFull("file")
    error.__cause__ = full
    assert is_disk_full(error)
    hidden = ValueError("another thing")
    hidden.__context__, hidden.__suppress_context__ = full, True
    assert not is_disk_full(hidden)


@pytest.mark.parametrize(
    "said",
    ["MISCONF Redis is configured to save RDB snapshots", "OOM command not allowed", "READONLY You can't"],
)
def test_a_redis_that_takes_no_writes_is_no_broker(said: str) -> None:
    with pytest.raises(NoBroker, match=r"^Redis takes no writes now\.$"), broker_errors():
        raise redis.ResponseError(said)
    with pytest.raises(redis.ResponseError, match=r"^WRONGTYPE Operation against a key$"), broker_errors():
        raise redis.ResponseError("WRONGTYPE Operation against a key")
