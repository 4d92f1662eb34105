"""Who is really at the other end, and by which scheme they came: believes only the proxies that it was told of."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from litestar.types import Scope

from opsbook.ground.errors import Usage

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Peers:
    """Reads X-Forwarded-For and X-Forwarded-Proto, from trusted proxies alone.

    The client is the last address of the list that is no trusted proxy: whatever stands before it, anybody may have
    written there.
    """

    def __init__(self, trusted: Sequence[str], place: str = "serve.trusted_proxies") -> None:
        self.trusted = [_network(each, place) for each in trusted]

    def seen(self, scope: Scope) -> Scope:
        """The scope with the client's own address and scheme in the place of the proxy's."""
        client = scope.get("client")
        if not self.trusted or client is None or not self.is_trusted(client[0]):
            return scope
        forwarded, scheme = _forwarded(scope)
        address = next((each for each in reversed(forwarded) if not self.is_trusted(each)), client[0])
        seen = dict(scope)
        seen["client"] = (address, client[1])
        if scheme in ("http", "https"):
            seen["scheme"] = scheme
        return seen  # type: ignore[return-value]

    def is_trusted(self, address: str) -> bool:
        """Whether an address is one of the trusted proxies; what is no address is not."""
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.trusted)


def _forwarded(scope: Scope) -> tuple[list[str], str]:
    addresses: list[str] = []
    scheme = ""
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            addresses += [each.strip() for each in value.decode("latin-1").split(",")]
        elif name == b"x-forwarded-proto":
            scheme = value.decode("latin-1").rpartition(",")[2].strip().lower()
    return addresses, scheme


def _network(written: str, place: str) -> Network:
    try:
        return ipaddress.ip_network(written, strict=False)
    except ValueError as wrong:
        raise Usage(
            f"{place}: '{written}' is neither an address nor a network. Write 10.0.0.7 or 10.0.0.0/8."
        ) from wrong
