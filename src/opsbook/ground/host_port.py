"""`host` and `host:port` as text: the one form that is taken wherever such a thing is written. Resolves nothing."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_WRITTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w-]+(?:\.[\w-]+)*\.?))(?::([0-9]{1,5}))?")


def host_and_port(text: str) -> tuple[str, int | None] | None:
    """The host, without brackets and in lower case, and the port if there is one; None for anything else."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    port = None if written[3] is None else int(written[3])
    if port is not None and not 0 < port < 65536:
        return None
    if written[1] is not None:
        try:
            IPv6Address(written[1])
        except AddressValueError:
            return None
    return (written[1] or written[2]).lower(), port
