"""A probe as a page asks for it: an address, what is expected of its answer, how often, and from when it counts as ill.

Says what should be asked; asks nothing.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ProbeKind = Literal["http", "tcp", "tls", "dns"]
FAILURES_TO_UNHEALTHY = 3
SUCCESSES_TO_RECOVER = 2
EVERY_S = 60.0  # where a page says nothing
TIMEOUT_S = 10.0


class Expectation(Struct, frozen=True):
    """What an answer must be for the probe to succeed: every part that is given must hold.

    `statuses` are inclusive ranges of HTTP status codes. `json_subset` is JSON text whose members the answer's JSON
    must hold. `within_ms` is the longest time to the whole answer. `left_days` is how long a certificate must
    still be good. `addresses` are what a name must resolve to. `words` is what the page says, for people.
    """

    words: str = "2xx"
    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    contains: tuple[str, ...] = ()
    json_subset: str | None = None
    pattern: str | None = None
    within_ms: float | None = None
    left_days: float | None = None
    addresses: tuple[str, ...] = ()


class Probe(Struct, frozen=True):
    """One probe of a page. `key` tells it from all others of the book and outlives changes of the page elsewhere:
    it is made of the page's path, the kind and the address as written. [start, end) are bytes of the page."""

    key: str
    path: str
    line: int
    start: int
    end: int
    service: str | None
    kind: ProbeKind
    address: str
    expectation: Expectation = Expectation()
    every_s: float = EVERY_S
    timeout_s: float = TIMEOUT_S
    failures: int = FAILURES_TO_UNHEALTHY
    successes: int = SUCCESSES_TO_RECOVER
    follows_redirects: bool = False
    name: str = ""
