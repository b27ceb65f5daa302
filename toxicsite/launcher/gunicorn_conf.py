"""How gunicorn serves toxicsite: processes of threads, bounded requests, no text in the access log."""

import logging
import os
import resource
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from toxicsite.launcher.environment import read_options
from toxicsite.lib.logging import JsonFormatter, TextFormatter
from toxicsite.lib.request_id import HEADER

PATH_CHARACTERS = 300


class Logger(GunicornLogger):  # type: ignore[misc]
    """gunicorn's log in the form of all others; its access log has no query and no text, but the request's id."""

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


options = read_options()

wsgi_app = "toxicsite.wsgi"
bind = options.gunicorn_bind
workers = options.web_workers
# Threads, because a synchronous score waits for its verdict: waiting costs a thread and no processor. Waiting for a
# client costs none: our worker gives a request to a thread once it has arrived.
worker_class = "toxicsite.launcher.buffering_worker.BufferingWorker"
threads = options.web_threads
worker_connections = 2_000
_files, _most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
if _most_files == resource.RLIM_INFINITY or _most_files > _files:
    _wanted = 4_096 if _most_files == resource.RLIM_INFINITY else min(4_096, _most_files)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(_files, _wanted), _most_files))
# Its workers say that they live through a file, which needs no disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # noqa: S108 (no fixed name in it)
timeout = 60
graceful_timeout = 10
keepalive = 5
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# Its remote control would put a socket into the home folder, which the container's account does not have.
control_socket_disable = True
accesslog = "-"
logger_class = Logger
