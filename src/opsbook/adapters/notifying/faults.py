"""What is configured of notifications and cannot work, told at the start: nobody should learn of it by a lost page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr
from urllib.parse import urlsplit

from opsbook.adapters.notifying.routes import SCHEME, Settings
from opsbook.ground.guesses import closest
from opsbook.usecases.contact_forms import KINDS, is_mail

Fault = tuple[str, str]  # the key, and what is wrong with its value


def faults_of(settings: Settings) -> Iterator[Fault]:
    """Each setting that no message could be sent with. Fetches no secret and asks nobody."""
    yield from _smtp(settings.smtp)
    if settings.sender and not is_mail(parseaddr(settings.sender)[1]):
        yield "notify.from", (
            f"'notify.from' is no address that e-mail can be from: '{settings.sender}'. Write such as"
            ' "Opsbook <opsbook@example.org>".'
        )
    for name, written in settings.channels.items():
        yield from _channel(settings, name, written)
    for name in filter(None, re.split(r"[,\s]+", settings.webhook_secret)):
        if not _is_secret(settings, name):
            yield "notify.webhook_secret", (
                "'notify.webhook_secret' names no secret: it must not stand in the file itself. Write such as"
                ' "env:WEBHOOK_KEY" and set OPSBOOK_SECRET_WEBHOOK_KEY where Opsbook starts.'
            )


def _smtp(written: str) -> Iterator[Fault]:
    if not written:
        return
    try:
        parts = urlsplit(written)
        is_good = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_good = None, False
    if parts is not None and is_good and parts.password is not None:
        yield "notify.smtp", (
            "'notify.smtp' holds a password, which must not stand in the file. Take it out, and set"
            " OPSBOOK_SECRET_SMTP_PASSWORD where Opsbook starts."
        )
    elif not is_good:
        yield "notify.smtp", (
            "'notify.smtp' is no address of a mail server. Write such as"
            ' "smtp://opsbook@mail.example.org:587", or smtps:// where it is encrypted from the first byte.'
        )


def _channel(settings: Settings, name: str, written: str) -> Iterator[Fault]:
    key = f"notify.channels.{name}"
    if not name.startswith("#") and name not in KINDS:
        near = closest(name, KINDS)
        guess = f" Did you mean '{near}'?" if near else f" Write a #channel, or one of {', '.join(KINDS)}."
        yield key, f"'{name}' in [notify.channels] is neither a #channel nor a kind of contact.{guess}"
    elif not (_is_secret(settings, written) or SCHEME.match(written) or is_mail(written.removeprefix("mailto:"))):
        yield key, (
            f"What [notify.channels] says of '{name}' is neither an address nor a secret. Write such as"
            ' "ntfys://ntfy.example.org/topic", or "env:NAME" for one that holds a token.'
        )


def _is_secret(settings: Settings, text: str) -> bool:
    source, _, path = text.partition(":")
    return bool(path) and source in settings.sources and not path.startswith("//")
