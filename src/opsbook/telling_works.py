"""What the engine does for status updates and subscriptions, put together from a Config: only the child that pages has
it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook.config import Config
from opsbook.ledger.incident_events import INCIDENTS
from opsbook.ledger.telling_events import TELLINGS
from opsbook.telling_parts import build_subscriptions
from opsbook.usecases.alerting_ports import Notifier
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.engine_loop import Chore, Work
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.kept_subscribers import KeptSubscribers
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.telling import Teller
from opsbook.usecases.telling_parcels import Parcels
from opsbook.usecases.telling_planned import planned_of
from opsbook.usecases.telling_words import TellingWords
from opsbook.usecases.update_reminders import DUE, UpdateReminders

KEEPS_S = 2.0  # how often it is looked at when the next updates are due
FORGETS_S = 3600.0
SPARE_S = 25.0  # beyond the time that an attempt may take, before it is taken for lost


def update_works(
    config: Config, ledger: EngineLedger, book: Callable[[], Book], *, notifier: Notifier, contacts: ContactBook,
    guard: Guarded, address: str, moved: Callable[[], None],
) -> tuple[list[Work], list[Chore]]:  # fmt: skip
    """What the engine does: hands over what is owed, reminds of what is late, forgets what nobody confirmed."""
    kept = KeptSubscribers(ledger, now=_now, chance=secrets.token_bytes)
    parcels = Parcels(contacts, kept, TellingWords(address, now=_now), planned=planned_of(ledger))
    teller = Teller(
        ledger, notifier, parcels, now=_now, guard=guard,
        attempt_s=config.notify_timeout_s + SPARE_S, moved=moved,
    )  # fmt: skip
    reminders = UpdateReminders(ledger, book, now=_now)
    subscriptions = build_subscriptions(config, ledger)
    works = [
        Work(TELLINGS, teller.do, 1000, wanted=teller.has_news, is_under_way=teller.is_busy),
        Work(INCIDENTS, reminders.do, name=DUE),
    ]
    chores = [
        Chore("when status updates are due", KEEPS_S, reminders.keep),
        Chore("subscriptions that nobody confirmed", FORGETS_S, lambda lease: subscriptions.forget_unconfirmed()),
    ]
    return works, chores


def _now() -> datetime:
    return datetime.now(UTC)
