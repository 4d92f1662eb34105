"""One list of all that was promised: boxes and rows of the book's reports, and what incidents of the ledger hold that
no page has yet; the same promise once. Ticks a box as a commit of the page alone. Chases nobody.

Where a page has an item, the page says how far it is. What the ledger knows of the same item (that it was verified, or
dropped with a reason) is joined to it by its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.action_items import ActionItem
from opsbook.book.action_proofs import Proof, read_proof
from opsbook.book.roster.values import plain_name
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of
from opsbook.ledger.incident_values import Promise
from opsbook.ledger.view import Kept
from opsbook.usecases.incidents import IncidentsReport, Record, incidents
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book

ItemState = Literal["open", "in progress", "done", "verified", "dropped", "unmarked"]
LEFT: tuple[ItemState, ...] = ("open", "in progress")
_ROWS = 500
_MOST = 5000  # incidents that are looked through, the newest


class Item(Struct, frozen=True):
    """Something that was promised. `key` names it for ever as long as its words stay; `path` and `line` are where a
    page says it, empty and 0 where none does; `incident` and `promise` are the numbers by which the ledger has it, 0
    where it has not. `report` is the title of what it was promised in, `leads` who answers for that, `since` the day
    of it."""

    key: str
    text: str
    state: ItemState
    owner: str = ""
    due: str = ""
    proof: Proof | None = None
    path: str = ""
    line: int = 0
    count: int = 0
    incident: int = 0
    promise: int = 0
    report: str = ""
    leads: str = ""
    since: str = ""
    is_drill: bool = False

    @property
    def is_left(self) -> bool:
        """Whether it is still to be done."""
        return self.state in LEFT

    def is_late(self, today: date) -> bool:
        """Whether its day has passed and it is not done."""
        return self.is_left and bool(self.due) and self.due < today.isoformat()


class Wanted(Struct, frozen=True):
    """What the list is narrowed to: an owner by name or handle (`nobody`: without one), `late`, a state (`left`: all
    that are still to be done), words, an incident's number; what is empty asks nothing."""

    owner: str = ""
    is_late: bool = False
    state: str = ""
    words: str = ""
    incident: int = 0

    def has(self, item: Item, today: date) -> bool:
        """Whether an item is one of those."""
        if self.is_late and not item.is_late(today):
            return False
        if self.state and not (item.is_left if self.state == "left" else item.state == self.state):
            return False
        if self.owner and not self._owns(item):
            return False
        if self.incident and item.incident != self.incident:
            return False
        told = f"{item.text} {item.report} {item.owner}".casefold()
        return all(word in told for word in self.words.casefold().split())

    def _owns(self, item: Item) -> bool:
        wanted = plain_name(self.owner).removeprefix("@")
        return plain_name(item.owner).removeprefix("@") == ("" if wanted == "nobody" else wanted)


def action_items(book: Book, ledger: EngineLedger | None, today: date) -> list[Item]:
    """All of them: those that are late first, then by when they are due; what is done behind what is not."""
    known = list(_incidents(ledger)) if ledger is not None else []
    by_page = {each.path: incident for incident in known for each in incident.writings if each.what != "patch"}
    items = list(_merged(_of_book(incidents(book, today), by_page), known))
    for incident in known:
        taken = {each.promise for each in items if each.incident == incident.number}
        items += [_of_ledger(incident, each) for each in incident.actions if each.id not in taken]
    return sorted(items, key=lambda each: (not each.is_left, each.due or "9", each.path, each.line, each.key))


def _incidents(ledger: EngineLedger) -> Iterator[Incident]:
    """The incidents that promised something, or have a page."""
    before: int | None = None
    seen = 0
    while seen < _MOST and (rows := ledger.rows(INCIDENT_VIEW.name, before=before, limit=_ROWS)):
        yield from map(incident_of, filter(_says_something, rows))
        before, seen = rows[-1].first, seen + len(rows)


def _says_something(kept: Kept) -> bool:
    return bool(kept.row.document.get("actions") or kept.row.document.get("writings"))


