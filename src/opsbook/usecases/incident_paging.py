"""The open pages of an incident: acknowledged with it, ended with it where nothing of theirs fires any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from opsbook.ledger import page_events
from opsbook.ledger.alert import Alert
from opsbook.ledger.page import PAGE_VIEW, Page, page_of, stream_of
from opsbook.usecases.incident_declaring import read_alerts
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.page_draft import PageDraft
from opsbook.usecases.pages import Pages


class Ended(NamedTuple):
    """What becomes of the pages of an incident that is over, and which alerts fire all the same."""

    writes: list[Write]
    firing: list[Alert]


def open_pages(ledger: EngineLedger, ids: Sequence[str]) -> Iterator[Page]:
    """Those of these pages that are not over."""
    for id in ids:
        kept = ledger.row(PAGE_VIEW.name, stream_of(id))
        if kept is not None and kept.row.is_open:
            yield page_of(kept)


def acknowledging(
    ledger: EngineLedger, pages: Pages, ids: Sequence[str], *, by: str, via: str, why: str, at: datetime
) -> list[Write]:
    """Somebody takes care of these pages and their alerts: what is recorded of those that nobody answered yet."""
    writes: list[Write] = []
    for page in open_pages(ledger, ids):
        if page.state == "active":
            writes += pages.answering(page, by, via=via, why=why, at=at)
    return writes


def ending(ledger: EngineLedger, pages: Pages, ids: Sequence[str], alerts: Sequence[str], *, by: str, why: str,
           at: datetime) -> Ended:  # fmt: skip
    """What becomes of the pages of an incident that somebody says is over. Where nothing of a page fires any more it
    ends; one whose alerts still fire is acknowledged, so that whoever paged for them asks again in time: what a sender
    says is not overruled."""
    writes: list[Write] = []
    for page in open_pages(ledger, ids):
        if not any(each.is_open for each in read_alerts(ledger, page.alerts)):
            draft = PageDraft(page, at)
            draft.add((page_events.page_done("resolved", why, by),))
            writes.append(draft.write(at))
        elif page.state == "active":
            writes += pages.answering(page, by, via="incident", why=why, at=at)
    firing = [each for each in read_alerts(ledger, alerts) if each.is_open and each.status != "suppressed"]
    return Ended(writes, firing)
