"""gunicorn's log in the form of everything else's, and its access log: no query string, no text, the request's id."""

import logging
import os
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from toxicsite.lib.logging import JsonFormatter, TextFormatter
from toxicsite.lib.request_id import HEADER

PATH_CHARACTERS = 300


class Logger(GunicornLogger):  # type: ignore[misc]
    """`logger_class = "toxicsite.launcher.gunicorn_log.Logger"`"""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        formatter = JsonFormatter() if os.environ.get("LOG_FORMAT", "").strip() == "json" else TextFormatter()
        for logger in (self.error_log, self.access_log):
            for handler in logger.handlers:
                handler.setFormatter(formatter)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        if not self.cfg.accesslog:
            return
        # As it was sent: still quoted, so it cannot begin a new line. A search in the query may quote a comment.
        path = str(environ.get("RAW_URI", "")).partition("?")[0][:PATH_CHARACTERS]
        method, status = str(environ.get("REQUEST_METHOD", ""))[:16], str(resp.status).split()[0]
        seconds = round(request_time.total_seconds(), 4)
        ids = [value for name, value in resp.headers if name.lower() == HEADER.lower()]
        self.access_log.log(
            logging.INFO,
            "%s %s %s %s %s",
            method,
            path,
            status,
            resp.sent,
            seconds,
            extra={
                "request_id": ids[0] if ids else "",
                "fields": {
                    "method": method,
                    "path": path,
                    "status": int(status),
                    "bytes": resp.sent,
                    "seconds": seconds,
                },
            },
        )
