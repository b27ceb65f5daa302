"""How gunicorn serves toxicsite: processes of threads, bounded requests, no text in the access log."""

import os
import resource

from toxicsite.launcher.environment import read_options

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
logger_class = "toxicsite.launcher.gunicorn_log.Logger"
