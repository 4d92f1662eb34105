"""The verb page plan: which escalation holds for a service and a severity, and whom it would page when, by what, why.

Pages nobody. The same choice is frozen into a page when it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.page_events import FrozenPolicy
from opsbook.usecases.alerting_ports import Addresses
from opsbook.usecases.library import Book


class PlannedStep(Struct, frozen=True):
    """Somebody who would be paged: how many seconds after the first, at which level, by which kinds of contact, why.
    `person` is empty where a level reaches nobody, and `why` then says so."""

    after_s: float
    level: int
    person: str
    channels: tuple[str, ...]
    why: str


class PagePlan(Struct, frozen=True):
    """What would happen: the policy that was chosen, and all that it pages, in the order of time. `why_nobody` is a
    sentence where nobody is paged for this severity at all."""

    at: datetime
    service: str | None
    severity: str
    policy: FrozenPolicy | None
    steps: tuple[PlannedStep, ...]
    why_nobody: str = ""


def policy_for(
    book: Book, service: str | None, severity: str, *, commit: str | None, catch_all: Sequence[str] = (),
    ack_timeout_s: float | None = None,
) -> tuple[FrozenPolicy | None, str]:  # fmt: skip
    """The escalation of a service at a severity, and why it is that one. None where nobody is to be paged for it, with
    the reason: only P3 that no page of the book speaks of. A severity that the book forgets falls to `catch_all`."""
    raise NotImplementedError


def page_plan(
    book: Book, service: str | None, severity: str, at: datetime, *, addresses: Addresses, commit: str | None = None,
    catch_all: Sequence[str] = (),
) -> PagePlan:  # fmt: skip
    """Who would be paged at an instant, and then at the instants of the further levels."""
    raise NotImplementedError


def people_of(book: Book, target: str, at: datetime) -> tuple[tuple[str, str], ...]:
    """Whom a target of a level means at an instant, as (name, why); a #channel or an address is itself. Empty where
    nobody is on call."""
    raise NotImplementedError
