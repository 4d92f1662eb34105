"""The verbs of heartbeats: something is to call regularly, and its silence is the alert. Waits for nothing itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from opsbook.book.severity import PRIORITIES
from opsbook.ground.errors import Conflict, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import heartbeat as events
from opsbook.ledger.event import Draft
from opsbook.ledger.heartbeat import HEARTBEATS, LATE, KeptHeartbeat, heartbeat_of
from opsbook.ledger.signal import BATCHES, ROUTE, Batch, received
from opsbook.ledger.view import Kept
from opsbook.usecases.ids import run_id
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Sighting, Timer, Write
from opsbook.usecases.receive import LETTERS

SHORTEST_S, LONGEST_S = 1.0, 400 * 86_400.0
MOST = 10_000
EXPIRED_AFTER = timedelta(days=7)  # late for so long, it is shown as one that nobody waits for
TRIES = 3  # where a call and its lateness are recorded at the same moment
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Heartbeat(Struct, frozen=True):
    """Something that calls at least every `every_s` seconds, or is `late` after `grace_s` more. `new` has never called,
    and nobody waits for it yet; `expired` is late for more than a week."""

    name: str
    every_s: float
    grace_s: float
    state: Literal["new", "healthy", "late", "paused", "expired"]
    severity: str = "P1"
    service: str | None = None
    runbook: str = ""
    last_at: datetime | None = None


class Heartbeats:
    """The heartbeats of a ledger: a stream `heartbeat/NAME` with a timer `late`; calls are sightings, not events."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes],
        nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._nudge = nudge

    def put(
        self, name: str, by: str, *, every_s: float, grace_s: float = 60.0, severity: str = "P1",
        service: str | None = None, runbook: str = "",
    ) -> Heartbeat:  # fmt: skip
        """A new heartbeat, or another state of the one of that name."""
        if not _NAME.fullmatch(name):
            raise Usage(
                f"'{name[:64]}' cannot be the name of a heartbeat. Write up to 100 letters, digits and . _ -, such as"
                " 'nightly-backup'."
            )
        if not (SHORTEST_S <= every_s <= LONGEST_S) or not (0 <= grace_s <= LONGEST_S):
            raise Usage("A heartbeat calls at least once in 400 days and at most once a second.")
        if severity not in PRIORITIES:
            raise Usage(f"'{severity[:20]}' is no severity; it is one of {', '.join(PRIORITIES)}.")
        draft = events.put(every_s=every_s, grace_s=grace_s, severity=severity, service=service, runbook=runbook)
        stream = HEARTBEATS + name
        row = self._ledger.row("heartbeats", stream)
        timers = []
        if row is not None and heartbeat_of(row.row).state == "healthy":
            last = self._last(name) or self._now()
            timers = [Timer(stream, LATE, last + timedelta(seconds=every_s + grace_s))]
        self._ledger.append(
            stream, [draft], expected=None if row is None else row.number, actor=by, at=self._now(), set_timers=timers
        )
        return self.find(name)

    def beat(self, name: str) -> Heartbeat:
        """It called. Raises Usage for one that nobody has put."""
        kept = self._kept(name)
        heartbeat = heartbeat_of(kept.row)
        now = self._now()
        until = now + heartbeat.patience
        self._ledger.sight([Sighting(HEARTBEATS + name, now, until)])
        if heartbeat.state in ("new", "late"):
            self._returned(name, until)
        return self.find(name)

    def late(self, name: str, fence: Lease | None = None) -> bool:
        """Asked when the timer is due: True where it did not call in time, and an alert of that is recorded. What was
        due too early, because it called meanwhile, is set anew. Raises Fenced, Failure."""
        stream = HEARTBEATS + name
        row = self._ledger.row("heartbeats", stream)
        heartbeat = heartbeat_of(row.row) if row is not None else None
        now = self._now()
        if row is None or heartbeat is None or heartbeat.state != "healthy":
            self._ledger.append(
                stream, [], expected=None, actor="opsbook", at=now, fence=fence, clear_timers=[LATE]
            )  # fmt: skip
            return False
        seen = self._ledger.sighted([stream]).get(stream)
        if seen is not None and (until := seen.at + heartbeat.patience) > now:
            timer = Timer(stream, LATE, until)
            self._ledger.append(stream, [], expected=None, actor="opsbook", at=now, fence=fence, set_timers=[timer])
            return False
        since = seen.at + timedelta(seconds=heartbeat.every_s) if seen is not None else now
        batch = events.silence_of(heartbeat, since, seen.at if seen is not None else None)
        write = Write(stream, [events.missed(since)], expected=row.number, clear_timers=[LATE])
        try:
            self._ledger.record([write, self._batch(batch, now)], actor="opsbook", at=now, fence=fence)
        except Conflict:  # somebody changed it at this moment; what is still due then is asked again
            return False
        self._nudge()
        return True

    def pause(self, name: str, by: str, *, is_paused: bool = True) -> Heartbeat:
        """Waits for it no more, or again as if it had just called."""
        kept = self._kept(name)
        heartbeat, now = heartbeat_of(kept.row), self._now()
        if is_paused == (heartbeat.state == "paused"):
            return self.find(name)
        stream = HEARTBEATS + name
        if is_paused:
            self._end(kept, Draft(events.HEARTBEAT_PAUSED), by, why="is paused")
        else:
            until = now + heartbeat.patience
            self._ledger.sight([Sighting(stream, now, until)])
            self._ledger.append(
                stream, [Draft(events.HEARTBEAT_RESUMED)], expected=kept.number, actor=by, at=now,
                set_timers=[Timer(stream, LATE, until)],
            )  # fmt: skip
        return self.find(name)

    def remove(self, name: str, by: str) -> None:
        """Forgets one."""
        self._end(self._kept(name), Draft(events.HEARTBEAT_REMOVED), by, why="was removed")
        self._ledger.unsight([HEARTBEATS + name])

    def all(self) -> list[Heartbeat]:
        """All, by name."""
        rows = self._ledger.rows("heartbeats", limit=MOST)
        kept = sorted((heartbeat_of(row.row) for row in rows), key=lambda each: each.name)
        seen = self._ledger.sighted([HEARTBEATS + each.name for each in kept])
        return [self._shown(each, seen.get(HEARTBEATS + each.name)) for each in kept]

    def find(self, name: str) -> Heartbeat:
        """The heartbeat of that name; raises Usage, with a guess."""
        kept = heartbeat_of(self._kept(name).row)
        return self._shown(kept, self._ledger.sighted([HEARTBEATS + name]).get(HEARTBEATS + name))

    def _returned(self, name: str, until: datetime) -> None:
        """Records that it called for the first time, or again; somebody else may do so at the same moment."""
        stream = HEARTBEATS + name
        for left in reversed(range(TRIES)):
            kept, now = self._kept(name), self._now()
            heartbeat = heartbeat_of(kept.row)
            if heartbeat.state not in ("new", "late"):
                return
            is_late = heartbeat.state == "late"
            draft = Draft(events.HEARTBEAT_BACK if is_late else events.HEARTBEAT_BEGUN)
            writes = [Write(stream, [draft], expected=kept.number, set_timers=[Timer(stream, LATE, until)])]
            if is_late:
                writes.append(self._batch(events.return_of(heartbeat, now, why="calls again"), now))
            try:
                self._ledger.record(writes, actor=f"heartbeat:{name}", at=now)
            except Conflict:
                if not left:
                    raise
            else:
                self._nudge()
                return

    def _end(self, kept: Kept, draft: Draft, by: str, *, why: str) -> None:
        heartbeat, now = heartbeat_of(kept.row), self._now()
        writes = [Write(kept.stream, [draft], expected=kept.number, clear_timers=[LATE])]
        if heartbeat.state == "late":
            writes.append(self._batch(events.return_of(heartbeat, now, why=why), now))
        self._ledger.record(writes, actor=by, at=now)
        self._nudge()

    def _batch(self, batch: Batch, now: datetime) -> Write:
        stream = BATCHES + run_id(now, self._chance(LETTERS))
        draft = received(events.SOURCE, batch, sha256(b"").hexdigest())
        return Write(stream, [draft], expected=0, set_timers=[Timer(stream, ROUTE, now)])

    def _kept(self, name: str) -> Kept:
        row = self._ledger.row("heartbeats", HEARTBEATS + name) if _NAME.fullmatch(name) else None
        if row is None:
            known = [heartbeat_of(each.row).name for each in self._ledger.rows("heartbeats", limit=MOST)]
            raise Usage(f"There is no heartbeat '{name[:64]}'.{_guess(name, known)}")
        return row

    def _last(self, name: str) -> datetime | None:
        seen = self._ledger.sighted([HEARTBEATS + name]).get(HEARTBEATS + name)
        return seen.at if seen is not None else None

    def _shown(self, kept: KeptHeartbeat, seen: Sighting | None) -> Heartbeat:
        is_expired = kept.missed_at is not None and self._now() > kept.missed_at + EXPIRED_AFTER
        state: Literal["new", "healthy", "late", "paused", "expired"] = kept.state
        return Heartbeat(
            kept.name, kept.every_s, kept.grace_s, "expired" if state == "late" and is_expired else state,
            kept.severity, kept.service, kept.runbook, seen.at if seen is not None else None,
        )  # fmt: skip


def _guess(name: str, known: Sequence[str]) -> str:
    near = closest(name, known)
    return f" Did you mean '{near}'?" if near else " 'opsbook heartbeat put' makes one."
