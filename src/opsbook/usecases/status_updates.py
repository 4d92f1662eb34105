"""The verbs of status updates: draft from the page's templates and the facts, approve, publish, correct, withdraw.

What is published is handed over by `telling`; here it is recorded that it is owed, in the same transaction. Nothing is
overwritten unseen: whoever changes a draft that is another by now is told so. Who may approve stands in `update_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.book.update_cadence import next_due as due_by
from opsbook.book.update_templates import AUDIENCES as AUDIENCES
from opsbook.book.update_templates import BUILT_IN as BUILT_IN
from opsbook.book.update_templates import Audience, choose, fill, unfilled_in
from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.incident import Incident, after, incident_of, stream_of
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.telling import Telling
from opsbook.usecases.channel_names import channels_in
from opsbook.usecases.incident_acts import FieldConflict
from opsbook.usecases.incident_changing import cleaned
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.telling_owed import Owed, tellings, withdrawn
from opsbook.usecases.update_checks import check_channels, checked_components, promised
from opsbook.usecases.update_facts import known_of, told
from opsbook.usecases.update_reach import went_to_somebody, why_nobody
from opsbook.usecases.update_reminders import DUE, reminded_no_more
from opsbook.usecases.update_rules import cadence_for, check_may_approve, due_next, policy_of

VIEW = "incidents"
TRIES = 8  # where others record at the same moment
MOST_LETTERS = 20_000  # of an update
MOST_CHANNELS = 50
CORRECTS = "**Correction** of what we wrote at {at}: [What was wrong]"

Components = Callable[[Book, Incident], Sequence[str]]


class DraftText(Struct, frozen=True):
    """An update as it might be told: `unfilled` are the slots of the template that nobody knows yet. `template` is
    where its words come from; `built-in` where the policy page has none."""

    audience: str
    body: str
    template: str
    channels: tuple[str, ...]
    unfilled: tuple[str, ...]
    next_due: datetime | None


class StatusUpdates:
    """The status updates of incidents. `owed` gives what is recorded so that an update is handed over, `components` the
    public names of what an incident hinders."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], *, now: Callable[[], datetime],
        chance: Callable[[int], bytes], nudge: Callable[[], None] = lambda: None,
        components: Components = lambda _book, _incident: (), owed: Owed | None = None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._book = book
        self._now = now
        self._chance = chance
        self._nudge = nudge
        self._components = components
        self._owed = owed

    def compose(self, incident: Incident, audience: str, *, corrects: int = 0) -> DraftText:
        """What might be told an audience now, by the template of the page for it, filled with what is known; with
        `corrects` what is put right of an update, which begins by asking what was wrong."""
        told_to, book = _audience(audience), self._book()
        path, policy = policy_of(book, incident)
        chosen = choose(policy.templates if policy is not None else (), told_to, is_over=not incident.is_live)
        due = due_by(cadence_for(book, incident), self._now(), self._now()) if incident.is_live else None
        known = known_of(
            incident, told_to, events=self._ledger.read(stream_of(incident.id)) if told_to != "customers" else (),
            components=self._components(book, incident), next_due=due,
        )  # fmt: skip
        text = fill(chosen.text, known).text
        if corrects:
            before = _update(incident, corrects)
            text = f"{CORRECTS.format(at=told(before.published_at))}\n\n{before.body}"
        at = f"@{book.commit}" if book.commit else ""
        origin = chosen.origin if chosen.is_built_in or not path else f"{path}{chosen.origin}{at}"
        return DraftText(told_to, text, origin, channels_in(chosen.channels), unfilled_in(text), due)

    def draft(
        self, incident: Incident, by: str, *, audience: str, body: str, channels: Sequence[str] | None = None,
        components: dict[str, str] | None = None, next_due: datetime | None = None, update: int = 0, corrects: int = 0,
    ) -> Incident:  # fmt: skip
        """Keeps a draft, or changes the one of that id; what was approved has to be approved again. `incident` is what
        the caller saw: raises FieldConflict where somebody changed that draft since. Without `channels` it goes where
        the template's section says."""
        told_to, text = _audience(audience), cleaned(body).replace("\r\n", "\n").strip()
        next_due = promised(next_due, self._now())
        _check_text(text)
        template, book = self.compose(incident, told_to), self._book()
        places = template.channels if channels is None else tuple(dict.fromkeys(each.strip() for each in channels))
        check_channels(book, places)
        components = checked_components(book, components or {})
        if len(places) > MOST_CHANNELS:
            raise Usage(f"An update goes to at most {MOST_CHANNELS} channels, and these are {len(places)}.")

        def decide(now: Incident) -> list[Draft]:
            number = update or max((each.id for each in now.updates), default=0) + 1
            puts_right = corrects
            if update:
                puts_right = self._check_editable(now, incident, update, text) or corrects
            if puts_right:
                _check_corrects(now, puts_right, told_to, number)
            shown = text
            if puts_right and "correct" not in text.lower():
                shown = f"{CORRECTS.format(at=told(_update(now, puts_right).published_at))}\n\n{text}"
            return [kinds.update_drafted(
                number, audience=told_to, body=shown, channels=places, template=template.template,
                components=components, next_due=next_due, corrects=puts_right,
            )]  # fmt: skip

        return self._record(incident, by, decide)

    def approve(self, incident: Incident, by: str, update: int, *, is_admin: bool = False) -> Incident:
        """It may be sent. Customers are told only what the commander, the communications lead or an admin approved."""

        def decide(now: Incident) -> list[Draft]:
            found = _update(now, update)
            check_may_approve(now, by, found.audience, is_admin=is_admin)
            if found.state == "approved":
                raise Refusal(f"{found.approved_by} approved update {update} of {now.name} already.")
            if found.state != "draft":
                raise Refusal(f"Update {update} of {now.name} is {found.state}, and cannot be approved any more.")
            self._check_seen(incident, found, update)
            _check_filled(found, may_have_slots=found.audience != "customers")
            return [kinds.update_approved(update, by)]

        return self._record(incident, by, decide)

    def publish(self, incident: Incident, by: str, update: int, *, may_have_slots: bool = False) -> Incident:
        """It is told: on the status page, to its channels, to who subscribed. Raises Refusal where customers would get
        what nobody approved, or a slot that nobody filled; others only where that is not said to be meant."""

        def decide(now: Incident) -> list[Draft]:
            found = _update(now, update)
            if found.state not in ("draft", "approved"):
                raise Refusal(f"Update {update} of {now.name} is {found.state} already.")
            if found.audience == "customers" and found.state != "approved":
                raise Refusal(f"Update {update} of {now.name} is for customers, and nobody approved it yet.")
            self._check_seen(incident, found, update)
            _check_filled(found, may_have_slots=may_have_slots and found.audience != "customers")
            if found.audience == "customers":
                checked_components(self._book(), found.components)  # of a draft that is older than the page
            return [kinds.update_published(update, ())]

        return self._record(incident, by, decide, publishes=update)

    def withdraw(
        self, incident: Incident, by: str, update: int, why: str, *, is_admin: bool = False
    ) -> Incident:
        """A draft is thrown away, or what was published is shown no more, and handed to nobody who has not got it. What
        customers read is taken back by whoever may approve it."""
        reason = " ".join(why.split())

        def decide(now: Incident) -> list[Draft]:
            found = _update(now, update)
            if found.state == "withdrawn":
                raise Refusal(f"Update {update} of {now.name} is withdrawn already.")
            if not reason and found.state in ("published", "corrected"):
                raise Usage("Say why it is withdrawn: people have read it.")
            if found.state in ("published", "corrected"):
                check_may_approve(now, by, found.audience, is_admin=is_admin)
            return [kinds.update_withdrawn(update, reason)]

        return self._record(incident, by, decide, withdraws=update)

    def unheard(self, incident: Incident, update: int) -> str:
        """Why an update that was published went to nobody, and where to mend that; empty where it went to somebody."""
        return why_nobody(self._book(), incident, _update(incident, update))

    def deliveries(self, incident: Incident, update: int) -> list[Telling]:
        """Who gets an update, and how far that is: when it came, or why it did not."""
        return tellings(self._ledger, incident.id, update)

    # -- what is behind it --------------------------------------------------------------------------------------

    def _record(
        self, seen: Incident, by: str, decide: Callable[[Incident], list[Draft]], *, publishes: int = 0,
        withdraws: int = 0,
    ) -> Incident:  # fmt: skip
        """Decides on the incident as it is, and records; where somebody else was quicker it is decided anew."""
        for _ in range(TRIES):
            now, at = self._fresh(seen), self._now()
            drafts, timers, cleared, others = decide(now), list[Timer](), list[str](), list[Write]()
            if publishes:
                owed = self._owed(now, _update(now, publishes), at) if self._owed is not None else []
                drafts = [kinds.update_published(publishes, tuple(each.stream for each in owed))]
                published = _as_if(now, drafts, by, at)
                due, more = self._due(published)
                drafts += more
                timers += due
                cleared += () if due else (DUE,)
                is_heard = went_to_somebody(self._book(), published, _update(published, publishes))
                others += [*owed, *(reminded_no_more(self._ledger, now.id, at) if is_heard else ())]
            if withdraws:
                others += withdrawn(self._ledger, now, withdraws, at)
            try:
                write = Write(stream_of(now.id), drafts, now.version, timers, cleared)
                events = self._ledger.record([write, *others], actor=by, at=at)
            except Conflict:
                continue
            self._nudge()
            made: Incident | None = now
            for event in events:
                made = after(made, event) if event.stream == stream_of(now.id) else made
            assert made is not None
            return made
        raise Conflict(f"{seen.name} is changed by others again and again. Try once more.")

    def _due(self, published: Incident) -> tuple[list[Timer], list[Draft]]:
        """When the next update is due once this one was sent: its timer, and the event where that is another time."""
        due = due_next(self._book(), published)
        timers = [Timer(stream_of(published.id), DUE, due)] if due is not None else []
        if due == published.update_due_at:
            return timers, []
        why = "An update was sent." if due else "An update was sent, and none is due before the end."
        return timers, [kinds.update_due(due, why)]

    def _fresh(self, seen: Incident) -> Incident:
        kept = self._ledger.row(VIEW, stream_of(seen.id))
        if kept is None:
            raise Usage(f"There is no incident {seen.name} here any more.")
        return incident_of(kept)

    def _check_editable(self, now: Incident, seen: Incident, update: int, mine: str) -> int:
        """Which update the one that is edited puts right. Raises Refusal where it cannot be changed any more,
        FieldConflict where somebody else changed it since it was seen."""
        found = _update(now, update)
        if found.state not in ("draft", "approved"):
            raise Refusal(
                f"Update {update} of {now.name} is {found.state}, and stays as people read it. Send a correction."
            )
        self._check_seen(seen, found, update, mine)
        return found.corrects

    def _check_seen(self, seen: Incident, found: StatusUpdate, update: int, mine: str = "") -> None:
        known = next((each for each in seen.updates if each.id == update), None)
        if known is not None and (known.body, known.drafted_at) != (found.body, found.drafted_at):
            raise FieldConflict(
                f"{found.author} changed update {update} of {seen.name} meanwhile. Look at it first.",
                field=f"update {update}", by=found.author, now=found.body, mine=mine or known.body,
            )


