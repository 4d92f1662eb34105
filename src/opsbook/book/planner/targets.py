"""Where steps are done: names of hosts, groups and parameters become the hosts of the inventory. Connects to none."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from opsbook.book.grammar import Problem, RunOn, read_run_on
from opsbook.book.page import Page
from opsbook.book.plan import LOCAL, PlannedStep
from opsbook.book.planner.known import Known
from opsbook.book.planner.making import Made
from opsbook.book.planner.problems import Hindrances


class Targets:
    """Resolves them by the inventory and the values of a run; `on` is what the caller wants instead."""

    def __init__(self, known: Known, values: Mapping[str, str], wrong: Hindrances, on: RunOn | None) -> None:
        self._known = known
        self._values = values
        self._wrong = wrong
        self._on = on

    def settled(self, made: Made) -> PlannedStep:
        """The step with its targets. What the caller says wins, save over a step that says itself that it is local."""
        step = made.step
        if step.kind != "command":
            return step
        is_local = made.run_on is not None and made.is_own and made.run_on.is_local
        run_on = made.run_on if self._on is None or is_local else self._on
        if run_on is None or run_on.is_local:
            return step
        hosts: dict[str, None] = {}
        for name in run_on.targets:
            found, why = self.hosts(name)
            hosts.update(dict.fromkeys(found))
            if why and made.page is not None and run_on is made.run_on:
                self._wrong.add(made.page, made.place, *why)
        count = run_on.at_once or 1
        return replace(
            step, targets=tuple(hosts) or (LOCAL,), at_once=count, stop_after=run_on.stop_after or 1
        ) if hosts else step  # fmt: skip

    def hosts(self, name: str) -> tuple[tuple[str, ...], tuple[str, str] | None]:
        """The hosts that a name means, and why there are none: a message and a fix."""
        if name.startswith("$"):
            value = self._values.get(name[1:])
            if value is None:
                return (name,), None  # it is missed where values are looked at
            hosts, why = self.hosts(value) if not value.startswith("$") else ((), None)
            if not hosts:
                return (), (f"{name} is '{value[:80]}', and there is no such host.", self._known.near(value[:80]))
            return hosts, why
        if name == LOCAL:
            return (LOCAL,), None
        if name in self._known.hosts:
            return (name,), None
        if name in self._known.groups:
            members = self._known.groups[name]
            return members, None if members else (f"The group '{name}' has no hosts.", "Add some in opsbook.toml.")
        return (), (f"There is no host or group '{name}'.", self._known.near(name))

    def wrong_on(self) -> list[str]:
        """What is wrong with what the caller wants, in sentences."""
        found = []
        for name in self._on.targets if self._on else ():
            _, why = self.hosts(name)
            if why:
                found.append(" ".join(why))
        return found


def read_on(text: str) -> RunOn | str:
    """Where the caller wants it done, in the words of Run on; or what is wrong with them."""
    value = read_run_on(text)
    return f"{value.message} {value.fix}" if isinstance(value, Problem) else value


__all__ = ["Page", "Targets", "read_on"]
