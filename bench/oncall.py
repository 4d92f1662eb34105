"""Who is on call over a year, by a schedule with everything that schedules have. No peer answers that from a page."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from bench.table import Broken, Row, show, verdict

from opsbook.book.page import read_page
from opsbook.book.roster.calendar import on_call, shifts
from opsbook.book.roster.reading import read_roster
from opsbook.book.roster.values import Schedule

ROUNDS = 30
AIM_MS = 20.0
START = datetime(2026, 11, 26, tzinfo=UTC)


def rows() -> list[Row]:
    """A year of shifts, and one instant."""
    schedule = written()
    year = median_ms(lambda: len(shifts(schedule, START, START + timedelta(days=365))))
    once = median_ms(lambda: len(on_call(schedule, START)))
    count = len(shifts(schedule, START, START + timedelta(days=365)))
    what = f"oncall over a year, {count} shifts"
    return [
        Row(what, f"{year:.1f} ms", aim=f"≤ {AIM_MS:.0f} ms", reached=verdict(year <= AIM_MS)),
        Row("oncall at one instant", f"{once:.1f} ms", aim=f"≤ {AIM_MS:.0f} ms", reached=verdict(once <= AIM_MS)),
    ]


def written() -> Schedule:
    """Two layers by day and by week, an override a week, and twelve holidays."""
    monday = date(2026, 11, 30)
    swaps = "".join(
        f"| {monday + timedelta(weeks=week)} 09:00 | {monday + timedelta(weeks=week, days=1)} 09:00 | @dan |\n"
        for week in range(52)
    )
    holidays = "".join(f"| 2027-{month:02}-05 | Holiday |\n" for month in range(1, 13))
    text = (
        "# On-Call\n\n## Primary\n\n- **Time Zone:** Europe/Copenhagen\n\n"
        "| Rotation | Start | Hand-Over | Participants | Hours |\n|-|-|-|-|-|\n"
        "| daily | 2026-01-05 | 09:00 | @ada, @ben, @cem | Mon–Fri 09:00–17:00 |\n"
        "| weekly | 2026-01-05 | Friday 17:00 | @eve, @fay | always |\n\n"
        f"### Overrides\n\n| From | To | On Call |\n|-|-|-|\n{swaps}\n"
        f"### Holidays\n\n| Date | Holiday |\n|-|-|\n{holidays}"
    )
    found = read_roster(read_page("on-call.md", text.encode())).schedules
    if len(found) != 1 or found[0].flaws:
        raise Broken("the schedule is not read")
    return found[0]


def median_ms(work: Callable[[], int]) -> float:
    """How long a piece of work takes, the median of many times."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        if not work():
            raise Broken("nobody is on call")
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def main() -> int:
    """Prints the rows; `python -m bench.oncall`."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
