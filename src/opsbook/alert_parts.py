"""The verbs of alerts, silences, pages and contacts, put together from a Config. Sends nothing and holds no secret."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook.config import Config
from opsbook.usecases.alert_board import Board
from opsbook.usecases.alert_desk import AlertDesk
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.bodies import Bodies
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.heartbeats import Heartbeats
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.opsgenie_view import OpsgenieView
from opsbook.usecases.pages import Pages
from opsbook.usecases.receive import Receiving
from opsbook.usecases.silences import Silences


def build_alert_desk(
    config: Config, ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> AlertDesk:
    """The verbs over a ledger and the book as it is at the time; `nudge` wakes whoever routes what was received."""
    chance = secrets.token_bytes
    contacts = ContactBook(ledger, book, now=_now, chance=chance)
    alerts = Alerts(ledger, now=_now, ack_timeout_s=config.ack_timeout_s)
    receiving = Receiving(ledger, now=_now, chance=chance, nudge=nudge)
    inlets = Inlets(ledger, now=_now, chance=chance)
    return AlertDesk(
        receiving=receiving,
        inlets=inlets,
        bodies=Bodies(ledger, inlets, receiving, now=_now, keep_days=config.raw_keep_days),
        heartbeats=Heartbeats(ledger, now=_now, chance=chance, nudge=nudge),
        alerts=alerts,
        opsgenie=OpsgenieView(alerts, ledger),
        board=Board(ledger),
        silences=build_silences(ledger),
        pages=Pages(ledger, now=_now, ack_timeout_s=config.ack_timeout_s),
        contacts=contacts,
        addresses=contacts,
        catch_all=config.catch_all,
    )


def build_silences(ledger: EngineLedger) -> Silences:
    """The verbs of silences alone."""
    return Silences(ledger, now=_now, chance=secrets.token_bytes)


def _now() -> datetime:
    return datetime.now(UTC)
