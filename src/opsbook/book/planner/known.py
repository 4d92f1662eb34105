"""What a plan must know besides its pages: hosts, groups, approvers, and where links lead. Asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.ground.guesses import closest


class Known(Struct, frozen=True):
    """The names of the configuration, and `linked`: the page that an address on a page leads to, None for none."""

    hosts: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}
    approvers: Mapping[str, tuple[str, ...]] = {}
    linked: Callable[[Page, str], Page | None] = lambda _page, _href: None

    def people_of(self, approvers: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Everyone who is meant by names of groups and of people, each once; and the names that nobody has."""
        everyone = {plain_name(name): name for people in self.approvers.values() for name in people}
        groups = {plain_name(group): people for group, people in self.approvers.items()}
        found: dict[str, str] = {}
        unknown = []
        for name in approvers:
            plain = plain_name(name)
            if plain in groups:
                found.update((plain_name(each), each) for each in groups[plain])
            elif plain in everyone:
                found[plain] = everyone[plain]
            else:
                unknown.append(name)
        return tuple(found.values()), tuple(unknown)

    def near(self, name: str, *, is_person: bool = False) -> str:
        """A guess at a name that is none, as a sentence; how to add it where there is no guess."""
        names = [*self.approvers, *(n for people in self.approvers.values() for n in people)]
        names = names if is_person else [*self.hosts, *self.groups]
        guess = closest(name, sorted(names))
        table = "approvers" if is_person else "hosts or groups"
        return f"Did you mean '{guess}'?" if guess else f"Mend the name, or add it to {table} in opsbook.toml."


def plain_name(name: str) -> str:
    """A person's or a group's name by which it is compared: without `@` before it, in small letters."""
    return name.strip().lstrip("@").casefold()
