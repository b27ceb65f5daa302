"""The configuration of gunicorn, with four threads and clients that have to be quick, for test_slow_clients."""

from toxicsite.launcher import buffered_socket
from toxicsite.launcher.gunicorn_conf import *  # noqa: F403 (every setting, as it is)

buffered_socket.HEAD_SECONDS = 2.0
threads = 4
