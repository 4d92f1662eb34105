"""When each probe is asked next: turns with a little chance in them, so that nothing is asked in step with anything.

Time is an argument, in seconds of a clock that only goes forward. Starts nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct

from opsbook.book.probe import Probe

EARLIER = 0.1  # of a turn at most, by chance: never later, or three failures would take more than three turns
FIRST_WITHIN_S = 5.0  # a started server knows everything after this, and asks nobody in one burst
CAUGHT_UP_WITHIN_S = 10.0
IN_DOUBT = 2  # times as often while readings say other than the state
GATHERED_S = 0.1  # what is due so soon is asked together
LATEST_S = 1e9


class Turn(Struct):
    """The turn of one probe; changes in place, under whoever holds the turns."""

    probe: Probe
    due: float
    is_asked: bool = False
    is_wanted: bool = False


class Turns:
    """The turns of all probes, for one thread. `chance` gives numbers from 0 to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._turns: dict[str, Turn] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._turns

    def probe(self, key: str) -> Probe:
        """The probe of that key, as it is asked now."""
        return self._turns[key].probe

    def put(self, probe: Probe, now: float) -> Literal["new", "changed", "same"]:
        """Enters a probe, or what has changed of it; a shorter frequency counts from now."""
        turn = self._turns.get(probe.key)
        if turn is None:
            first = now + _share(probe.key) * min(probe.every_s, FIRST_WITHIN_S)
            self._turns[probe.key] = Turn(probe, first)
            return "new"
        if turn.probe == probe:
            return "same"
        if not turn.is_asked:
            turn.due = min(turn.due, now + probe.every_s)
        turn.probe = probe
        return "changed"

    def remove(self, key: str) -> None:
        """Forgets a probe; an answer that is still to come finds nobody."""
        self._turns.pop(key, None)

    def want(self, keys: Iterable[str]) -> None:
        """Makes these due at once; one that is being asked is not asked twice."""
        for key in keys:
            turn = self._turns.get(key)
            if turn is not None and not turn.is_asked:
                turn.is_wanted = True

    def take_due(self, now: float) -> list[Probe]:
        """The probes whose turn it is, each marked as asked until it is `answered`.

        What is late by more than a whole turn (the machine slept) is not asked now but spread over the next seconds.
        """
        due: list[Probe] = []
        for turn in self._turns.values():
            if turn.is_asked:
                continue
            if not turn.is_wanted and now - turn.due > turn.probe.every_s + GATHERED_S:
                turn.due = now + _share(turn.probe.key) * min(turn.probe.every_s, CAUGHT_UP_WITHIN_S)
            if turn.is_wanted or turn.due <= now + GATHERED_S:
                turn.is_asked, turn.is_wanted = True, False
                due.append(turn.probe)
        return due

    def answered(self, key: str, now: float, *, is_in_doubt: bool) -> None:
        """Sets the next turn of a probe, sooner while its state is in doubt."""
        turn = self._turns.get(key)
        if turn is None:
            return
        every = turn.probe.every_s * (1 - EARLIER * self._chance())
        every = max(every / IN_DOUBT, 1.0) if is_in_doubt and every > 1 else every
        # Counted from when it was due, so that slow answers make no turn longer; but never into the past.
        turn.due = max((turn.due if turn.due <= now else now) + every, now + min(every, 0.5))
        turn.is_asked = False

    def next_due(self) -> float:
        """When the next turn is, on the clock of the turns; far away where nothing waits."""
        waiting = (0.0 if turn.is_wanted else turn.due for turn in self._turns.values() if not turn.is_asked)
        return min(waiting, default=LATEST_S)

    def probes(self) -> dict[str, Probe]:
        """Every probe by its key."""
        return {key: turn.probe for key, turn in self._turns.items()}


def _share(key: str) -> float:
    """A number from 0 to 1 that is always the same for a key: its place among all that would be due together."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32
