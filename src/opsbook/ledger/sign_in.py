"""Wrong passwords and how long to wait after them: by account and by the address they come from. Pure.

Failures are events, so that a restart forgets none. They are kept in a stream for each day, because only those of the
last hour count, and the rest need not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from opsbook.ledger.event import Draft, Event

FAILED = "SignInFailed"
STREAMS = "sign-in/"
WINDOW = timedelta(hours=1)  # a failure counts for so long
# So many wrong passwords are free. An address may be that of a whole office, so it has more of them.
FREE_BY_ACCOUNT, FREE_BY_SOURCE = 5, 20
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)  # doubled with each failure
_DOUBLINGS = 5  # 30 s × 2⁵ is more than the longest wait


def stream_at(at: datetime) -> str:
    """The stream of the failures of a day."""
    return f"{STREAMS}{at.date().isoformat()}"


def streams_that_count(at: datetime) -> tuple[str, ...]:
    """The streams in which failures that still count may be."""
    return tuple(dict.fromkeys((stream_at(at - WINDOW), stream_at(at))))


def sign_in_failed(account: str | None, source: str) -> Draft:
    """Somebody gave a wrong password. `account` is None where no such account is: what was typed may be a password."""
    return Draft(FAILED, {"account": account, "source": source})


def keys_of(event: Event) -> Iterator[str]:
    """What a failure counts against."""
    if event.facts["account"]:
        yield account_key(event.facts["account"])
    if event.facts["source"]:
        yield source_key(event.facts["source"])


def account_key(name: str) -> str:
    """What failures for an account count against."""
    return f"account {name}"


def source_key(source: str) -> str:
    """What failures from an address count against: the first 64 bits of IPv6, as whoever has one has them all."""
    try:
        address = ip_address(source)
    except ValueError:
        return f"source {source}"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return f"source {address.ipv4_mapped}"
        return f"source {ip_network((int(address), 64), strict=False)}"
    return f"source {address}"


def free_of(key: str) -> int:
    """How many failures are free."""
    return FREE_BY_ACCOUNT if key.startswith("account ") else FREE_BY_SOURCE


def wait_until(failures: Sequence[datetime], free: int, under_way: int = 0) -> datetime | None:
    """When the next password may be tried after these failures, the oldest first; None when it may at once.

    Passwords that are being looked at count as wrong until they are found right, so that many at once gain nothing.
    """
    beyond = len(failures) + under_way - free
    if beyond < 0 or not failures:
        return None
    return failures[-1] + min(FIRST_WAIT * (1 << min(beyond, _DOUBLINGS)), LONGEST_WAIT)
