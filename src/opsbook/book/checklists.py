"""What the policy page wants done during an incident: task lists for roles and severities. Ticks none off."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.incident_policy import Policy


class Item(Struct, frozen=True):
    """Something to be done: `role` is empty where it is everybody's, `origin` is `path#anchor`."""

    text: str
    role: str = ""
    origin: str = ""


def checklist(policy: Policy, path: str, severity: str, given: tuple[str, ...] = ()) -> Iterator[Item]:
    """What is to be done at a severity, for everybody and for each role, in the order of the page; nothing of what was
    `given` before, by its words."""
    yield from ()
