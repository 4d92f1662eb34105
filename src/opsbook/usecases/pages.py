"""The verbs of pages: list, show, answer, wake people by hand. They record what people want; none sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from msgspec import Struct

from opsbook.book.severity import PRIORITIES
from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import alert_events, page_events
from opsbook.ledger.alert import alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.event import Draft
from opsbook.ledger.page import Notification, Page, page_of, stream_of
from opsbook.ledger.page_events import PAGES
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.episodes import ACK
from opsbook.usecases.followed_policy import followed
from opsbook.usecases.incident_answers import answering, answers_in
from opsbook.usecases.incident_declaring import takes_command
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.page_draft import LEVEL, PageDraft
from opsbook.usecases.run_start import run_id
from opsbook.usecases.waking import Waking

VIEW = "pages"
TRIES = 8  # where others record at the same moment
LONGEST = 300  # characters of a subject
LETTERS = 7  # of chance in an id


class Delivered(Struct, frozen=True):
    """A notification with the page that it is of."""

    page: Page
    notification: Notification


class Pages:
    """The pages of a ledger. Verbs raise Usage where there is no such page, Refusal where it may not be done now.
    `nudge` wakes whoever pages in another process."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes], waking: Waking,
        alerts: Alerts, ack_timeout_s: float, nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._waking = waking
        self._alerts = alerts
        self._ack_timeout_s = ack_timeout_s
        self._nudge = nudge

    def select(
        self, *, is_open: bool | None = None, group: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[Page]:
        """Pages, the last opened first."""
        found = self._ledger.rows(VIEW, group=group, is_open=is_open, before=before, limit=limit)
        return [page_of(row) for row in found]

    def find(self, page: str) -> Page:
        """The page of that id, or of the only id that begins so; `last` is the one that began last."""
        if page == "last":
            rows = self._ledger.rows(VIEW, limit=1)
            if not rows:
                raise Usage("Nobody was paged yet.")
            return page_of(rows[0])
        kept = self._ledger.row(VIEW, stream_of(page))
        if kept is None and len(page) >= 4:
            streams = self._ledger.streams(stream_of(page))
            if len(streams) > 1:
                raise Usage(f"Several pages have an id that begins with '{page}'. Give more of it.")
            kept = self._ledger.row(VIEW, streams[0]) if streams else None
        if kept is None:
            near = closest(page, [row.stream.removeprefix(PAGES) for row in self._ledger.rows(VIEW)])
            raise Usage(f"There is no page '{page}'." + (f" Did you mean '{near}'?" if near else ""))
        return page_of(kept)

    def notifications(
        self, *, person: str | None = None, page: str | None = None, limit: int = 200
    ) -> list[Delivered]:
        """Notifications, the last owed first."""
        found: list[Delivered] = []
        for of in [self.find(page)] if page else self._newest():
            for each in reversed(of.notifications):
                if person is None or person.casefold() in (each.owed.person.casefold(), each.owed.handle.casefold()):
                    found.append(Delivered(of, each))
            if len(found) >= 2 * limit:  # what began earlier may have been owed later, but not by so many
                break
        found.sort(key=lambda each: each.notification.owed_at, reverse=True)
        return found[:limit]

    def _newest(self) -> Iterator[Page]:
        before = None
        while rows := self._ledger.rows(VIEW, before=before, limit=100):
            yield from map(page_of, rows)
            before = rows[-1].first

    def acknowledge(
        self, page: str, by: str, *, via: str, why: str = "", for_s: float | None = None, notification: int = 0
    ) -> Page:
        """Somebody takes care of it; its alerts are acknowledged too, once as many people have as it needs."""

        def drafts(of: Page) -> tuple[Draft, ...]:
            until = self._now() + timedelta(seconds=for_s or of.policy.ack_timeout_s or self._ack_timeout_s)
            return (page_events.page_acknowledged(by, via, until, why=why, notification=notification),)

        return self._change(page, drafts, by=by, via=via)

    def cancel(self, page: str, by: str, why: str) -> Page:
        """Wakes nobody any more for it."""

        told = why.strip() or "No reason was given."
        done = page_events.page_done("cancelled", f"{by} cancelled it: {told}", by)
        return self._change(page, lambda _: (done,), by=by)

    def escalate(self, page: str, by: str, *, via: str, why: str = "", notification: int = 0) -> Page:
        """Somebody cannot take care of it: it is the next level's turn at once, also where it was acknowledged. Twice
        before it has gone on is once. Raises Refusal where it is for nobody else."""

        def drafts(of: Page) -> tuple[Draft, ...]:
            if not of.can_be_passed_on:
                raise Refusal(
                    f"The page {of.id} is for nobody else than {', '.join(_targets(of)) or 'nobody'}, so it cannot go"
                    " on to anybody. Wake somebody else by hand."
                )
            return () if of.passed_on is not None else (page_events.escalated(by, via, why.strip(), notification),)

        return self._change(page, drafts, by=by)

    def resolve(self, page: str, by: str, why: str = "") -> Page:
        """A person says that it is over, and all alerts of it. Where a sender says otherwise later they open again."""
        of = _open(self.find(page))
        if of.alerts:
            with suppress(Usage, Refusal):  # none of them is open any more
                self._alerts.resolve([of.id], by, why)
        told = f"{by} says that it is over" + (f": {why}" if why else ".")

        def drafts(left: Page) -> tuple[Draft, ...]:
            return (page_events.page_done("resolved", told, by),) if left.is_open else ()

        return self._change(of.id, drafts, by=by, is_over_too=True)

    def by_link(self, page: str, notification: int, secret: str) -> tuple[Page, Notification]:
        """The page and notification of an acknowledge link; raises Usage for one that is wrong."""
        kept = self._ledger.row(VIEW, stream_of(page))
        found = page_of(kept) if kept is not None else None
        of = found.notification(notification) if found is not None else None
        given = sha256(secret.encode()).hexdigest()
        if found is None or of is None or not any(compare_digest(given, each) for each in of.ack_hashes):
            raise Usage("This link is not one that Opsbook sent. Open the page and acknowledge it there.")
        return found, of

    def acknowledge_by_link(self, page: str, notification: int, secret: str) -> Page:
        """Whoever got that notification answers by its link. A second use changes nothing and says who was first; once
        people were woken again the link of a new message answers."""
        found, of = self.by_link(page, notification, secret)
        by = of.owed.handle or of.owed.person
        is_answered = found.state == "acknowledged" or any(each.by == by for each in found.acknowledged)
        if found.is_spent(of) or not found.is_open or is_answered:
            return found
        return self.acknowledge(page, by, via="link", notification=notification)

    def escalate_by_link(self, page: str, notification: int, secret: str) -> Page:
        """Whoever got that notification passes it on by its link; changes nothing where it has gone on already."""
        found, of = self.by_link(page, notification, secret)
        if not found.is_open or found.is_spent(of) or has_gone_on(found, of):
            return found
        return self.escalate(found.id, of.owed.handle or of.owed.person, via="link", notification=notification)

    def resolve_by_link(self, page: str, notification: int, secret: str) -> Page:
        """Whoever got that notification says by its link that it is over; changes nothing where it is."""
        found, of = self.by_link(page, notification, secret)
        if not found.is_open or found.is_spent(of):
            return found
        return self.resolve(found.id, of.owed.handle or of.owed.person)

    def wake(
        self, whom: str, subject: str, by: str, *, severity: str = "P1", service: str | None = None
    ) -> Page:
        """Wakes people by hand: those who are named, parted by commas, else the people of a service."""
        id, written = self.waking(whom, subject, by, severity=severity, service=service)
        self._ledger.record([written], actor=by, at=self._now())
        self._nudge()
        return self.find(id)

    def waking(
        self, whom: str, subject: str, by: str, *, severity: str = "P1", service: str | None = None,
        incident: int | None = None, is_drill: bool = False,
    ) -> tuple[str, Write]:  # fmt: skip
        """What is recorded for that, with the id of the page: for whoever records it with something else."""
        if not subject.strip():
            raise Usage("Say in a sentence what people are woken for.")
        if severity not in PRIORITIES:
            raise Usage(f"'{severity}' is no severity. Write one of {', '.join(PRIORITIES)}.")
        now = self._now()
        names = [name.strip() for name in whom.split(",") if name.strip()]
        policy = self._waking.policy(names, service, severity, now, by=by)
        id = run_id(now, self._chance(LETTERS))
        opened = page_events.page_opened(
            group=f"by-hand/{id}", subject=" ".join(subject.split())[:LONGEST], severity=severity, service=service,
            alerts=(), policy=policy, place=None, asked_by=by, incident=incident, is_drill=is_drill,
        )  # fmt: skip
        stream = stream_of(id)
        return id, Write(stream, (opened,), 0, (Timer(stream, LEVEL, now),))

    def answering(self, page: Page, by: str, *, via: str, why: str, at: datetime) -> list[Write]:
        """What is recorded where somebody takes care of an open page with something else: of it and of its alerts."""
        until = at + timedelta(seconds=page.policy.ack_timeout_s or self._ack_timeout_s)
        draft = PageDraft(page, at)
        draft.add((page_events.page_acknowledged(by, via, until, why=why),))
        answered = self._answered(draft.page, by, via) if draft.page.state == "acknowledged" else ()
        return [draft.write(at), *answered]

    def _change(
        self, page: str, drafts: Callable[[Page], Sequence[Draft]], *, by: str, via: str = "",
        is_over_too: bool = False,
    ) -> Page:  # fmt: skip
        for tried in range(1, TRIES + 1):
            of = self.find(page)
            draft = PageDraft(of if is_over_too else _open(of), self._now())
            draft.add(drafts(draft.page))
            writes = [draft.write(draft.at)]
            if draft.page.state == "acknowledged":
                writes += self._answered(draft.page, by, via)
            elif draft.page.passed_on is not None and draft.drafts:
                writes += self._unanswered(draft.page, by)
            if answers := list(answers_in(writes, [draft.page])):
                leads = takes_command(followed(self._waking.book()))
                writes += answering(self._ledger, answers, takes_command=leads)
            try:
                self._ledger.record(writes, actor=by, at=draft.at)
                break
            except Conflict:
                if tried == TRIES:
                    raise
        self._nudge()
        return self.find(draft.page.id)

    def incident_of(self, page: Page) -> int | None:
        """The number of the incident that a page belongs to: its own, else that of one of its alerts; None for none."""
        rows = (self._ledger.row("alerts", alert_stream(id)) for id in page.alerts if page.incident is None)
        found = (alert_of(row).incident for row in rows if row is not None)
        return page.incident or next((each for each in found if each is not None), None)

    def _answered(self, page: Page, by: str, via: str) -> Iterator[Write]:
        """The alerts of a page that is acknowledged now."""
        until = page.acknowledged_until
        for id in page.alerts:
            kept = self._ledger.row("alerts", alert_stream(id))
            alert = alert_of(kept) if kept is not None else None
            if alert is not None and alert.is_open and alert.status != "stale":
                stream = alert_stream(id)
                timers = (Timer(stream, ACK, until),) if until is not None else ()
                answer = alert_events.acknowledged(by, until, page.acknowledged[-1].why, via)
                yield Write(stream, (answer,), alert.number, timers)

    def _unanswered(self, page: Page, by: str) -> Iterator[Write]:
        """The alerts of a page that whoever took care of it passes on."""
        for id in page.alerts:
            kept = self._ledger.row("alerts", alert_stream(id))
            alert = alert_of(kept) if kept is not None else None
            if alert is not None and alert.is_open and alert.acknowledged_by:
                yield Write(alert_stream(id), (alert_events.unacknowledged(page.why, by),), alert.number, (), (ACK,))


def has_gone_on(page: Page, notification: Notification) -> bool:
    """Whether a page went on since somebody got a message of it, or is about to."""
    if page.passed_on is not None:
        return True
    last = page.reached[-1] if page.reached else None
    return last is None or (last.level, last.loop) != (notification.owed.level, notification.owed.loop)


def _open(page: Page) -> Page:
    if not page.is_open:
        raise Refusal(f"The page {page.id} is over: {page.why}")
    return page


def _targets(page: Page) -> list[str]:
    return [target for level in page.policy.levels for target in level.targets]
