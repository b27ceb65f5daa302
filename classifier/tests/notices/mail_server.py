"""An SMTP server on this machine: it keeps the e-mails that it is sent, and refuses them when a test wants that."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    port: int = 0
    refuse: str = ""
    got: list[tuple[str, EmailMessage]] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server of RFC 5321's commands, as far as Python's smtplib uses them, until the block ends."""
    state = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def reply(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.reply("220 loopback")
            to = ""
            while line := self.rfile.readline():
                verb, _, rest = line.decode().strip().partition(" ")
                match verb.upper():
                    case "RCPT" if state.refuse:
                        self.reply(state.refuse)
                    case "RCPT":
                        to = rest.partition("<")[2].partition(">")[0]
                        self.reply("250 ok")
                    case "DATA":
                        self.reply("354 go on")
                        lines = []
                        while (text := self.rfile.readline()) != b".\r\n":
                            lines.append(text.removeprefix(b"."))
                        message = message_from_bytes(b"".join(lines), policy=policy.default)
                        assert isinstance(message, EmailMessage)
                        state.got.append((to, message))
                        self.reply("250 taken")
                    case "QUIT":
                        self.reply("221 bye")
                        return
                    case _:
                        self.reply("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
