"""What the verbs about who is on call take: a time and a severity as they are typed. Answers nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from opsbook.book.instants import Instant, read_instant
from opsbook.book.severity import PRIORITIES, read_severity
from opsbook.ground.errors import Usage


def asked_instant(text: str, zone: str, now: datetime | None = None) -> Instant:
    """The instant that is asked about, as it is `now`; raises Usage for what tells none."""
    found = read_instant(text, now or datetime.now(UTC), zone)
    if found is None:
        raise Usage(
            f"'{text}' is no time. Write it like '2027-03-28 02:30', 'tomorrow 03:10', 'in 2 hours' or"
            " '2027-03-28T02:30:00+02:00'; a time zone such as Europe/Berlin may follow."
        )
    return found


def asked_severity(text: str, words: Mapping[str, str]) -> str:
    """P0 to P3; raises Usage for what means none of them."""
    found = read_severity(text, words)
    if found is None:
        raise Usage(f"'{text}' is no severity. Write {', '.join(PRIORITIES)}, or a word that means one.")
    return found
