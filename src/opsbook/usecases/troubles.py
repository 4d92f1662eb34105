"""The verb troubles: what keeps the server itself from telling the truth, in sentences. Mends nothing."""

from __future__ import annotations

from opsbook.ground.errors import Failure
from opsbook.usecases.desk import Desk
from opsbook.usecases.imported_calendars import calendar_troubles
from opsbook.usecases.unreachable import unreachable


def troubles(desk: Desk) -> tuple[str, ...]:
    """What is wrong with the server's own book, ledger and watch now, each in a sentence; empty when nothing is."""
    calendars = calendar_troubles(desk.library.snapshot(), desk.now())
    found = [desk.library.trouble(), *desk.watch.troubles().values(), ledger_trouble(desk), *paging_troubles(desk),
             *calendars, *_unreachable(desk)]  # fmt: skip
    return tuple(dict.fromkeys(each for each in found if each))


def paging_troubles(desk: Desk) -> tuple[str, ...]:
    """What keeps alerts from being routed and people from being paged; nothing where no engine ever ran on this
    ledger, as where only the web door is open."""
    try:
        found = desk.alert_desk.audit()
    except Failure:  # the ledger's own trouble says it
        return ()
    return found.troubles if found.beat_at is not None else ()


def _unreachable(desk: Desk) -> tuple[str, ...]:
    """What keeps people from being woken, by the book and the settings."""
    book, held = desk.library.snapshot(), desk.alert_desk
    try:
        return unreachable(book, held.addresses, held.ways, held.catch_all) if book.is_whole else ()
    except Failure:  # the ledger's own trouble says it
        return ()


def ledger_trouble(desk: Desk) -> str | None:
    """Why the ledger cannot be read or written to, None when it can."""
    try:
        desk.ledger.head()
    except Failure as wrong:
        return str(wrong)
    return desk.trial.trouble()
