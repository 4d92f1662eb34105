"""The verbs of silences: add, change, expire, list; and which alerts they hold. Suppresses nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import to_builtins
from msgspec.structs import replace

from opsbook.book.roster.calendar import zone_of
from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import matchers as asked
from opsbook.ledger import silence_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.matchers import Matcher
from opsbook.ledger.recurrence import why_no_rule
from opsbook.ledger.silence import SILENCES, Silence, folded, next_reminder, silence_of, state_of, stream_of, window
from opsbook.usecases.held_silences import HeldSilences
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write

START, END, REMIND = _TIMERS = ("start", "end", "remind")
MOST_LISTED = 1000
MOST_MATCHERS = 100
OLDEST_RULE = timedelta(days=5 * 366)  # what recurs is counted from its first time on


class Silences:
    """The silences of a ledger. Their timers (`start`, `end`, `remind` on `silence/ID`) are set by these verbs, and
    what follows of them is the router's: it looks again at the alerts that match, and records what `turned` gives."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._held = HeldSilences(ledger)

    def add(
        self, matchers: Sequence[Matcher], *, starts_at: datetime, ends_at: datetime, by: str, comment: str,
        rule: str = "", time_zone: str = "UTC", kind: str = "silence", remind_at: datetime | None = None,
        id: str = "", annotations: dict[str, str] | None = None, maker: str = "",
    ) -> Silence:  # fmt: skip
        """A new silence, or another state of the one with that `id`. Where that would not be the same silence any more
        (other matchers, another beginning once it has begun), it is expired and a new one takes its place, as
        Alertmanager does. `maker` is who is told of it and reminded, where that is another name than the one that acts.
        Raises Usage where it cannot be: no matcher, one that matches everything, an end before its
        beginning, no reason."""
        now = self._now()
        before = self.find(id) if id else None
        _check(matchers, starts_at, ends_at, now)
        _check_words(by, comment, kind)
        _check_recurrence(starts_at, now, rule=rule, time_zone=time_zone)
        goes_on = before is not None and _is_same(before, matchers, starts_at, now)
        if not rule and ends_at <= now:
            raise Usage(f"The silence would be over already: its end is {_told(ends_at)}, and it is {_told(now)}.")
        if not rule and not goes_on:
            starts_at = max(starts_at, now)
        if before is not None and not goes_on and before.expired_at is None:
            self._expire(before, by, "Another took its place.", now)
        made = Silence(
            id=before.id if before is not None and goes_on else str(UUID(bytes=self._chance(16)[:16], version=4)),
            matchers=tuple(matchers), starts_at=starts_at, ends_at=ends_at, created_by=maker or by, comment=comment,
            changed_at=now, rule=rule, time_zone=time_zone, kind=kind, remind_at=remind_at,
            annotations=annotations or {}, number=before.number if before is not None and goes_on else 0,
        )  # fmt: skip
        found = window(made, now)
        if found is None:
            raise Usage(f"The rule {rule!r} never begins within the next years.")
        # A start that is due at once has whoever routes look again at what is open, whatever was changed.
        timers = [Timer(stream_of(made.id), START, now if goes_on else max(found.begin, now))]
        due = next_reminder(made, now)
        timers += [Timer(stream_of(made.id), REMIND, due)] if due is not None else []
        return self._recorded(made, events.silence_set(to_builtins(made), is_new=not goes_on), by, timers)

    def expire(self, silence: str, by: str) -> Silence:
        """Ends one now; raises Refusal where its time is over already."""
        now, found = self._now(), self.find(silence)
        if state_of(found, now) == "expired":
            raise Refusal(f"The silence {found.id} is over already. Add a new one with the same matchers instead.")
        return self._expire(found, by, f"Expired by {by}.", now)

    def again(self, silence: str, by: str) -> Silence:
        """One that was expired, once more until the same end: undoes that. Raises Refusal where it is not over, or its
        end is past."""
        now, found = self._now(), self.find(silence)
        if state_of(found, now) != "expired":
            raise Refusal(f"The silence {found.id} is not over.")
        if found.ends_at <= now and not found.rule:
            raise Refusal(f"The end of the silence {found.id} is past. Add a new one with another end.")
        return self.add(
            found.matchers, starts_at=found.starts_at, ends_at=found.ends_at, by=by, comment=found.comment,
            rule=found.rule, time_zone=found.time_zone, kind=found.kind, annotations=found.annotations,
            remind_at=found.remind_at if found.remind_at is not None and found.remind_at > now else None,
        )  # fmt: skip

    def select(
        self, *, matchers: Sequence[Matcher] = (), states: Sequence[str] = ("active", "pending")
    ) -> list[Silence]:
        """Silences, the last changed first; `states` are active, pending, expired. Matchers are asked of what the
        silences' own say, as Alertmanager does: `job="api"` finds those whose matcher of job is api."""
        now = self._now()
        kept = self._ledger.rows("silences", is_open=True, limit=MOST_LISTED)
        if "expired" in states:
            kept += self._ledger.rows("silences", is_open=False, limit=MOST_LISTED)
        found = [each for each in map(silence_of, kept) if state_of(each, now) in states and _says(each, matchers)]
        return sorted(found, key=lambda each: each.changed_at, reverse=True)

    def find(self, silence: str) -> Silence:
        """The silence of that id, or of the only id that begins so; raises Usage."""
        kept = self._ledger.row("silences", stream_of(silence))
        if kept is None and len(silence) >= 4:
            streams = self._ledger.streams(stream_of(silence))
            if len(streams) > 1:
                raise Usage(f"Several silences have an id that begins with {silence!r}. Give more of it.")
            kept = self._ledger.row("silences", streams[0]) if streams else None
        if kept is None:
            known = [row.stream.removeprefix(SILENCES) for row in self._ledger.rows("silences", is_open=True)]
            guess = closest(silence, known)
            raise Usage(f"There is no silence {silence!r}." + (f" Did you mean {guess}?" if guess else ""))
        return silence_of(kept)

    def holding(self, labels: dict[str, str], at: datetime) -> list[Silence]:
        """Those that are active at an instant and match; kept in memory, cheap to ask for each of many alerts."""
        return self._held.holding(labels, at)

    def asked(self) -> Callable[[Mapping[str, str], datetime], list[Silence]]:
        """`holding` for many alerts at one moment: whether silences changed is looked up once for all of them."""
        return self._held.asked()

    def turned(self, silence: Silence) -> Write:
        """What is to be recorded when a timer `start` or `end` of it was due, with whatever becomes of alerts: the next
        timer, or that its time is over."""
        now, stream = self._now(), stream_of(silence.id)
        found = window(silence, now)
        if found is not None:
            timer = Timer(stream, END, found.end) if found.begin <= now else Timer(stream, START, found.begin)
            return Write(stream, (), silence.number, (timer,), (START, END))
        drafts: tuple[Draft, ...] = ()
        if silence.expired_at is None:
            drafts = (events.expired(now if silence.rule else silence.ends_at, "", "Its time is over."),)
        return Write(stream, drafts, silence.number, (), _TIMERS)

    def reminded(self, silence: Silence, matched: int, why: str) -> Write:
        """What is to be recorded when the timer `remind` of it was due and its maker is told; `matched` open alerts are
        silent by it."""
        now, stream = self._now(), stream_of(silence.id)
        due = next_reminder(replace(silence, reminded_at=now), now)
        timers = (Timer(stream, REMIND, max(due, now)),) if due is not None else ()
        return Write(stream, (events.reminded(matched, why),), silence.number, timers, (REMIND,))

    def _expire(self, silence: Silence, by: str, why: str, now: datetime) -> Silence:
        return self._recorded(silence, events.expired(now, by, why), by, [Timer(stream_of(silence.id), END, now)])

    def _recorded(self, silence: Silence, draft: Draft, by: str, timers: list[Timer]) -> Silence:
        recorded = self._ledger.append(
            stream_of(silence.id), [draft], expected=silence.number, actor=by, at=self._now(), set_timers=timers,
            clear_timers=_TIMERS,
        )  # fmt: skip
        made = folded(recorded, silence)
        assert made is not None  # it was one before
        return made