def _of_book(report: IncidentsReport, by_page: dict[str, Incident]) -> Iterator[Item]:
    """Those of the pages; what an incident and its post-mortem both promise is told once, as the one says that has it
    done, else as the incident says it."""
    found: dict[tuple[str, str, int], Item] = {}
    for record in sorted(report.records, key=lambda each: each.report.kind):
        counts: dict[str, int] = {}
        for action in record.report.actions:
            count = counts[action.text] = counts.get(action.text, -1) + 1
            item = _item(record, action, count, by_page)
            pair = (min(record.path, record.partner or record.path), action.text, count)
            before = found.get(pair)
            if before is None or (before.is_left and not item.is_left and item.state != "unmarked"):
                found[pair] = item
    return iter(found.values())


def _item(record: Record, action: ActionItem, count: int, by_page: dict[str, Incident]) -> Item:
    incident = by_page.get(record.path) or by_page.get(record.partner)
    report = record.report
    return Item(
        key_of(record.path, action.text, count), action.text, _state(action.state), action.owner, action.due,
        read_proof(action.proof, record.path), record.path, action.line, count,
        incident.number if incident is not None else 0, 0, report.title,
        report.owner or (_leads(incident) if incident is not None else ""), report.order[:10],
        incident is not None and incident.is_drill,
    )  # fmt: skip


def _state(told: str) -> ItemState:
    return "done" if told == "done" else "open" if told == "open" else "unmarked"


def key_of(path: str, text: str, count: int = 0) -> str:
    """What an item of a page is called: its place and its words, whatever its line and state."""
    return sha256(f"{path}\n{' '.join(text.split())}\n{count}".encode()).hexdigest()[:12]


def _merged(items: Iterable[Item], known: Iterable[Incident]) -> Iterator[Item]:
    """Items of pages with what the ledger knows of them."""
    by_number = {incident.number: incident for incident in known}
    for item in items:
        incident = by_number.get(item.incident)
        same = [each for each in incident.actions if _is_same(each, item.text)] if incident is not None else []
        yield _joined(item, max(same, key=lambda each: len(each.text))) if same else item


def _is_same(promise: Promise, text: str) -> bool:
    """Whether an item of a page begins with the words of what was promised; the page adds whose it is and by when."""
    words, said = (" ".join(each.replace("`", "").casefold().split()) for each in (promise.text, text))
    return said == words or (said.startswith(words) and not said[len(words)].isalnum())


def _joined(item: Item, promise: Promise) -> Item:
    """The page says how far it is, but for what only the ledger tells: verified, dropped, somebody at it."""
    state = item.state
    if promise.state == "dropped" and item.is_left:
        state = "dropped"
    elif promise.state == "verified" and item.state == "done":
        state = "verified"
    elif promise.state == "in progress" and item.state == "open":
        state = "in progress"
    return replace(
        item, state=state, promise=promise.id, owner=item.owner or promise.owner, due=item.due or promise.due,
        proof=item.proof or read_proof(promise.proof, item.path),
    )  # fmt: skip


def _of_ledger(incident: Incident, promise: Promise) -> Item:
    state: ItemState = promise.state  # type: ignore[assignment]  # STATES of incident_promises are these
    ended = incident.resolved_at or incident.declared_at
    return Item(
        f"{incident.number}-{promise.id}", promise.text, state, promise.owner, promise.due,
        read_proof(promise.proof, incident.policy), "", 0, 0, incident.number, promise.id,
        f"{incident.name} {incident.title}", _leads(incident), f"{ended:%Y-%m-%d}", incident.is_drill,
    )  # fmt: skip


def _leads(incident: Incident) -> str:
    held = incident.holders("commander") or incident.holders("Incident Commander")
    return next(iter(held), "") or incident.acknowledged_by


def item_model(item: Item, now: datetime) -> dict[str, object]:
    """An item as plain values."""
    proof = item.proof
    return {
        "key": item.key, "text": item.text, "state": item.state, "owner": item.owner or None, "due": item.due or None,
        "is_late": item.is_late(now.date()), "incident": item.incident or None, "action": item.promise or None,
        "path": item.path or None, "line": item.line or None, "report": item.report,
        "proof": {"kind": proof.kind, "value": proof.value, "words": proof.words} if proof is not None else None,
    }  # fmt: skip
