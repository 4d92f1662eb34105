"""The incidents of the shop, for pictures and for whoever wants a night of it: three that are over, one that goes on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tests.entrypoints.paged_alerts import ALERT, PAGE, lay_alerts

from opsbook.book.impact import Impact
from opsbook.config import load
from opsbook.desk_parts import build_desk
from opsbook.ledger.incident_events import Members
from opsbook.usecases.desk import Desk
from opsbook.usecases.incident_acts import Declaration, Incidents

LIVE = 4  # the number of the one that goes on
FIRST = (ALERT, "261126-031002-aaab", "261126-031004-aaac")


def lay_night(root: Path) -> None:
    """Fills the ledger of the shop in a folder, which nobody serves yet, with alerts and incidents."""
    config = load(book=str(root / "docs" / "operations"), environ={})
    with build_desk(config, "http://127.0.0.1:8000") as desk:
        desk.library.wait_whole(20)
        lay_alerts(desk.ledger, desk.now())
        lay_incidents(desk)


def lay_incidents(desk: Desk) -> None:
    """The incidents alone, as people declared and led them."""
    now = desk.now()
    _over(desk, now)
    acts = at(desk, lambda: now - timedelta(minutes=3, seconds=20))
    impact = Impact(40.0, ("pay by card",), "none", False, "partial", (), "Nobody can pay by card; carts are kept.")
    acts.declare(
        Declaration(
            "No payment goes through", impact=impact, members=Members(FIRST, (PAGE,), (), ("payments",)),
            summary="The bank refuses our connections since its certificate was rotated.",
        ),
        "Kim Okafor",
    )  # fmt: skip
    acts.acknowledge(LIVE, "Kim Okafor")
    later = at(desk, lambda: now - timedelta(minutes=2))
    later.assign(LIVE, "Kim Okafor", "communications", "Ana Sousa")
    later.note(LIVE, "Kim Okafor", "The bank answers with a certificate that ended at **02:59 UTC**.")
    later.add_task(LIVE, "Kim Okafor", "Call the bank's operations")
    later.add_task(LIVE, "Kim Okafor", "Switch card payments to the second provider", owner="Ana Sousa")
    latest = at(desk, lambda: now - timedelta(seconds=50))
    latest.set_task(LIVE, "Kim Okafor", 1, "done")
    latest.move(LIVE, "Kim Okafor", "identified", why="The certificate of the bank has ended")
    latest.note(LIVE, "Ana Sousa", "We switch to the second provider; the bank needs an hour.", kind="decision")


def at(desk: Desk, now: Callable[[], datetime]) -> Incidents:
    """The verbs of incidents at another time."""
    return Incidents(
        desk.ledger, desk.library.snapshot, desk.alert_desk.pages, now=now, chance=secrets.token_bytes  # type: ignore[arg-type]
    )  # fmt: skip


def _over(desk: Desk, now: datetime) -> None:
    for days, minutes, title, severity, service, by, is_drill in (
        (40, 47, "Card payments fail after a deploy", "P1", "checkout", "Ana Sousa", False),
        (12, 25, "The database moves to its replica", "P2", "database", "Jo Lind", True),
        (3, 64, "Mails come an hour late", "P3", "mail", "Kim Okafor", False),
    ):
        begun = now - timedelta(days=days)
        acts = at(desk, lambda begun=begun: begun)  # type: ignore[misc]
        made = acts.declare(
            Declaration(title, severity, "As it looked.", members=Members(services=(service,)), is_drill=is_drill), by
        )
        acts.acknowledge(made.number, by)
        ended = begun + timedelta(minutes=minutes)
        over = at(desk, lambda ended=ended: ended)  # type: ignore[misc]
        over.promise(made.number, by, f"Watch {service} closer", owner=by, due=f"{ended + timedelta(days=30):%Y-%m-%d}")
        over.edit(made.number, by, "resolution", "It was rolled back.")
        over.move(made.number, by, "resolved")