def _check(matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if not matchers:
        raise Usage("A silence needs at least one matcher, such as alertname=\"ApiDown\".")
    if len(matchers) > MOST_MATCHERS:
        raise Usage(f"A silence has at most {MOST_MATCHERS} matchers.")
    for why in filter(None, map(asked.why_wrong, matchers)):
        raise Usage(why)
    if asked.holds_of_anything(matchers):
        raise Usage(f"{asked.written(matchers)} matches every alert, and nobody would be woken by anything any more."
                    " Name a label with a value that not all alerts have.")  # fmt: skip
    if ends_at <= starts_at:
        raise Usage(f"The silence would end ({_told(ends_at)}) before it begins ({_told(starts_at)}).")


def _check_words(by: str, comment: str, kind: str) -> None:
    if not by.strip() or not comment.strip():
        raise Usage("A silence needs whoever makes it and a reason, so that those who are not woken can learn why.")
    if kind not in ("silence", "maintenance"):
        raise Usage(f"A silence is of kind silence or maintenance, not {kind!r}.")


def _check_recurrence(starts_at: datetime, now: datetime, *, rule: str, time_zone: str) -> None:
    if zone_of(time_zone) is None:
        raise Usage(f"There is no time zone {time_zone!r}. Write one as in Europe/Copenhagen.")
    why = why_no_rule(rule) if rule else ""
    if why:
        raise Usage(why)
    if rule and starts_at < now - OLDEST_RULE:
        raise Usage(f"A silence that recurs cannot have begun before {_told(now - OLDEST_RULE)}.")


def _is_same(before: Silence, matchers: Sequence[Matcher], starts_at: datetime, now: datetime) -> bool:
    """Whether what is asked for is another state of a silence: the same matchers, and the same beginning once it has
    begun."""
    state = state_of(before, now)
    if state == "expired" or sorted(map(asked.written_one, matchers)) != sorted(
        map(asked.written_one, before.matchers)
    ):
        return False
    return state == "pending" or _told(before.starts_at) == _told(starts_at)


def _says(silence: Silence, matchers: Sequence[Matcher]) -> bool:
    own = {each.name: each.value for each in silence.matchers}
    return all((not each.value and each.is_equal != (each.name in own)) or asked.matches((each,), own)
               for each in matchers)  # fmt: skip


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
