"""The channels that a policy page names for its updates, as names; whom each means is the notifier's and the book's.
"""

from __future__ import annotations

import re

from opsbook.usecases.alerting_ports import Addresses, Contact
from opsbook.usecases.contact_forms import by_itself, masked

_PARTS = re.compile(r"[,;\n]|\s+and\s+|\s+und\s+")
_KINDS = ("mail:", "mailto:", "e-mail:", "email:")


def channels_in(written: str) -> tuple[str, ...]:
    """The names in `#ops, mail:team@example.org`, each once; `none` is none."""
    names = (part.strip(" `<>.*") for part in _PARTS.split(written))
    return tuple(dict.fromkeys(name for name in names if name and name.lower() not in ("none", "-", "–", "—", "n/a")))


def bare_name(name: str) -> str:
    """A channel's name without the kind before it: `mail:team@example.org` is `team@example.org`."""
    plain = name.strip()
    for lead in _KINDS:
        if plain.lower().startswith(lead):
            plain = plain[len(lead) :].strip()
    return plain


def contact_of(name: str, addresses: Addresses) -> Contact:
    """How a channel is reached: an address by itself, somebody by name, else what `notify.channels` calls so."""
    plain = bare_name(name)
    found = [each for each in addresses.reachable(plain).contacts if each.is_enabled]
    return found[0] if found else Contact(plain, "channel" if plain.startswith("#") else plain, plain, plain, "channel")


def shown_as(name: str) -> str:
    """A channel as people may see it: of addresses with secrets in them only what tells them apart."""
    alone = by_itself(name)
    return name if alone is None or alone[0] == "email" else masked(*alone)
