"""What a worker is asked to hand over, as it travels to it, and how what became of it is worded. Does nothing."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from opsbook.usecases.alerting_ports import Handed, Message


class MailServer(Struct, frozen=True):
    """Where e-mail is handed in: `is_tls` from the first byte on; else STARTTLS where it is offered."""

    host: str
    port: int
    user: str = ""
    is_tls: bool = False
    sender: str = ""


class Route(Struct, frozen=True):
    """How a message goes: by which of the three ways, to which address, with which secrets. Never shown."""

    way: Literal["mail", "web", "apprise"]
    address: str
    server: MailServer | None = None
    password: str = ""
    signers: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    source: str = "/opsbook"
    agent: str = "Opsbook"
    is_titled: bool = True
    is_public: bool = False  # only where the internet leads: a stranger named the address


class Job(Struct, frozen=True):
    """One attempt."""

    message: Message
    route: Route
    timeout_s: float


HANDING = b"handing"  # a worker tells this before anything can come through
RETRIED = (408, 425, 429)  # besides all from 500: the receiver says that later may be better


def by_status(status: int, retry_after: str | None = None, who: str = "The receiver") -> Handed:
    """What an answer of HTTP means."""
    if 200 <= status < 300:
        return Handed("accepted", f"{who} answered {status}.")
    wait_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    if status in RETRIED or status >= 500:
        words = f" and asks to wait {wait_s:.0f} seconds" if wait_s is not None else ""
        return Handed("retrying", f"{who} answered {status}{words}.", retry_after_s=wait_s)
    if 300 <= status < 400:
        return Handed("failed", f"{who} answered {status}: it sends on to another address, which is not followed.")
    return Handed("failed", f"{who} answered {status}: it does not take the message.")


def unreachable(wrong: OSError) -> Handed:
    """That nothing could be handed over, because nobody answered."""
    if isinstance(wrong, TimeoutError):
        return Handed("retrying", "Nobody answered in time.")
    return Handed("retrying", f"It cannot be reached: {_plain(wrong)}.")


def broken(wrong: Exception) -> Handed:
    """That nobody knows what came through."""
    word = _plain(wrong) if isinstance(wrong, OSError) and not isinstance(wrong, TimeoutError) else "no answer came"
    return Handed("lost", f"It was handed over, and then nothing is known of it: {word}.")


def _plain(wrong: OSError) -> str:
    """The words of the system's error; not those of the exception, which may hold an address."""
    words = wrong.strerror or type(wrong).__name__
    return words[:1].lower() + words[1:].rstrip(".")
