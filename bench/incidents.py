"""Incidents: one with very many entries folded, and a filtered list of very many. No peer does either by itself."""

from __future__ import annotations

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.table import Broken, Row, show, verdict

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.incident import claim_of, folded, stream_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.incident_acts import Incidents
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.library import Book
from opsbook.usecases.page_plan import BookAddresses
from opsbook.usecases.pages import Pages
from opsbook.usecases.waking import Waking

ENTRIES, INCIDENTS = 10_000, 10_000
ROUNDS = 20
AIM_MS = 50.0
AT_ONCE = 500  # incidents of one record
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SERVICES = ("api", "web", "mail", "database", "search")


def rows() -> list[Row]:
    """The fold, the list as it is first asked for, filtered, and after somebody wrote an entry."""
    made = [_row(f"incident of {ENTRIES:,} entries folded", folding(list(entries(ENTRIES))))]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteLedger(str(Path(folder) / "opsbook.db"), views=VIEWS)) as ledger,
    ):
        filled(ledger, INCIDENTS)
        acts = verbs(ledger)
        took, found = timed(lambda: acts.select())
        if not found:
            raise Broken("no incident is listed")
        made.append(Row(f"{INCIDENTS:,} incidents read for the first list", f"{took:.0f} ms"))
        made.append(_row(f"list of {INCIDENTS:,} incidents, filtered", listing(acts)))
        made.append(_row("the same after an entry of another", listing(acts, before=lambda: noted(acts))))
    return made


def _row(what: str, took_ms: float) -> Row:
    return Row(what, f"{took_ms:.1f} ms", aim=f"≤ {AIM_MS:.0f} ms", reached=verdict(took_ms <= AIM_MS))


def folding(told: list[Event]) -> float:
    """How long the fold of these takes, the median of several."""
    def fold() -> None:
        incident = folded(told)
        if incident is None or incident.version != len(told):
            raise Broken("the fold left events out")

    return median_ms(fold)


def listing(acts: Incidents, *, before: Callable[[], object] = lambda: None) -> float:
    """How long a filtered list takes, the median of several, each after something that is not counted."""
    asked: list[dict[str, object]] = [
        {"severities": ["P1"], "service": "mail"}, {"words": "incident 77"}, {"is_live": True},
        {"statuses": ["Resolved"], "since": BEGIN + timedelta(hours=1)},
    ]  # fmt: skip
    took = []
    for at in range(ROUNDS):
        before()
        one, found = timed(lambda at=at: acts.select(**asked[at % len(asked)]))  # type: ignore[misc]
        if not found:
            raise Broken(f"nothing is found by {asked[at % len(asked)]}")
        took.append(one)
    return statistics.median(took)


def noted(acts: Incidents) -> None:
    """An entry of one of them."""
    acts.note(1, "ada", "We look at it")


def entries(count: int) -> Iterator[Event]:
    """An incident of so many events: mostly entries, and now and then something that changes it."""
    drafts = [declared(1), *(_entry(number) for number in range(2, count + 1))]
    for number, draft in enumerate(drafts, 1):
        at = BEGIN + timedelta(seconds=number)
        yield Event("incident/a", number, number, at, "ada", draft.kind, draft.facts, NO_HASH, NO_HASH)


def _entry(number: int) -> Draft:
    if number % 50 == 0:
        return events.task_set(number // 50 % 20, f"Look at {number}", "done")
    if number % 60 == 0:
        return events.rated("P1" if number % 120 else "P2", "It changes")
    return events.noted(f"Entry {number}: what somebody saw, in a sentence as people write them.")


def declared(number: int) -> Draft:
    """The first event of an incident."""
    members = events.Members(services=(SERVICES[number % len(SERVICES)],))
    return events.declared(
        number=number, title=f"Incident {number} of the year", state="investigating",
        severity=f"P{number % 4}", severity_why="as somebody says", members=members,
        happened_at=BEGIN + timedelta(minutes=10 * number),
    )  # fmt: skip


def filled(ledger: SqliteLedger, count: int) -> None:
    """A ledger with so many incidents, of which one in fifty is not over."""
    for start in range(1, count + 1, AT_ONCE):
        writes: list[Write] = []
        for number in range(start, min(start + AT_ONCE, count + 1)):
            id = f"260101-000000-{number:06}"
            over = [] if number % 50 == 0 else [events.moved("resolved")]
            writes += [
                Write(stream_of(id), (declared(number), *over), 0),
                Write(claim_of(number), (events.numbered(id),), 0),
            ]
        ledger.record(writes, actor="ada", at=BEGIN + timedelta(days=365))


def verbs(ledger: SqliteLedger) -> Incidents:
    """The verbs over a ledger and an empty book."""
    book = Book(1, None, {})
    alerts = Alerts(ledger, now=lambda: datetime.now(UTC), ack_timeout_s=1800.0)
    pages = Pages(
        ledger, now=lambda: datetime.now(UTC), chance=secrets.token_bytes, alerts=alerts, ack_timeout_s=1800.0,
        waking=Waking(lambda: book, BookAddresses(book)),
    )  # fmt: skip
    return Incidents(ledger, lambda: book, pages, now=lambda: datetime.now(UTC), chance=secrets.token_bytes)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How many milliseconds a piece of work takes, and what it gives."""
    began = time.perf_counter()
    found = work()
    return (time.perf_counter() - began) * 1000, found


def median_ms(work: Callable[[], object]) -> float:
    """How long a piece of work takes, the median of several times."""
    return statistics.median(timed(work)[0] for _ in range(ROUNDS))


def main() -> int:
    """Prints the rows; `python -m bench.incidents`."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
