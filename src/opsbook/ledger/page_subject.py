"""What a page of alerts is called: its name, how many alerts it is for, and by which labels they differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

LONGEST = 300  # letters of a subject
_NAMED = 2  # labels that are named; of more it says how many
_COUNTED = re.compile(r": (?:\d+ of )?\d+ alerts(?:, by .*)?$")


def subject_of(name: str, live: int, gone: int, differing: Sequence[str]) -> str:
    """The subject of several alerts: all of them, or how many of them still fire where some do not."""
    among = f"{live} of {live + gone}" if live and gone else f"{live + gone}"
    by = f", by {_list(differing)}" if differing else ""
    told = f": {among} alerts{by}"
    return name[: LONGEST - len(told)] + told


def name_in(subject: str) -> str:
    """The name in a subject of before pages told their names by themselves."""
    return _COUNTED.sub("", subject)


def differing(labels: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """The labels in which these differ, in the order in which they are met."""
    found: dict[str, None] = {}
    first: Mapping[str, str] | None = None
    for each in labels:
        if first is None:
            first = each
        elif each != first:
            found |= dict.fromkeys(name for name in (*first, *each) if first.get(name) != each.get(name))
    return tuple(found)


def _list(names: Sequence[str]) -> str:
    named = [name[:40] for name in names[:_NAMED]]
    left = len(names) - len(named)
    return ", ".join(named) + f" and {left} more" if left else " and ".join(named)
