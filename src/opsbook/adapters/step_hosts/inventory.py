"""Where machines are, by what the configuration writes: `USER@ADDRESS:PORT`. Asks none of them."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from msgspec import Struct

from opsbook.ground.host_port import host_and_port

SSH_PORT = 22
# What `useradd` and directories allow; no letter that a shell or a file of host keys would read otherwise.
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,254}")


class Place(Struct, frozen=True):
    """Where a host is: `name` is what people call it, `user` is empty for whoever runs Opsbook."""

    name: str
    address: str
    port: int = SSH_PORT
    user: str = ""

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        port = "" if self.port == SSH_PORT else f":{self.port}"
        return f"{self.user}@{address}{port}" if self.user else f"{address}{port}"


class SshSettings(Struct, frozen=True):
    """How machines are spoken to: `user` where an address names none, empty for whoever runs Opsbook; `known_hosts` is
    the file of pinned keys; `keys` are files of private ones, none for the agent's and those of ~/.ssh; `python` is a
    program's name or path there; `folder` is where it remembers what it does, empty for its own choice. A connection
    that is silent for three times `alive_s` is lost; the machine is then looked for, for `patience_s`."""

    known_hosts: str
    keys: tuple[str, ...] = ()
    user: str = ""
    python: str = "python3"
    folder: str = ""
    patience_s: float = 600.0
    alive_s: float = 5.0
    limit_s: float = 15.0  # to be connected, and again to have a program begin


def read_place(name: str, written: str, user: str = "") -> Place | None:
    """The place of a host called `name`; an empty address is the name itself. None where it is no address.

    A version 6 address stands in brackets where a port follows, and may stand bare where none does.
    """
    who, is_named, where = written.rpartition("@")
    if is_named and not _USER.fullmatch(who):
        return None
    where = where or name
    if where.count(":") > 1 and not where.startswith("["):
        where = f"[{where}]"
    found = host_and_port(where) if _is_plain(where) else None
    return Place(name, found[0], found[1] or SSH_PORT, who or user) if found else None


def _is_plain(where: str) -> bool:
    """Bare digits with colons are a version 6 address only where they are one; a name begins with no hyphen."""
    if where.startswith("["):
        try:
            IPv6Address(where[1:].partition("]")[0])
        except AddressValueError:
            return False
    return not where.startswith("-")
