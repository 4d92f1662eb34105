"""`unknown-target`: a host or a group that opsbook.toml does not know. The step would reach nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest


@page_rule("unknown-target", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    targets = around.settings.targets
    if not targets or not parts_of(page).has_values:
        return
    from opsbook.book.field_values import host_groups, runs_on, value_place  # within: few pages hold a value

    for found, run_on in runs_on(page):
        names = [name for name in run_on.targets if name[0] != "$"]
        yield from _unknown(page, value_place(page, found), names, targets)
    for parameter, group in host_groups(page):
        yield from _unknown(page, (parameter.start, parameter.end), [group], targets)


def _unknown(page: Page, place: tuple[int, int], names: Iterable[str], known: frozenset[str]) -> Iterator[Finding]:
    for name in names:
        # A login and a port are not part of a host's name.
        bare = name.rpartition("@")[2].partition(":")[0]
        if name in known or bare in known:
            continue
        near = closest(bare, sorted(known))
        fix = f"Did you mean '{near}'?" if near else "Mend the name, or add it to opsbook.toml."
        yield page.finding("unknown-target", "error", place, f"There is no host or group '{name}'.", fix=fix)
