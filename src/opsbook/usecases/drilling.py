"""What the engine does for drills when it is due: posts their alerts to the server's own inlet, as any sender would,
ends them, and ends the pages of what is paused or over. Pages nobody itself.

What is posted is recorded before; what nobody has taken after a while is posted again with the same times, which says
nothing new to whoever took it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from opsbook.ground.errors import Conflict, Failure, Refusal
from opsbook.ledger import drill_events as events
from opsbook.ledger import page_events
from opsbook.ledger.drill import Drill, counts_until, folded, moves, stream_of
from opsbook.ledger.event import Draft
from opsbook.ledger.page import stream_of as page_stream
from opsbook.usecases.drill_score import happened, scored
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.page_draft import LEVEL
from opsbook.usecases.path_test import Poster

ACTOR = "pager"
KIND = "alertmanager-api"
LOOKS_EVERY = timedelta(seconds=2)  # while it runs: whether everybody is done


class Driller:
    """Does what is due of drills. `aside` does what may take its time without holding up whoever pages."""

    def __init__(
        self, ledger: EngineLedger, inlets: Inlets, poster: Poster, *, now: Callable[[], datetime],
        aside: Callable[[Callable[[], None]], None], report: Callable[[str], None] = lambda words: None,
    ) -> None:  # fmt: skip
        self._ledger, self._inlets, self._poster = ledger, inlets, poster
        self._now, self._aside, self._report = now, aside, report
        self._lock = threading.Lock()
        self._secret = ""

    def do(self, timers: Sequence[Timer], lease: Lease) -> None:
        """Does what is due."""
        for stream in dict.fromkeys(timer.stream for timer in timers):
            drill = folded(self._ledger.read(stream))
            if drill is not None:
                self._advance(drill, lease)
            else:
                self._record((Write(stream, (), None, (), (events.LOOK,)),), lease)

    def _advance(self, drill: Drill, lease: Lease) -> None:
        now, stream = self._now(), stream_of(drill.id)
        next_ = moves(drill, now)
        drafts: list[Draft] = []
        over = self._over(drill, is_out_of_time=next_.is_out_of_time)
        if over is not None:  # its alerts are ended at the next look, which is at once
            look = Timer(stream, events.LOOK, now)
            self._record((Write(stream, (over,), drill.number, (look,)),), lease)
            return
        # An alert that was posted and not taken is posted with the time that it was to begin at.
        again = {number: drill.sent[str(number)] for number in next_.fire if self._is_again(drill, number)}
        for number, sent in again.items():
            drafts.append(events.alerts_sent((number,), sent.starts_at, sent.ends_at))
        if new := [number for number in next_.fire if number not in again]:
            drafts.append(events.alerts_sent(new, now, counts_until(drill, now)))
        for number in next_.end:  # each with the time that it began at, by which its episode is known
            drafts.append(events.alerts_sent((number,), drill.sent[str(number)].starts_at, now, is_end=True))
        times = [each for each in (next_.wake_at,) if each is not None]
        if drill.state == "running":
            times.append(now + LOOKS_EVERY)
        if drafts:
            times.append(now + timedelta(seconds=5))
        timers = (Timer(stream, events.LOOK, min(times)),) if times else ()
        write = Write(stream, tuple(drafts), drill.number, timers, () if timers else (events.LOOK,))
        if self._record((write, *self._quieted(drill)), lease) and drafts:
            self._aside(lambda: self._post(drill.id, lease))

    def _is_again(self, drill: Drill, number: int) -> bool:
        last = drill.sent.get(str(number))
        return last is not None and not last.is_end and not last.is_taken

    def _over(self, drill: Drill, *, is_out_of_time: bool) -> Draft | None:
        """That it is over, where everybody has done all, or its time is."""
        if drill.state != "running":
            return None
        if is_out_of_time:
            return events.ended("time", "It ran for an hour behind its last alert.")
        scores = scored(drill, happened(self._ledger, drill))
        is_done = scores and all(each.is_complete(drill.scene) for each in scores)
        if is_done and len(drill.sent) == len(drill.scene.alerts):
            return events.ended("done", "Everybody did all that there was to find.")
        return None

    def _quieted(self, drill: Drill) -> list[Write]:
        """The ends of its pages, where it is paused or over: nobody is paged by it, though the inlet were away."""
        if drill.state in ("running", "planned", "joined"):
            return []
        why = f"The drill is {'paused' if drill.state == 'paused' else 'over'}."
        found = [each for each in happened(self._ledger, drill).pages if each.is_open]
        now = self._now()
        return [
            Write(page_stream(each.id), (page_events.page_done("cancelled", why),), each.number,
                  (Timer(page_stream(each.id), LEVEL, now),))
            for each in found
        ]  # fmt: skip

    def _post(self, id: str, lease: Lease) -> None:
        """Posts what was recorded last of each alert and is not taken."""
        with self._lock:
            drill = folded(self._ledger.read(stream_of(id)))
            if drill is None:
                return
            due = {int(key): sent for key, sent in drill.sent.items() if not sent.is_taken}
            posted: list[dict[str, object]] = [
                {
                    "labels": drill.labels(drill.scene.alerts[number]),
                    "annotations": drill.scene.alerts[number].annotations,
                    "startsAt": sent.starts_at.isoformat(), "endsAt": sent.ends_at.isoformat(),
                }
                for number, sent in sorted(due.items())
            ]  # fmt: skip
            if not posted:
                return
            try:
                self._poster.post(posted, self._token())
            except (Failure, Refusal) as wrong:  # it is posted again when its timer is due
                self._secret = ""
                self._report(f"Drill {id}: the server's own inlet did not take its alerts: {wrong}")
                return
            told = (events.alerts_taken((number, sent.sent_at) for number, sent in sorted(due.items())),)
            try:
                self._ledger.append(
                    stream_of(id), told, expected=None, actor=ACTOR, at=self._now(), fence=lease,
                    set_timers=(Timer(stream_of(id), events.LOOK, self._now()),),
                )  # fmt: skip
            except (Failure, Conflict):  # nobody knows that it was taken, so it is posted again, and is a repeat then
                return

    def _token(self) -> str:
        """A token of the inlet for these alone; a new one in each process, and where the last was not taken."""
        if self._secret:
            return self._secret
        known = {each.name: each for each in self._inlets.all()}
        if events.DRILL_INLET not in known:
            self._secret = self._inlets.add(events.DRILL_INLET, KIND, ACTOR)[1]
        else:
            for token in known[events.DRILL_INLET].tokens:
                self._inlets.revoke(events.DRILL_INLET, token, ACTOR)
            self._secret = self._inlets.rotate(events.DRILL_INLET, ACTOR)
        return self._secret

    def _record(self, writes: Sequence[Write], lease: Lease) -> bool:
        try:
            self._ledger.record(writes, actor=ACTOR, at=self._now(), fence=lease)
        except Conflict:  # the drill or a page moved on; the timer is still there
            return False
        return True
