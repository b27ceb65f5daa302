"""How gunicorn serves toxicsite: one process of threads, bounded requests, no text in the access log."""

from toxicsite.launcher.environment import read_options

options = read_options()

wsgi_app = "toxicsite.wsgi"
bind = options.gunicorn_bind
workers = options.web_workers
# Threads, because a synchronous score waits for its verdict: waiting costs a thread and no processor.
worker_class = "gthread"
threads = options.web_threads
timeout = 60
graceful_timeout = 10
keepalive = 5
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# Its remote control would put a socket into the home folder, which the container's account does not have.
control_socket_disable = True
accesslog = "-"
# The path without its query: a search may quote a comment.
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(B)s %(L)s"
