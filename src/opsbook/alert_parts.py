"""The verbs of alerts, silences, pages and contacts, put together from a Config. Sends nothing and holds no secret."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook.config import Config
from opsbook.usecases.alert_board import Board
from opsbook.usecases.alert_desk import AlertDesk
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.opsgenie_view import OpsgenieView
from opsbook.usecases.pages import Pages
from opsbook.usecases.paging_audit import audit
from opsbook.usecases.paging_measures import measured
from opsbook.usecases.path_test import PathTests
from opsbook.usecases.shared_calendars import SharedCalendars
from opsbook.usecases.silences import Silences
from opsbook.usecases.waking import Waking
from opsbook.usecases.ways import Ways
from opsbook.wire import build_senders


def build_alert_desk(
    config: Config, ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> AlertDesk:
    """The verbs over a ledger and the book as it is at the time; `nudge` wakes whoever routes what was received."""
    contacts = build_contacts(ledger, book, nudge)
    ways = build_ways(config)
    board = Board(ledger)
    alerts = Alerts(ledger, now=_now, ack_timeout_s=config.ack_timeout_s, board=board)
    senders = build_senders(config, ledger, nudge)
    return AlertDesk(
        receiving=senders.receiving,
        inlets=senders.inlets,
        bodies=senders.bodies,
        heartbeats=senders.heartbeats,
        alerts=alerts,
        board=board,
        opsgenie=OpsgenieView(alerts, ledger),
        silences=build_silences(ledger),
        pages=build_pages(config, ledger, book, nudge),
        contacts=contacts,
        addresses=contacts,
        catch_all=config.catch_all,
        ways=ways,
        calendars=build_calendars(ledger),
        audit=lambda: audit(ledger, _now()),
        measured=lambda: measured(ledger, _now()),
    )


def build_alerts(config: Config, ledger: EngineLedger) -> Alerts:
    """The verbs of alerts alone, for the command line."""
    return Alerts(ledger, now=_now, ack_timeout_s=config.ack_timeout_s)


def build_silences(ledger: EngineLedger) -> Silences:
    """The verbs of silences alone."""
    return Silences(ledger, now=_now, chance=secrets.token_bytes)


def build_pages(
    config: Config, ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> Pages:
    """The pages of a ledger; `nudge` wakes whoever sends what they owe."""
    contacts = build_contacts(ledger, book, nudge)
    return Pages(
        ledger, now=_now, chance=secrets.token_bytes, ack_timeout_s=config.ack_timeout_s, nudge=nudge,
        waking=Waking(book, contacts, config.catch_all, config.ack_timeout_s), alerts=build_alerts(config, ledger),
    )  # fmt: skip


def build_path_tests(config: Config, ledger: EngineLedger) -> PathTests:
    """The tests of the whole path, as people ask for them."""
    return PathTests(ledger, config.synthetic, now=_now)


def build_contacts(
    ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> ContactBook:
    """How people are reached, by the book and by what they told Opsbook alone."""
    return ContactBook(ledger, book, now=_now, chance=secrets.token_bytes, nudge=nudge)


def build_ways(config: Config) -> Ways:
    """Which contacts there is a way to as configured."""
    return Ways(bool(config.smtp), tuple(name for name, written in config.channels.items() if written))


def build_calendars(ledger: EngineLedger) -> SharedCalendars:
    """The secret addresses of calendars that a ledger knows."""
    return SharedCalendars(ledger, now=_now, chance=secrets.token_bytes)


def _now() -> datetime:
    return datetime.now(UTC)
