"""What the customers of the shop were told, for its public status page."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from opsbook.ledger import incident_events as events
from opsbook.ledger import maintenance
from opsbook.ledger.event import Draft
from opsbook.usecases.ids import run_id
from opsbook.usecases.ledger_ports import EngineLedger

Told = tuple[timedelta, tuple[Draft, ...]]  # how long ago, and what happened


def lay_status(ledger: EngineLedger, at: datetime) -> None:
    """One incident that goes on, one that is over, and work that is planned."""
    _lay(ledger, at, 8101, "Acquirer times out", [
        (timedelta(minutes=52), _told(1, "**Card payments are delayed**\n\nSince 08:10 UTC some card payments take minutes, or"
                                         " fail. Invoices work. We will write again within 30 minutes.",
                                      Paying="partial_outage")),
        (timedelta(minutes=40), (events.moved("identified"),)),
        (timedelta(minutes=24), _told(2, "The cause is known: our acquirer answers slowly. Payments that failed were not"
                                         " charged; please try again. We will write again within 30 minutes.",
                                      Paying="degraded")),
    ])  # fmt: skip
    _lay(ledger, at - timedelta(days=3), 8100, "Mail queue stuck", [
        (timedelta(hours=3), _told(1, "**Receipts are late**\n\nMails from the last hour have not left yet. None is lost.",
                                   Mails="degraded")),
        (timedelta(hours=1), (*_told(2, "All mails have left."), events.moved("resolved"))),
    ])  # fmt: skip
    begins = at.replace(minute=0) + timedelta(days=2)
    ledger.append(maintenance.MAINTENANCES + run_id(at, secrets.token_bytes(4)), [maintenance.announced(
        title="A new database for orders", body="Buying may pause for a few seconds, twice.", starts_at=begins,
        ends_at=begins + timedelta(hours=1), components=("Buying",),
    )], expected=0, actor="ana", at=at)  # fmt: skip


def _lay(ledger: EngineLedger, at: datetime, number: int, title: str, told: list[Told]) -> None:
    first = at - told[0][0] - timedelta(minutes=5)
    stream = events.INCIDENTS + run_id(first, secrets.token_bytes(4))
    declared = events.declared(number=number, title=title, state="investigating", severity="P1", severity_why="")
    ledger.append(stream, [declared], expected=0, actor="ana", at=first)
    for ago, drafts in told:
        ledger.append(stream, drafts, expected=None, actor="ana", at=at - ago)


def _told(update: int, body: str, **components: str) -> tuple[Draft, ...]:
    return (
        events.update_drafted(update, audience="customers", body=body, components=components),
        events.update_published(update, ()),
    )
