"""What is asked of a monitoring server, as small values and one port. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct


class ServerRule(Struct, frozen=True, kw_only=True):
    """A rule as the server runs it. `kind` is alert or record; `state` of an alert inactive, pending or firing; `hold`
    and `keep_firing` are its durations; `file` and `group` where the server read it; `error` is its last one."""

    kind: Literal["alert", "record"]
    name: str
    expression: str
    group: str
    file: str = ""
    interval: timedelta = timedelta()
    hold: timedelta = timedelta()
    keep_firing: timedelta = timedelta()
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    state: str = ""
    error: str = ""
    firing: int = 0  # how many of its alerts fire or are pending now


class Target(Struct, frozen=True, kw_only=True):
    """What the server scrapes. `job` and `address` as configured, `labels` without the server's own; `is_up` is None
    before the first scrape."""

    job: str
    address: str
    url: str = ""
    labels: Mapping[str, str] = {}
    discovered: Mapping[str, str] = {}
    is_up: bool | None = None
    error: str = ""


class Series(Struct, frozen=True):
    """One line of a graph: its labels, and its points as (seconds since 1970, value) in the order of time."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class Monitored(Protocol):
    """A Prometheus, or what answers as one. Each raises Failure where it cannot tell, within its own time limit."""

    @property
    def address(self) -> str:
        """Where it is, without a password; empty where none is configured, and then every question raises Failure."""
        ...

    def rules(self) -> tuple[ServerRule, ...]:
        """All rules that it runs, in its order."""
        ...

    def metric_names(self) -> frozenset[str]:
        """The names of all series that it keeps, some of which may be of long ago."""
        ...

    def present(self, names: frozenset[str], now: datetime, within: timedelta) -> frozenset[str]:
        """Which of the names it has had a series of within that time before `now`."""
        ...

    def targets(self) -> tuple[Target, ...]:
        """All that it scrapes now."""
        ...

    def over(self, expressions: tuple[str, ...], start: datetime, end: datetime, step: timedelta) -> (
        tuple[tuple[Series, ...] | str, ...]
    ):  # fmt: skip
        """What each expression was from `start` to `end`, asked side by side; in place of one that the server refuses
        stands why. Raises Failure only where the server does not answer at all."""
        ...
