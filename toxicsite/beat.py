"""Celery's beat with a schedule that survives a full disk or a broken file."""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from celery.beat import Scheduler as CeleryScheduler

from toxicsite.lib.files import write_json

logger = logging.getLogger(__name__)


class Scheduler(CeleryScheduler):  # type: ignore[misc]
    """Remembers when each task was last sent: in memory, and in a small file so that a restart does not forget it.

    Celery's own writes a dbm file in place: on a full disk beat ends, and may leave a file behind that cannot be read.
    This file is replaced as a whole, or stays as it was.
    """

    def __init__(self, *args: Any, schedule_filename: str, **kwargs: Any) -> None:
        self.file = Path(schedule_filename)
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for name, last in self._read().items():
            if name in self.schedule:
                self.schedule[name].last_run_at = last
        self.sync()

    def sync(self) -> None:
        last = {name: entry.last_run_at.isoformat() for name, entry in self.schedule.items()}
        try:
            write_json(self.file, last)
        except OSError as error:
            logger.warning("the schedule is kept in memory only: %s", error.strerror)

    @property
    def info(self) -> str:
        return f"    . file -> {self.file}"

    def _read(self) -> dict[str, datetime]:
        """Return when each task was last sent; empty where there is no such file, or an older or broken one."""
        try:
            read = {
                name: datetime.fromisoformat(last) for name, last in json.loads(self.file.read_text()).items()
            }
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
        return {name: last for name, last in read.items() if last.tzinfo is not None}