def _as_if(now: Incident, drafts: Sequence[Draft], by: str, at: datetime) -> Incident:
    """The incident once these are recorded."""
    made: Incident | None = now
    for count, draft in enumerate(drafts, 1):
        made = after(made, Event(
            stream_of(now.id), now.version + count, 0, at, by, draft.kind, draft.facts, NO_HASH, NO_HASH
        ))  # fmt: skip
    assert made is not None
    return made


def _audience(audience: str) -> Audience:
    found: Audience | None = next((each for each in AUDIENCES if each == audience), None)
    if found is None:
        near = closest(audience, AUDIENCES)
        guess = f" Did you mean '{near}'?" if near else f" There are {', '.join(AUDIENCES)}."
        raise Usage(f"There is no audience '{audience[:40]}'.{guess}")
    return found


def _update(incident: Incident, update: int) -> StatusUpdate:
    found = next((each for each in incident.updates if each.id == update), None)
    if found is None:
        known = ", ".join(str(each.id) for each in incident.updates) or "none"
        raise Usage(f"{incident.name} has no update {update}. It has: {known}.")
    return found


def _check_text(text: str) -> None:
    if not text:
        raise Usage("An update says something: write its text.")
    if len(text) > MOST_LETTERS:
        raise Usage(f"The update is longer than {MOST_LETTERS} letters. Shorten it, and link to the rest.")


def _check_corrects(incident: Incident, corrects: int, audience: str, number: int) -> None:
    wrong = _update(incident, corrects)
    if corrects == number or wrong.published_at is None:
        raise Refusal(f"Update {corrects} of {incident.name} was told nobody yet: change it, instead of correcting it.")
    if wrong.audience != audience:
        raise Usage(f"Update {corrects} of {incident.name} was told {wrong.audience}: a correction goes to the same.")


def _check_filled(update: StatusUpdate, *, may_have_slots: bool) -> None:
    left = unfilled_in(update.body)
    if left and not may_have_slots:
        named = ", ".join(f"[{each}]" for each in left)
        mend = "Fill them in, or take them out" if update.audience == "customers" else "Fill them in, or send it so"
        raise Refusal(f"Update {update.id} still has slots that nobody filled: {named}. {mend}.")
