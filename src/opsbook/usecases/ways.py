"""Which contacts there is a way to as configured. Knows the names of channels, and none of their addresses or secrets.

So whoever only shows plans tells the same as whoever sends.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import Struct

from opsbook.ground.guesses import closest
from opsbook.usecases.alerting_ports import Contact

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# A kind that has no channel of its own goes by another: a telephone takes text messages too.
_INSTEAD = {"phone": "sms", "pager": "push"}


class Ways(Struct, frozen=True):
    """Whether there is a mail server, and the names of `notify.channels` that lead somewhere."""

    has_mail_server: bool = False
    channels: tuple[str, ...] = ()

    def why_not(self, kind: str) -> str:
        """Why nobody can be reached by a kind of contact, a #channel or an address by itself; empty where they can."""
        if _SCHEME.match(kind) or kind == "webhook" or self.channel(kind):
            return ""
        if kind == "email":
            mends = "No mail server is configured: 'notify.smtp' of opsbook.toml names one."
            return "" if self.has_mail_server else mends
        if kind == "channel":
            return "" if any(name.startswith("#") for name in self.channels) else _no_channel("#…")
        return _no_channel(kind, self.channels)

    def why_not_by(self, contact: Contact) -> str:
        """The same of a contact of somebody."""
        return self.why_not(way_of(contact))

    def channel(self, kind: str) -> str:
        """The name of the channel that a kind or a #channel goes by; empty where there is none."""
        named = (kind, kind.removeprefix("#"), _INSTEAD.get(kind, ""))
        return next((name for name in named if name and name in self.channels), "")


def way_of(contact: Contact) -> str:
    """By what a contact is reached: its kind, unless its address says that by itself."""
    says_itself = contact.kind == "channel" or "://" in contact.address
    return contact.address if says_itself else contact.kind


def _no_channel(kind: str, channels: Collection[str] = ()) -> str:
    near = closest(kind, channels)
    guess = f" Did you mean '{near}'?" if near else ""
    return f"'notify.channels' of opsbook.toml says nothing of {kind}.{guess}"
