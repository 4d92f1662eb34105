"""Alerts as people name and filter them: by id, its beginning, a name, a page, a group, matchers. Changes none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.alert import ALERT_VIEW, OPEN, Alert, alert_of, stream_of
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.matchers import Matcher, matches
from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.ledger.page import stream_of as stream_of_page
from opsbook.usecases.alert_board import Board, Listed
from opsbook.usecases.ledger_ports import EngineLedger

_AT_ONCE = 500  # rows read at a time
MOST_LISTED = 100_000  # alerts that are open
MOST_ENDED = 1000
MOST_ONE_BY_ONE = 300  # alerts that are read one by one; of more all are read, many at a time
MOST_NAMED = 2000  # alerts among which a name is looked for
MOST_SCANNED = 20_000  # alerts that are over, looked through for a filter; older ones are found by their own id
LEAST_OF_AN_ID = 6  # letters: the day
_GROUPS_TOLD = 3


class SeveralMeant(Refusal):
    """A name is that of several open alerts. `groups` are the keys of theirs, that of the most first, with how many."""

    def __init__(self, name: str, groups: Sequence[tuple[str, int]]) -> None:
        self.name, self.groups = name, groups
        told = "; ".join(f"{count:,} in group {group[:300]}" for group, count in groups[:_GROUPS_TOLD])
        left = f"; and {len(groups) - _GROUPS_TOLD} more groups" if len(groups) > _GROUPS_TOLD else ""
        count = sum(count for _, count in groups)
        super().__init__(
            f"{count:,} open alerts are called '{name[:80]}': {told}{left}. Name one by its id, a group, or say"
            " that all of them are meant."
        )


def select(
    ledger: EngineLedger, board: Board, *, matchers: Sequence[Matcher], status: Sequence[str], is_open: bool | None,
    before: int | None, limit: int,
) -> list[Alert]:  # fmt: skip
    """Alerts, those that began last first. Open ones are looked through in memory."""
    if status:
        wants_open, wants_ended = any(each in OPEN for each in status), "resolved" in status
        is_open = (None if wants_ended else True) if wants_open else False
    if not matchers and not status:
        rows = ledger.rows(ALERT_VIEW.name, is_open=is_open, before=before, limit=limit)
        return [alert_of(row) for row in rows]
    found: list[Alert] = []
    candidates = _open(ledger, board, matchers, status, before=before) if is_open else _any(ledger, is_open, before)
    for alert in candidates:
        if (not status or alert.status in status) and matches(matchers, alert.matched_labels):
            found.append(alert)
            if len(found) >= limit:
                break
    return found


def listed(
    ledger: EngineLedger, board: Board, *, matchers: Sequence[Matcher], status: Sequence[str], since: datetime
) -> Iterator[Alert]:
    """What a list shows first: all that is open, and behind it what ended since an instant; both the newest first. Read
    some at a time, so that even of very many few are held at once."""
    if not status or any(each in OPEN for each in status):
        candidates = _open(ledger, board, matchers, status, before=None) if matchers else _any(ledger, True, None)
        for alert in candidates:
            if (not status or alert.status in status) and matches(matchers, alert.matched_labels):
                yield alert
    if not status or "resolved" in status:
        for alert in select(
            ledger, board, matchers=matchers, status=(), is_open=False, before=None, limit=MOST_ENDED
        ):
            if "resolved" in status or (alert.ends_at or alert.changed_at) >= since:
                yield alert


def _open(
    ledger: EngineLedger, board: Board, matchers: Sequence[Matcher], status: Sequence[str], *, before: int | None
) -> Iterator[Alert]:
    """Open alerts that may be wanted: only those are read whole."""
    looked = board.look()
    wanted = [
        listed.id for listed, began in zip(looked.alerts, looked.began, strict=True)
        if (before is None or began < before) and _may_be(listed, matchers, status)
    ]  # fmt: skip
    if len(wanted) > MOST_ONE_BY_ONE and len(wanted) > len(looked.alerts) // 4:
        yield from _any(ledger, True, before)
        return
    for id in wanted:
        kept = ledger.row(ALERT_VIEW.name, stream_of(id))
        if kept is not None:
            yield alert_of(kept)
    if looked.is_cut:
        oldest = looked.began[-1]
        yield from _any(ledger, True, oldest if before is None else min(oldest, before))


def _may_be(listed: Listed, matchers: Sequence[Matcher], status: Sequence[str]) -> bool:
    if status and listed.status not in status:
        return False
    labels = {"service": listed.service, **listed.labels} if listed.service else listed.labels
    return matches(matchers, labels)


def _any(ledger: EngineLedger, is_open: bool | None, before: int | None) -> Iterator[Alert]:
    for _ in range(0, MOST_LISTED if is_open else MOST_SCANNED, _AT_ONCE):
        rows = ledger.rows(ALERT_VIEW.name, is_open=is_open, before=before, limit=_AT_ONCE)
        yield from map(alert_of, rows)
        if len(rows) < _AT_ONCE:
            return
        before = rows[-1].first


def find(ledger: EngineLedger, board: Board, name: str) -> Alert:
    """The alert of that id, or of the only id that begins so, or the newest of that name, fingerprint or key."""
    kept = ledger.row(ALERT_VIEW.name, stream_of(name)) if name else None
    if kept is not None:
        return alert_of(kept)
    begun = _beginning(ledger, name)
    if begun is not None:
        return begun
    listed = next((each for each in board.look().alerts if each.name == name), None)
    kept = ledger.row(ALERT_VIEW.name, stream_of(listed.id)) if listed is not None else None
    if kept is not None:
        return alert_of(kept)
    for alert in islice(_any(ledger, None, None), MOST_NAMED):
        if name and name in (alert.name, alert.fingerprint, alert.key):
            return alert
    guess = closest(name, {each.name for each in board.look().alerts})
    told = f" Did you mean '{guess}'?" if guess else ""
    raise Usage(f"There is no alert '{name[:80]}'.{told}", at_terminal="'opsbook alerts list' shows all.")


def _beginning(ledger: EngineLedger, name: str) -> Alert | None:
    if len(name) < LEAST_OF_AN_ID or not name[:LEAST_OF_AN_ID].isdigit():
        return None
    streams = ledger.streams(ALERTS + name)
    if len(streams) > 1:
        few = ", ".join(each.removeprefix(ALERTS) for each in streams[:4])
        raise Usage(f"'{name}' may mean {few}{' and others' if len(streams) > 4 else ''}. Write more of it.")
    kept = ledger.row(ALERT_VIEW.name, streams[0]) if streams else None
    return alert_of(kept) if kept is not None else None


def one(ledger: EngineLedger, board: Board, name: str) -> Alert:
    """The alert that is meant where something is to be done with it: as `find`, but raises SeveralMeant where several
    open ones have that name."""
    found = find(ledger, board, name)
    several = _of_name(board, name) if found.id != name and found.name == name else []
    if len(several) > 1:
        raise SeveralMeant(name, Counter(each.group for each in several).most_common())
    return found


def named(ledger: EngineLedger, board: Board, names: Sequence[str], *, all_of_name: bool = False) -> list[Alert]:
    """The alerts that are meant: each name is one as for `one`, a page, or the key of a group, which mean all of
    theirs that are open, and so does a name where `all_of_name`. None twice. Raises Usage where a name means nothing.
    """
    found: dict[str, Alert] = {}
    for name in names:
        for alert in _meant(ledger, board, name, all_of_name):
            found.setdefault(alert.id, alert)
    if not found:
        raise Usage("Name an alert.")
    return list(found.values())


def _of_name(board: Board, name: str) -> list[Listed]:
    return [each for each in board.look().alerts if each.name == name]


def _meant(ledger: EngineLedger, board: Board, name: str, all_of_name: bool) -> list[Alert]:
    page = ledger.row(PAGE_VIEW.name, stream_of_page(name)) if name else None
    ids = list(page_of(page).alerts) if page is not None else []
    if page is None:
        ids = [each.id for each in board.look().alerts if each.group == name]
    if page is None and not ids and all_of_name:
        ids = [each.id for each in _of_name(board, name)]
    if ids:
        rows = [ledger.row(ALERT_VIEW.name, stream_of(each)) for each in ids]
        return [alert for alert in (alert_of(row) for row in rows if row is not None) if alert.is_open]
    if page is not None:
        raise Usage(f"No alert of page {name} is open any more.")
    return [one(ledger, board, name)]
