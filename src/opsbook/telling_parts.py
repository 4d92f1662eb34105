"""Status updates and subscriptions, put together from a Config: the verbs for doors, and what the engine does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook.book.probe_reach import Reach
from opsbook.config import Config
from opsbook.usecases.kept_subscribers import KeptSubscribers
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.status_updates import StatusUpdates
from opsbook.usecases.subscriptions import Subscriptions
from opsbook.usecases.telling_owed import owed_to
from opsbook.usecases.update_rules import public_names


def build_updates(
    ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> StatusUpdates:
    """The verbs of status updates."""
    kept = KeptSubscribers(ledger, now=_now, chance=secrets.token_bytes)
    return StatusUpdates(
        ledger, book, now=_now, chance=secrets.token_bytes, nudge=nudge, components=public_names,
        owed=owed_to(lambda incident, update: kept.of_update(incident, update, public_names(book(), incident))),
    )  # fmt: skip


def build_subscriptions(
    config: Config, ledger: EngineLedger, nudge: Callable[[], None] = lambda: None
) -> Subscriptions:
    """The verbs of subscriptions."""
    refusal = Reach(config.probe_allow, is_public=True).refusal
    return Subscriptions(ledger, now=_now, chance=secrets.token_bytes, refusal=refusal, nudge=nudge)


def _now() -> datetime:
    return datetime.now(UTC)
