"""The test of the whole path: an alert of our own through our own inlet, routed, paged, handed over; and an alarm where
that does not arrive. Sends by a port.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from opsbook.ground.errors import Conflict, Failure, Refusal
from opsbook.ledger import page_events
from opsbook.ledger import path_test as events
from opsbook.ledger.alert import Alert, alert_of
from opsbook.ledger.page import Notification, Page, page_of, stream_of
from opsbook.ledger.path_test import LABEL, LOOK, PATH_TEST, SEND, PathTest
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.notices import notice
from opsbook.usecases.page_draft import LEVEL
from opsbook.usecases.run_start import run_id

ACTOR = "pager"
KIND = "alertmanager-api"
LOOKED_AGAIN = timedelta(seconds=1)
ARRIVES_WITHIN = timedelta(minutes=3)
LASTS = timedelta(minutes=10)  # the alert, which ends by itself
TRIES = 3
ALERT = "OpsbookPathTest"


class Poster(Protocol):
    """Sends an alert to an inlet."""

    def post(self, alerts: Sequence[dict[str, object]], token: str) -> None:
        """Returns once it was taken. Raises Failure where it was not, with the reason."""
        ...


class PathTests:
    """What people want of the tests, and what became of the last one."""

    def __init__(self, ledger: EngineLedger, to: Sequence[str], *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._to = tuple(to)
        self._now = now

    def last(self) -> PathTest:
        """The last test."""
        return events.folded(self._ledger.read(PATH_TEST))

    def ask(self, by: str) -> PathTest:
        """Has one sent now by whoever pages. Raises Refusal where nobody is to get it."""
        if not self._to:
            raise Refusal("Nobody is to get the test page. Name who in opsbook.toml: paging.synthetic = [\"@ada\"].")
        now = self._now()
        self._ledger.append(
            PATH_TEST, (events.asked(),), expected=None, actor=by, at=now, set_timers=(Timer(PATH_TEST, SEND, now),)
        )
        return self.last()


class PathTester:
    """Sends the tests and looks at what becomes of them. `aside` does what may take its time without holding up whoever
    pages; `alarm_to` are those who are told when one does not arrive."""

    def __init__(
        self, ledger: EngineLedger, inlets: Inlets, poster: Poster, *, to: Sequence[str], alarm_to: Sequence[str],
        every_s: float, now: Callable[[], datetime], chance: Callable[[int], bytes],
        aside: Callable[[Callable[[], None]], None],
    ) -> None:  # fmt: skip
        self._ledger, self._inlets, self._poster = ledger, inlets, poster
        self._to, self._alarm_to, self._every = tuple(to), tuple(alarm_to), timedelta(seconds=every_s)
        self._now, self._chance, self._aside = now, chance, aside

    def begin_when_due(self, lease: Lease) -> None:
        """Sends one where the last was so long ago."""
        last = self._last()
        if self._to and (last.sent_at is None or self._now() >= last.sent_at + self._every):
            self._send(last, lease)

    def do(self, timers: Sequence[Timer], lease: Lease) -> None:
        """Does what is due."""
        for timer in timers:
            last = self._last()
            if timer.name == LOOK and last.is_under_way:
                self._look(last, lease)
            elif timer.name == SEND and not last.is_under_way:
                self._send(last, lease)
            else:  # one is under way, and answers for both
                self._record(Write(PATH_TEST, (), None, (), (timer.name,)), lease)

    def _last(self) -> PathTest:
        return events.folded(self._ledger.read(PATH_TEST))

    def _send(self, last: PathTest, lease: Lease) -> None:
        now = self._now()
        id = run_id(now, self._chance(4))
        look = Timer(PATH_TEST, LOOK, now + LOOKED_AGAIN)
        if self._record(Write(PATH_TEST, (events.sent(id),), last.number, (look,), (SEND,)), lease):
            self._aside(lambda: self._post(id, now, lease))

    def _post(self, id: str, now: datetime, lease: Lease) -> None:
        alert: dict[str, object] = {
            "labels": {"alertname": ALERT, "severity": "critical", LABEL: id},
            "annotations": {"summary": "Opsbook proves that its alerts reach you. Nothing is wrong."},
            "startsAt": now.isoformat(), "endsAt": (now + LASTS).isoformat(),
        }  # fmt: skip
        try:
            self._poster.post((alert,), self._token())
        except (Failure, Refusal) as wrong:
            self._end(id, f"The server's own inlet did not take it: {wrong}", lease)

    def _token(self) -> str:
        """A token of the inlet for these alone, good for one test."""
        known = {each.name: each for each in self._inlets.all()}
        if PATH_TEST not in known:
            return self._inlets.add(PATH_TEST, KIND, ACTOR)[1]
        for token in known[PATH_TEST].tokens:
            self._inlets.revoke(PATH_TEST, token, ACTOR)
        return self._inlets.rotate(PATH_TEST, ACTOR)

    def _look(self, test: PathTest, lease: Lease) -> None:
        alert, page = self._found(test)
        told = [each for each in page.notifications if each.has_told] if page is not None else []
        if page is not None and told and test.sent_at is not None:
            took_s = (min(each.attempts[-1].at for each in told) - test.sent_at).total_seconds()
            why = f"It reached {told[0].owed.person} by {told[0].owed.contact} after {took_s:.1f} s."
            arrived = events.ended(test.id, is_ok=True, why=why, page=page.id, took_s=took_s)
            over = (page_events.page_done("cancelled", "The path test arrived."),) if page.is_open else ()
            self._record(Write(PATH_TEST, (arrived,), test.number, (), (LOOK,)), lease, Write(
                stream_of(page.id), over, page.number, (Timer(stream_of(page.id), LEVEL, self._now()),)
            ))  # fmt: skip
        elif test.sent_at is not None and self._now() > test.sent_at + ARRIVES_WITHIN:
            self._end(test.id, _where_it_stopped(alert, page), lease)
        else:
            self._record(Write(PATH_TEST, (), None, (Timer(PATH_TEST, LOOK, self._now() + LOOKED_AGAIN),)), lease)

    def _found(self, test: PathTest) -> tuple[Alert | None, Page | None]:
        for row in self._ledger.rows("alerts", limit=500):
            if row.row.document["labels"].get(LABEL) == test.id:
                alert = alert_of(row)
                kept = self._ledger.row("pages", stream_of(alert.page)) if alert.page else None
                return alert, page_of(kept) if kept is not None else None
        return None, None

    def _end(self, id: str, why: str, lease: Lease) -> None:
        """It did not arrive: that is recorded, and an alarm."""
        for _ in range(TRIES):
            test, now = self._last(), self._now()
            if test.id != id or not test.is_under_way:
                return
            failed = Write(PATH_TEST, (events.ended(id, is_ok=False, why=why),), test.number, (), (LOOK,))
            subject = "The test of the path from an alert to a person did not arrive"
            to = self._alarm_to or self._to
            alarm = notice(f"{id}-path", to, subject, why, group=PATH_TEST, at=now, severity="P1")
            if self._record(failed, lease, alarm):
                return

    def _record(self, write: Write, lease: Lease, *more: Write) -> bool:
        try:
            self._ledger.record((write, *more), actor=ACTOR, at=self._now(), fence=lease)
        except Conflict:  # the page or the test moved on; the timer is still there
            return False
        return True


def _where_it_stopped(alert: Alert | None, page: Page | None) -> str:
    """Where on its way it was last seen."""
    if alert is None:
        return "It was taken, and never routed."
    if page is None:
        return f"It was routed, and no page was begun. {alert.why_not_paged}".strip()
    if not page.notifications:
        return f"The page {page.id} was begun, and nobody was owed a message. {_reached(page)}".strip()
    return f"Nobody got it: {'; '.join(map(_told, page.notifications))}."


def _reached(page: Page) -> str:
    return " ".join(each.why for each in page.reached)


def _told(notification: Notification) -> str:
    last = notification.attempts[-1] if notification.attempts else None
    reason = (last.reason if last is not None else "") or notification.settled_why or "no attempt was made"
    return f"{notification.owed.person} by {notification.owed.contact}: {notification.state}, {reason.rstrip('.')}"


def path_test_policy(to: Sequence[str]) -> page_events.FrozenPolicy:
    """The escalation of the test's page: those alone who are to get it."""
    level = page_events.PlannedLevel(1, 0.0, tuple(to), "proves the path")
    why = "It is the test of the whole path (paging.synthetic)."
    return page_events.FrozenPolicy("path test", "", 0, None, (level,), why=why)
