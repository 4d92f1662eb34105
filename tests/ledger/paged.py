"""A page that is moved by hand: what its moves say is recorded, levels reach whom the story says, a clock is moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.page import Page, after
from opsbook.ledger.page_events import FrozenPolicy, OwedNotification, PlannedLevel
from opsbook.ledger.page_moves import PageMoves, Reach, Rules, next_moves

BEGIN = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
RULES = Rules()


def levels(*after_s: float) -> tuple[PlannedLevel, ...]:
    return tuple(PlannedLevel(count, each, (f"level-{count}",), "") for count, each in enumerate(after_s, 1))


def frozen(*after_s: float, repeat: int = 0, every_s: float | None = None, catch_all: tuple[str, ...] = ("all",)) -> FrozenPolicy:  # fmt: skip
    return FrozenPolicy("p", "", 0, None, levels(*after_s), repeat, every_s, catch_all)


class Paged:
    """`reaches` tells how many messages a level owes, and when they are due."""

    def __init__(
        self, policy: FrozenPolicy, *, severity: str = "P1", alerts: int = 1,
        reaches: Callable[[Reach], list[timedelta]] = lambda reach: [timedelta()],
    ) -> None:  # fmt: skip
        self.at = BEGIN
        self.page: Page | None = None
        self.number = 0
        self.reaches = reaches
        self.sent: list[int] = []
        self.told: list[Draft] = []
        ids = tuple(f"a{count}" for count in range(alerts))
        self.tell(events.page_opened(group="g", subject="s", severity=severity, service=None, alerts=ids,
                                     policy=policy, place=None))  # fmt: skip

    @property
    def now(self) -> Page:
        assert self.page is not None
        return self.page

    def tell(self, *drafts: Draft) -> None:
        for draft in drafts:
            self.number += 1
            event = Event("page/p", self.number, self.number, self.at, "test", draft.kind, draft.facts, "", "")
            self.page = after(self.page, event)
            self.told.append(draft)

    def settle(self) -> PageMoves:
        """Does what is to be done now, and begins every attempt that is due; gives when to look again."""
        for _ in range(200):
            moves = next_moves(self.now, self.at, RULES, without_other=frozenset(range(1, 10_000)))
            if moves.record:
                self.tell(*moves.record)
            elif moves.reach is not None:
                self._reach(moves.reach)
            elif moves.send:
                for each in moves.send:
                    notification = self.now.notification(each)
                    assert notification is not None
                    self.tell(events.attempt_begun(each, len(notification.attempts) + 1))
                    self.sent.append(each)
            else:
                return moves
        raise AssertionError("it does not come to rest")

    def _reach(self, reach: Reach) -> None:
        self.tell(events.level_reached(reach.planned.level, reach.loop, reach.why))
        for later in self.reaches(reach) if reach.planned.targets else ():
            self.tell(events.owed(OwedNotification(
                self.now.next_id, f"{reach.planned.targets[0]}", "", "email", "email", reach.planned.level, reach.loop,
                "why", self.at + later,
            )))  # fmt: skip

    def ends(self, number: int, state: str) -> None:
        """What became of the last attempt of a notification."""
        notification = self.now.notification(number)
        assert notification is not None
        self.tell(events.attempt_ended(number, len(notification.attempts), state))

    def accept_all(self) -> None:
        for each in self.now.notifications:
            if each.open_attempt is not None:
                self.ends(each.owed.id, "accepted")

    def later(self, seconds: float) -> PageMoves:
        """Moves the clock from one look to the next; every message comes through at once."""
        until = self.at + timedelta(seconds=seconds)
        moves = self.settle()
        self.accept_all()
        while (moves := self.settle()).wake_at is not None and moves.wake_at <= until:
            self.at = max(self.at, moves.wake_at)
            self.settle()
            self.accept_all()
        self.at = until
        return moves

    def reached(self) -> list[tuple[float, int, int]]:
        """When each level was reached: seconds since the beginning, level, loop."""
        return [((each.at - BEGIN).total_seconds(), each.level, each.loop) for each in self.now.reached]
