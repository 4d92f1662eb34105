"""Which way a message goes: by the kind of contact, its address, and what is configured for it. Sends nothing.

`notify.channels` maps a #channel or a kind of contact to an address as Apprise writes them, or to a secret that holds
one. The secrets are fetched anew for each message, so that a changed one counts at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from opsbook.adapters.notifying.jobs import MailServer, Route
from opsbook.ground.errors import Failure, Refusal
from opsbook.usecases.alerting_ports import Handed
from opsbook.usecases.contact_forms import is_mail
from opsbook.usecases.ways import Ways

PASSWORD = "env:SMTP_PASSWORD"
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_UNTITLED = ("sms", "phone")  # the text says it all, and a title would be put before it


class Settings(Struct, frozen=True):
    """What is configured of notifications. `sources` are the names of the sources of secrets."""

    smtp: str = ""
    sender: str = ""
    channels: Mapping[str, str] = {}
    webhook_secret: str = ""
    allowed: tuple[str, ...] = ()
    sources: Collection[str] = ("env", "file")
    source: str = "/opsbook"
    agent: str = "Opsbook"


class Routes:
    """The ways that are configured. `fetch` gives the secret of a `SOURCE:PATH`; it raises Refusal or Failure."""

    def __init__(self, settings: Settings, fetch: Callable[[str], str]) -> None:
        self._settings = settings
        self._fetch = fetch
        self._server = _mail_server(settings)
        named = tuple(name for name, written in settings.channels.items() if written)
        self._ways = Ways(self._server is not None, named)

    def why_not(self, kind: str) -> str:
        """Why nobody can be reached by a kind of contact, a #channel or an address by itself; empty where they can."""
        return self._ways.why_not(kind)

    def faults(self) -> tuple[str, ...]:
        """What is configured and cannot work now, for its secret cannot be had or holds no address, each in a sentence
        without it. May take long: the program of a source is run."""
        settings = self._settings
        found = [self._fault("notify.smtp", PASSWORD)] if self._server is not None and self._server.user else []
        for name, written in settings.channels.items():
            if self._is_secret(written):
                found.append(self._fault(f"notify.channels.{name}", written, is_address=True))
        found += [self._fault("notify.webhook_secret", name) for name in _names(settings.webhook_secret)]
        return tuple(filter(None, found))

    def _fault(self, key: str, secret: str, *, is_address: bool = False) -> str:
        try:
            value = self._fetch(secret).strip()
        except (Refusal, Failure) as wrong:
            return f"'{key}' of opsbook.toml cannot work: {wrong}"
        if is_address and not SCHEME.match(value) and not is_mail(value.removeprefix("mailto:")):
            return f"'{key}' of opsbook.toml cannot work: the secret {secret} holds no address."
        return ""

    def place(self, kind: str, address: str) -> str:
        """What attempts are counted by that may hang together; cheap, and never shown."""
        if SCHEME.match(address):
            return address.split("/", 3)[2].rpartition("@")[2]
        return address if address.startswith("#") else kind

    def route(self, kind: str, address: str) -> Route | Handed:
        """How a message goes, with the secrets that it needs; or why it cannot."""
        if kind == "email" and not SCHEME.match(address) and (self._server or not self._channel(kind)):
            return self._mail(address)
        if SCHEME.match(address):
            return self._by_scheme(kind, address)
        template = self._channel(address if address.startswith("#") else kind)
        if not template:
            return Handed("failed", self.why_not(address if address.startswith("#") else kind))
        if self._is_secret(template):
            template = self._fetch(template).strip()
        if SCHEME.match(template):
            return self._by_scheme(kind, template.replace("{address}", quote(_bare(kind, address), safe="")))
        return self._mail(template.removeprefix("mailto:"))

    def _channel(self, name: str) -> str:
        return self._settings.channels.get(self._ways.channel(name), "")

    def _is_secret(self, text: str) -> bool:
        source, colon, path = text.partition(":")
        return bool(colon) and source in self._settings.sources and not path.startswith("//")

    def _mail(self, address: str) -> Route | Handed:
        server = self._server
        if server is None:
            return Handed("failed", self.why_not("email"))
        password = self._fetch(PASSWORD) if server.user else ""
        return Route("mail", address, server, password, allowed=self._settings.allowed)

    def _by_scheme(self, kind: str, address: str) -> Route | Handed:
        settings = self._settings
        if not address.lower().startswith(("http://", "https://")) or (kind != "webhook" and _is_known(address)):
            return Route("apprise", address, allowed=settings.allowed, is_titled=kind not in _UNTITLED)
        signers = tuple(self._fetch(name) for name in _names(settings.webhook_secret))
        return Route(
            "web", address, signers=signers, allowed=settings.allowed, source=settings.source, agent=settings.agent
        )


# Addresses that chats themselves hand out; Apprise knows what they want to be sent.
_CHATS = (
    "hooks.slack.com", "discord.com", "discordapp.com", "chat.googleapis.com", "outlook.office.com",
    ".webhook.office.com", ".logic.azure.com", "open.feishu.cn", "open.larksuite.com", "api.telegram.org", "ntfy.sh",
)  # fmt: skip


def _is_known(address: str) -> bool:
    host = (urlsplit(address).hostname or "").lower()
    return any(host == name.lstrip(".") or host.endswith(f".{name.lstrip('.')}") for name in _CHATS)


def _names(secrets: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", secrets) if name]


def _bare(kind: str, address: str) -> str:
    return re.sub(r"[^\d+]", "", address) if kind in ("sms", "phone") else address.strip()


def _mail_server(settings: Settings) -> MailServer | None:
    if not settings.smtp:
        return None
    parts = urlsplit(settings.smtp)
    is_tls = parts.scheme.lower() == "smtps"
    port = parts.port or (465 if is_tls else 587 if parts.username else 25)
    return MailServer(parts.hostname or "localhost", port, unquote(parts.username or ""), is_tls, settings.sender)
