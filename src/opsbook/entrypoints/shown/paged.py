"""Pages, their messages and tests of the path as text for a terminal. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import click

from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.ledger.page import Notification, Page
from opsbook.ledger.path_test import PathTest
from opsbook.usecases.alert_story import Told
from opsbook.usecases.page_shown import waits_for

HEADS = ("PAGE", "STATE", "GRAVE", "SINCE", "WOKEN", "SUBJECT")
COLOURS = {
    "active": "red", "acknowledged": "yellow", "done": "bright_black", "accepted": "green", "delivered": "green",
    "read": "green", "failed": "red", "retrying": "yellow", "sending": "cyan", "waiting": "yellow", "owed": "cyan",
    "cancelled": "bright_black", "bundled": "green",
}  # fmt: skip


def page_rows(pages: Sequence[Page]) -> list[tuple[str, ...]]:
    """One row a page."""
    return [
        (page.id, page.state, page.severity, _time(page.opened_at), ", ".join(woken(page)) or "nobody", _subject(page))
        for page in pages
    ]


def _subject(page: Page) -> str:
    drill = "DRILL " if page.is_drill else ""
    return drill + page.subject + (f" ({page.answers})" if page.answers else "")


def woken(page: Page) -> list[str]:
    """Who was told, each once."""
    return list(dict.fromkeys(each.owed.person for each in page.notifications if each.has_told))


def page_text(page: Page, story: Iterable[Told], width: int | None) -> Iterator[str]:
    """One page: what it is about, whom it follows, what happened, each message with its attempts."""
    yield click.style(printable(page.subject), bold=True)
    service = f"  {printable(page.service)}" if page.service else ""
    yield f"  {page.severity}  {_state(page.state)}{service}  page {page.id}  since {_time(page.opened_at)}"
    if page.why:
        yield from wrapped(f"  {printable(page.why)}", width, 4)
    if page.place is not None:
        anchor = f"#{page.place.anchor}" if page.place.anchor else ""
        yield from wrapped(f"  {printable(page.place.path)}{anchor}: {printable(page.place.why)}", width, 4)
    where = f" ({page.policy.path}:{page.policy.line})" if page.policy.path else ""
    yield from wrapped(f"  by '{printable(page.policy.name)}'{where}: {printable(page.policy.why)}", width, 4)
    for told in story:
        yield from wrapped(f"  {_time(told.at)}  {printable(f'{told.words} {told.why}'.rstrip())}", width, 4)
    if page.answers:
        yield f"  {page.answers}; it goes on until all of them have."
    for each in page.notifications:
        yield ""
        yield from notification_text(page, each, width)


def notification_text(page: Page, each: Notification, width: int | None) -> Iterator[str]:
    """One message with all its attempts."""
    owed = each.owed
    yield f"{owed.id:>3}  {_state(each.state)}  {printable(owed.person)} by {printable(owed.contact)}  {owed.purpose}"
    yield from wrapped(f"     {printable(owed.why)}", width, 5)
    if each.settled_why:
        yield from wrapped(f"     {printable(each.settled_why)}", width, 5)
    if waits := waits_for(page, each):
        yield from wrapped(f"     {printable(waits)}", width, 5)
    for attempt in each.attempts:
        took = f" after {attempt.latency_ms:.0f} ms" if attempt.latency_ms is not None else ""
        twice = ", perhaps for the second time" if attempt.is_duplicate else ""
        words = f"     {_time(attempt.at)}  attempt {attempt.number}: {attempt.state}{took}{twice}"
        yield from wrapped(f"{words} {printable(attempt.reason)}".rstrip(), width, 5)


def path_test_text(test: PathTest) -> str:
    """The last test of the path in one sentence."""
    if not test.id:
        return "The path was not tested yet." if test.asked_at is None else "The test waits for whoever pages."
    if test.ended_at is None:
        return f"The test {test.id} is under way."
    told = "arrived" if test.is_ok else "did not arrive"
    return click.style(f"The test {test.id} {told}: {printable(test.why)}", fg="green" if test.is_ok else "red")


def _state(state: str) -> str:
    return click.style(state, fg=COLOURS.get(state))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
