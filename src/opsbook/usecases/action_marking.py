"""The verbs of action items: list them, tick them off, open them again, prove them. A tick is a commit of the page that
has the box; where no page has the item, it is an event of its incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.action_marks import item_like, mark
from opsbook.book.page import read_page
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ground.splices import apply
from opsbook.ledger.incident import stream_of
from opsbook.ledger.incident_events import noted
from opsbook.usecases.action_items import Item, Wanted, action_items, item_model
from opsbook.usecases.action_proving import Proving, Standing
from opsbook.usecases.edit import Editing, PageEdit, save_bytes
from opsbook.usecases.incident_acts import Incidents
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.ports import Unreadable

EVERYTHING = Wanted()


class Listed(Struct, frozen=True):
    """An item, and what its proof comes to. `is_doubtful`: it is ticked off, and its proof says otherwise."""

    item: Item
    standing: Standing

    @property
    def is_doubtful(self) -> bool:
        """Whether it is called done, and what would prove it says that it is not."""
        return self.item.state in ("done", "verified") and self.standing.is_proven is False

    @property
    def state(self) -> str:
        """Its state, where a proof that holds makes what is done verified, and one that fails takes that back."""
        if self.item.state in ("done", "verified") and self.item.proof is not None:
            if self.standing.is_proven:
                return "verified"
            return "done" if self.standing.is_proven is False else self.item.state
        return self.item.state


class ActionItems:
    """The verbs, over the book and the ledger."""

    def __init__(
        self, ledger: EngineLedger, editing: Editing, incidents: Incidents, proving: Proving, *,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._editing = editing
        self._incidents = incidents
        self._proving = proving
        self._now = now

    def select(self, wanted: Wanted = EVERYTHING) -> list[Listed]:
        """Those that are wanted: the late first, then by when they are due; what is done last."""
        today = self._now().date()
        by_state = replace(wanted, state="") if wanted.state in ("done", "verified", "doubtful") else wanted
        found = [Listed(each, self._proving.standing(each)) for each in self._all() if by_state.has(each, today)]
        if wanted.state == "doubtful":
            return [each for each in found if each.is_doubtful]
        return found if by_state is wanted else [each for each in found if each.state == wanted.state]

    def find(self, key: str) -> Listed:
        """The item of that key, or by `14-2` the second of INC-14; raises Usage where there is none."""
        item = self._find(key)
        return Listed(item, self._proving.standing(item))

    def mark(self, key: str, by: str, author: tuple[str, str], *, is_done: bool, why: str = "") -> Listed:
        """Ticks it off, or takes the tick away; nothing is changed where it is so already. Raises PageConflict where
        somebody changed the page meanwhile, Refusal where its place has no box and no column for it."""
        item = self._find(key)
        if item.path and (item.state in ("done", "verified")) != is_done:
            self._tick(item, by, author, is_done=is_done, why=why)
        if item.promise and item.state != ("done" if is_done else "open"):
            state = "done" if is_done else "open"
            self._incidents.set_promise(item.incident, by, item.promise, state, why=why)
        return self.find(item.key)

    def prove(self, key: str, by: str, *, why: str = "") -> Listed:
        """Looks whether its proof holds, and keeps what that came to: in its own stream, and in its incident's. What is
        proven there is verified; whether its box is ticked stays as somebody said."""
        item = self._find(key)
        standing = self._proving.look(item, why)
        self._proving.record(item, standing, by)
        if item.incident:
            verdict = "is proven" if standing.is_proven else "is not proven"
            incident = self._incidents.find(item.incident)
            entry = noted(f"Action item {verdict}: {item.text[:200]}. {standing.evidence}"[:2000])
            self._ledger.append(stream_of(incident.id), [entry], expected=None, actor=by, at=self._now())
        if item.promise and standing.is_proven and item.state in ("done", "open", "in progress") and not item.path:
            self._incidents.set_promise(item.incident, by, item.promise, "verified", why=standing.evidence[:500])
        return self.find(item.key)

    def _all(self) -> list[Item]:
        return action_items(self._editing.library.snapshot(), self._ledger, self._now().date())

    def _find(self, key: str) -> Item:
        wanted = key.strip().lower().removeprefix("inc-")
        items = self._all()
        for item in items:
            if wanted in (item.key, f"{item.incident}-{item.promise}" if item.promise else item.key):
                return item
        near = closest(wanted, [each.key for each in items])
        raise Usage(
            f"There is no action item '{key[:40]}'.{f' Did you mean {near!r}?' if near else ''} Its words may have been"
            " changed: 'opsbook incident actions' lists them."
        )

    def _tick(self, item: Item, by: str, author: tuple[str, str], *, is_done: bool, why: str) -> None:
        library = self._editing.library
        raw = library.read(item.path)
        if isinstance(raw, Unreadable):
            raise Failure(f"The page '{item.path}' cannot be read: {raw.why}.")
        page = read_page(item.path, raw, library.reading)
        found = item_like(page, item.text, item.count)
        if found is None:
            raise Refusal(f"'{item.path}' does not say '{item.text[:80]}' any more. Look at the page.")
        splice = mark(page, found, is_done=is_done)
        if splice is None:
            raise Refusal(
                f"{item.path}:{found.line}: the item stands in a table without a column for its state. Add one that is"
                " headed 'Status', or write it as a task with a box."
            )
        after, _ = apply(raw, [splice])
        if after == raw:
            return
        words = f"{'Done' if is_done else 'Open again'}: {' '.join(item.text.split())[:120]}"
        message = f"{words}\n\n{why.strip()}" if why.strip() else words
        save_bytes(self._editing, PageEdit(item.path, digest_of(raw), by, author, message), after)


def listed_model(listed: Listed, now: datetime) -> dict[str, Any]:
    """An item and what its proof comes to as plain values."""
    standing = listed.standing
    return {
        **item_model(listed.item, now), "state": listed.state, "is_proven": standing.is_proven,
        "evidence": standing.evidence or None, "run": standing.run or None, "is_doubtful": listed.is_doubtful,
    }  # fmt: skip
