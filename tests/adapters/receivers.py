"""Real receivers of messages on this machine: an SMTP server, and an HTTP server that answers as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tests.adapters.endpoints import free_port


class Mailbox:
    """What a mail server does with what it is handed: keeps it, unless a recipient is told to be refused."""

    def __init__(self) -> None:
        self.mails: SimpleQueue[EmailMessage] = SimpleQueue()
        self.refused: dict[str, str] = {}
        self.logins: list[str] = []
        self.at_data = "250 2.0.0 Ok: queued as 4F2A99"
        self.port = 0

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.put(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.at_data

    def login(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, proof: Any) -> AuthResult:
        assert isinstance(proof, LoginPassword)
        self.logins.append(proof.login.decode())
        return AuthResult(success=proof.password == b"right-password", handled=False)


@contextmanager
def mail_server(**settings: Any) -> Iterator[Mailbox]:
    """A mail server on a free port."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port(), authenticator=box.login, **settings)
    server.start()
    box.port = server.port
    try:
        yield box
    finally:
        server.stop()


class Web:
    """What an HTTP server got; `answers` are the status, headers and how to go on, the last one for ever."""

    def __init__(self) -> None:
        self.got: SimpleQueue[tuple[str, dict[str, str], bytes]] = SimpleQueue()
        self.answer: tuple[int, dict[str, str]] = (200, {})
        self.mood = "answers"  # answers | hangs: never gets to the end | resets
        self.thinks_s = 0.0  # before it answers what it has got
        self.release = threading.Event()
        self.port = 0


@contextmanager
def web_server() -> Iterator[Web]:
    """An HTTP server on a free port."""
    web = Web()

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            web.got.put((self.path, dict(self.headers), body))
            web.release.wait(web.thinks_s)
            if web.mood == "hangs":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not web.release.wait(0.1):  # so slowly that no single wait is long
                    self.wfile.write(b"X-Still: here\r\n")
                return
            if web.mood == "resets":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
                return
            status, headers = web.answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (OSError, ValueError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.release.set()
        server.shutdown()
        server.server_close()
        thread.join()

