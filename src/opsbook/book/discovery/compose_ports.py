"""The ports of a Compose service: where each is reached on the machine that runs it. Guesses no port that it is not
told."""

from __future__ import annotations

import re

from msgspec import Struct

from opsbook.book.discovery import located
from opsbook.book.discovery.words import filled
from opsbook.ground.yaml_nodes import Node, Scalar

_SHORT = re.compile(
    r"(?:(?:(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<ip>[^:\[\]]*)):)?(?P<host>\d*(?:-\d+)?):)?(?P<inner>\d+(?:-\d+)?)"
    r"(?:/(?P<kind>tcp|udp|sctp))?\Z"
)
_ANY_ADDRESS = frozenset(("", "0.0.0.0", "::", "127.0.0.1", "localhost"))


class Port(Struct, frozen=True, gc=False):
    """A port that the container listens on; `reached` is host:port on its machine, or "" where nothing publishes it.
    `is_fixed`: two containers cannot both have it."""

    inner: str
    reached: str
    kind: str = "tcp"
    is_fixed: bool = False


def read_ports(service: Node) -> tuple[tuple[Port, ...], tuple[str, ...]]:
    """The ports that the service publishes or exposes, and those as written whose variables have no default."""
    if located.text(service, "network_mode") == "host":
        return (), ()
    found: list[Port] = []
    unknown: list[str] = []
    for item in located.items(service, "ports"):
        ports = _long(item) if isinstance(item, dict) else _short(item.text) if isinstance(item, Scalar) else ()
        if ports is None:
            unknown.append(item.text if isinstance(item, Scalar) else located.text(item, "published"))
        else:
            found += ports
    for scalar in located.scalars(service, "expose"):
        words = (filled(scalar.text) or "").partition("/")
        if words[0].isdigit() and not any(port.inner == words[0] for port in found):
            found.append(Port(words[0], "", words[2] or "tcp"))
    return tuple(found), tuple(unknown)


def _short(words: str) -> tuple[Port, ...] | None:
    known = filled(words)
    match = _SHORT.match(known or "")
    if match is None:
        return None
    return _ports(match["v6"] or match["ip"] or "", match["host"] or "", match["inner"], match["kind"] or "tcp")


def _long(item: Node) -> tuple[Port, ...] | None:
    inner = filled(located.text(item, "target"))
    host = filled(located.text(item, "published"))
    if not inner or host is None or not re.fullmatch(r"\d+", inner) or not re.fullmatch(r"\d*(-\d+)?", host):
        return None
    return _ports(filled(located.text(item, "host_ip")) or "", host, inner, located.text(item, "protocol") or "tcp")


def _ports(address: str, host: str, inner: str, kind: str) -> tuple[Port, ...]:
    low, high = _range(inner)
    if not host:
        return tuple(Port(str(port), "", kind) for port in range(low, high + 1))
    host_low, host_high = _range(host)
    if host_high - host_low != high - low:
        # One port within, any free one of many outside: nobody knows which, and several copies find room.
        return (Port(inner, "", kind),) if low == high else ()
    on = "127.0.0.1" if address in _ANY_ADDRESS else f"[{address}]" if ":" in address else address
    return tuple(Port(str(port), f"{on}:{host_low + port - low}", kind, is_fixed=True) for port in range(low, high + 1))


def _range(words: str) -> tuple[int, int]:
    """The ends of a range of ports; a wide one is cut, as nobody reads hundreds."""
    low, _, high = words.partition("-")
    first = int(low) if low and len(low) < 7 else 0
    last = int(high) if high and len(high) < 7 else first
    return first, max(first, min(last, first + 20))
