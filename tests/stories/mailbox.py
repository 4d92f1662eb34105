"""A real mail server for stories, which keeps what it is given."""

from __future__ import annotations

import email
import email.policy
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from tests.stories.world import free_port

PATIENCE_S = 90


class Mailbox:
    """A real mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._came = threading.Condition()
        self._server = Controller(self, hostname="127.0.0.1", port=free_port())
        self._server.start()
        self.address = f"smtp://127.0.0.1:{self._server.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Takes one mail."""
        with self._came:
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
            self._came.notify_all()
        return "250 OK"

    def wait_for(
        self, is_wanted: Callable[[EmailMessage], bool], since: int, patience_s: float = PATIENCE_S
    ) -> EmailMessage:
        """The first mail of that kind behind so many."""
        until = time.monotonic() + patience_s
        with self._came:
            while True:
                for mail in self.mails[since:]:
                    if is_wanted(mail):
                        return mail
                subjects = [mail["Subject"] for mail in self.mails[since:]]
                assert self._came.wait(until - time.monotonic()), f"only {subjects} came"

    def close(self) -> None:
        """Takes nothing any more."""
        self._server.stop()


def text_of(mail: EmailMessage) -> str:
    """The words of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
