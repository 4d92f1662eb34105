"""Alerts by e-mail: a port on this machine alone that takes messages for inlets. Relays nothing, and keeps no mailbox.

A message to `NAME@…` is for the inlet of that name, what stands behind a `+` is the key of its alert. `250` is answered
once the message is synced, `451` where it cannot be now, so that whoever sends tries again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from opsbook.config import Config
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.inbound.mail import DEDUP, parse
from opsbook.usecases.credentials import SENDER_PREFIX, is_token

if TYPE_CHECKING:
    from opsbook.ledger.signal import Source
    from opsbook.usecases.alert_desk import AlertDesk

HOST = "127.0.0.1"
LARGEST_MAIL = 10 * 1024 * 1024  # bytes
LATER = "451 4.3.0 It cannot be kept now, so nothing of it was taken. Send it again."
NOBODY = "550 5.1.1 There is no inlet that this address, or the token in it, could mean."


@contextmanager
def taking_mail(config: Config, desk: AlertDesk) -> Iterator[int]:
    """Takes mail until the end of the `with`, at the port that it gives; at none where none is configured. Raises
    Failure where the port cannot be taken."""
    if not config.mail_port:
        yield 0
        return
    from aiosmtpd.controller import Controller  # inside: few take mail, and it costs 40 ms

    taken = Mail(desk, is_open=config.inlet_tokens == "off-loopback")
    door = Controller(
        taken, hostname=HOST, port=config.mail_port, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True,
        ident="Opsbook",
    )  # fmt: skip
    try:
        socket.create_server((HOST, config.mail_port)).close()  # aiosmtpd would wait for 5 s before it says so
        door.start()
    except (OSError, OverflowError, TimeoutError) as wrong:
        if not door.loop.is_running():
            door.loop.close()  # made with it, and nobody else would
        raise Failure(
            f"{config.place('alerts.mail_port')}: mail cannot be taken at port {config.mail_port}: {wrong}. Choose"
            " another."
        ) from wrong
    try:
        yield config.mail_port
    finally:
        door.stop()


def addressed(address: str) -> tuple[str, str, str]:
    """The inlet's name, the token and the key that an address says; the first two are never there together."""
    local, _, key = address.rpartition("@")[0].strip('"').partition("+")
    return ("", local, key) if is_token(local, SENDER_PREFIX) else (local.lower(), "", key)


class Mail:
    """What aiosmtpd asks, in a thread of its own, for each message."""

    def __init__(self, desk: AlertDesk, *, is_open: bool) -> None:
        self._desk = desk
        self._is_open = is_open

    async def handle_RCPT(self, *told: Any) -> str:
        """Whether there is an inlet for an address. (The server, the session, the envelope, the address, its options.)
        """
        _, _, envelope, address, _ = told
        try:
            source = await self._in_thread(self._source, address)
        except (Failure, Refusal):
            return LATER
        if source is None:
            return NOBODY
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def take(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keeps a message for each of its addresses."""
        try:
            kept = await self._in_thread(self._keep, bytes(envelope.content), tuple(envelope.rcpt_tos))
        except (Failure, Refusal):
            return LATER
        return f"250 2.0.0 Kept as {kept}"

    handle_DATA = take  # what aiosmtpd calls it

    async def handle_exception(self, wrong: Exception) -> str:
        """A bug: told in the server's own output, and to whoever sends that it may try again."""
        import traceback  # inside: only a bug needs it

        traceback.print_exception(wrong)
        return LATER

    def _source(self, address: str) -> Source | None:
        name, token, _ = addressed(address)
        return self._desk.inlets.source_for("email", token, name=name, is_open=self._is_open)

    def _keep(self, content: bytes, addresses: tuple[str, ...]) -> str:
        kept = []
        for address in addresses:
            source = self._source(address)
            if source is None:  # it was revoked between two lines of the sender
                continue
            _, token, key = addressed(address)
            headers = {DEDUP: key} if key else {}
            receipt = self._desk.receiving.receive(
                source, parse(content, headers), content, headers, secrets=[token] if token else []
            )
            kept.append(receipt.batch or "what was known before")
        return ", ".join(kept) or "nothing"

    async def _in_thread(self, call: Any, *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, partial(call, *given))
