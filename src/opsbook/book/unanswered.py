"""Why an endpoint did not answer, in whole sentences with what to look at. Words only; finds out nothing."""

from __future__ import annotations

from typing import Literal

from opsbook.book.excerpt import shown

Stage = Literal["resolving", "connecting", "greeting", "waiting", "reading"]

_REACHED: dict[Stage, str] = {
    "resolving": "its name was still being looked up. Look at the name servers of this machine",
    "connecting": "no connection was made. The machine may be down, or a firewall drops what is sent to it",
    "greeting": "a connection was made, but not its encryption. Something else than TLS may listen there",
    "waiting": "a connection was made, but nothing was answered. The service hangs, or waits for something behind it",
    "reading": "the answer had begun, but did not end. The service is slow, or the network between loses much",
}


def endpoint(host: str, port: int | str | None, address: str = "") -> str:
    """host:port, with the address that it led to where the host is a name."""
    bare = host.strip("[]")
    led = f" ({address})" if address and address != bare else ""
    named = f"[{bare}]" if ":" in bare else shown(bare)
    return (f"{named}:{port}" if port else named) + led


def unresolved(host: str, said: str = "") -> str:
    """The name leads to no address."""
    more = f" ({shown(said)})" if said else ""
    return f"The name {shown(host)} leads to no address{more}. Look for a slip in it, and at the name servers."


def refused(where: str) -> str:
    """Nobody listens."""
    return f"{where} refuses the connection: nothing listens there. Look whether the service runs, and on which port."


def unreachable(where: str, said: str) -> str:
    """No way leads there."""
    return f"{where} cannot be reached: {shown(said)}. Look at the network and the routes between here and there."


def timed_out(where: str, timeout_s: float, stage: Stage) -> str:
    """The time was over first; `stage` is how far it came."""
    return f"{where} did not answer within {timeout_s:g} s: {_REACHED[stage]}."


def forbidden(host: str, address: str, what: str) -> str:
    """The address is one of those that are refused."""
    led = f"{shown(host)} leads to {address}, which" if host.strip("[]") != address else address
    return f"{led} is {what}, so it was not asked. If it is meant, list the address under probes.allow in opsbook.toml."


def garbled(where: str, said: str) -> str:
    """It answered, but not in the language that was spoken to it."""
    return f"{where} answered, but not as it should: {shown(said)}. Look whether something else listens on that port."
