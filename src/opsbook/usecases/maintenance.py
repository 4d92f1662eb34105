"""The verbs of planned work that customers are told of: announce, change, end, list. Keeps no alert quiet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from opsbook.book.status_components import component_key
from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import maintenance as events
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.maintenance import MAINTENANCES, Maintenance, MaintenanceState, after, maintenance_of
from opsbook.usecases.ids import run_id
from opsbook.usecases.incident_said import FieldConflict
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.library import Book
from opsbook.usecases.telling_planned import OwedPlanned, nobody

LONGEST_TITLE, LONGEST_BODY = 200, 10_000
LONGEST = timedelta(days=366)


class Maintenances:
    """Planned work, as it was announced. `owed` gives what tells subscribers of it, recorded with it or not at all."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], *, now: Callable[[], datetime],
        chance: Callable[[int], bytes], nudge: Callable[[], None] = lambda: None,
        owed: OwedPlanned = nobody,
    ) -> None:  # fmt: skip
        self._owed = owed
        self._ledger, self._book, self._now, self._chance, self._nudge = ledger, book, now, chance, nudge

    def announce(
        self, title: str, by: str, *, starts_at: datetime, ends_at: datetime, body: str = "",
        components: Sequence[str] = (), silence: str = "", id: str = "", expected: int | None = None,
    ) -> Maintenance:  # fmt: skip
        """Customers are told of it from now on; with an `id`, of that one in other words or at other times. Raises
        Usage for what cannot be, Refusal where it is over, FieldConflict where it is not `expected` any more."""
        now = self._now()
        before = self.find(id) if id else None
        if before is not None and before.state(now) in ("completed", "cancelled"):
            raise Refusal(f"'{before.title}' is over. Announce another one instead.")
        words = _words(title, body)
        _check_seen(before, expected, words)
        _check_times(starts_at, ends_at, now)
        known = self._components(components)
        made = before.id if before is not None else run_id(now, self._chance(4))
        draft = events.announced(
            title=words[0], body=words[1], starts_at=starts_at.astimezone(UTC), ends_at=ends_at.astimezone(UTC),
            components=known, silence=silence,
        )  # fmt: skip
        return self._recorded(made, before, draft, by=by, now=now)

    def end(self, maintenance: str, by: str) -> Maintenance:
        """It is over now, or, before its beginning, does not take place and is shown no more. Raises Refusal where it
        is over already."""
        now, found = self._now(), self.find(maintenance)
        state = found.state(now)
        if state in ("completed", "cancelled"):
            raise Refusal(f"'{found.title}' is {state} already.")
        return self._recorded(found.id, found, events.ended(is_cancelled=state == "scheduled"), by=by, now=now)

    def _recorded(self, id: str, before: Maintenance | None, draft: Draft, *, by: str, now: datetime) -> Maintenance:
        """Records it, and with it that subscribers are to be told."""
        number = before.number if before is not None else 0
        event = Event(MAINTENANCES + id, number + 1, 0, now, by, draft.kind, draft.facts, NO_HASH, NO_HASH)
        made = after(before, event)
        assert made is not None  # it is announced now, or was before
        writes = [Write(event.stream, (draft,), number), *self._owed(made, before, now)]
        self._ledger.record(writes, actor=by, at=now)
        self._nudge()
        return made

    def all(self, states: Sequence[MaintenanceState] = ("scheduled", "in_progress")) -> list[Maintenance]:
        """Those that are so now, the first to begin first."""
        now = self._now()
        found = [maintenance_of(each) for each in self._ledger.rows("maintenances", limit=1000)]
        return sorted((each for each in found if each.state(now) in states), key=lambda each: (each.starts_at, each.id))

    def find(self, maintenance: str) -> Maintenance:
        """That of an id, or of the only one that ends or begins so. Raises Usage."""
        row = self._ledger.row("maintenances", MAINTENANCES + maintenance)
        if row is not None:
            return maintenance_of(row)
        ids = [each.removeprefix(MAINTENANCES) for each in self._ledger.streams(MAINTENANCES)]
        wanted = maintenance if len(maintenance) >= 4 else "nothing so short"
        near = [each for each in ids if each.startswith(wanted) or each.endswith(wanted)]
        if len(near) == 1:
            return self.find(near[0])
        guess = closest(maintenance, ids)
        said = "Several begin or end so; give more of it." if near else f"Did you mean {guess}?" if guess else ""
        raise Usage(f"There is no planned work '{maintenance[:60]}'. {said}".rstrip())

    def components(self) -> list[str]:
        """The components of the status page, as the book names them."""
        pages = [facts.policy.status_page for facts in self._book().facts.values() if facts.policy is not None]
        return [each.name for page in pages if page is not None for each in page.components]

    def _components(self, wanted: Sequence[str]) -> tuple[str, ...]:
        known = {component_key(each): each for each in self.components()}
        for name in wanted:
            if component_key(name) not in known:
                guess = closest(component_key(name), known)
                said = f" Did you mean '{known[guess]}'?" if guess else ""
                raise Usage(f"The status page has no component '{name[:60]}'.{said}")
        return tuple(dict.fromkeys(known[component_key(name)] for name in wanted))


def _words(title: str, body: str) -> tuple[str, str]:
    title, body = " ".join(title.split()), body.strip()
    if not title:
        raise Usage("Say in a few words what is planned: customers read it.")
    if len(title) > LONGEST_TITLE or len(body) > LONGEST_BODY:
        raise Usage(f"A title has at most {LONGEST_TITLE} letters, and what is said of it {LONGEST_BODY}.")
    return title, body


def _check_seen(before: Maintenance | None, expected: int | None, mine: tuple[str, str]) -> None:
    if before is None or expected is None or before.number == expected:
        return
    raise FieldConflict(
        f"{before.by} changed '{before.title}' meanwhile. Nothing was recorded; look at it, and say again what it is"
        " to be.",
        field="maintenance", by=before.by, mine="\n\n".join(filter(None, mine)),
        now="\n\n".join(filter(None, (before.title, before.body))),
    )  # fmt: skip


def _check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise Usage(f"It would end ({ends_at:%Y-%m-%d %H:%M}) before it begins ({starts_at:%Y-%m-%d %H:%M}).")
    if ends_at <= now:
        raise Usage("It would be over already. Announce what is to come, or goes on.")
    if ends_at - starts_at > LONGEST:
        raise Usage("Planned work lasts at most a year.")
