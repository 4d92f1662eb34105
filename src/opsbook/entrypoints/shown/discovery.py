"""What was discovered as lines of a terminal: a table, what differs, what would be written. Pure text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from opsbook.book.typed_text import editable_text
from opsbook.entrypoints.people import table
from opsbook.entrypoints.shown.terminal import printable
from opsbook.usecases.discovery import Discovered, Discovery


def as_text(
    found: Discovery, done: Sequence[str] = (), *, written: frozenset[str] = frozenset(), is_proposed: bool = False
) -> Iterator[str]:
    """The lines; `done` tells what was written or proposed, `written` are the paths of new pages."""
    for finding in found.findings:
        yield f"{finding.span}: {finding.severity} [{finding.rule}] {printable(finding.message)}"
    if not found.services:
        yield f"Nothing that deploys a service was found in {_count(found.files, 'file')}."
        return
    rows = [(printable(each.found.name), _from(each), _state(each, written)) for each in found.services]
    yield from table(("SERVICE", "FROM", "RUNBOOK"), rows)
    yield from _told(found)
    if done:
        yield ""
        yield from done
    changes = [each for each in found.services if each.would_change and not is_proposed]
    if not written:
        changes = [each for each in found.services if each.is_new or (each.would_change and not is_proposed)]
    for each in changes:
        yield ""
        yield from _diff(each)
    yield from _closing(found, written, is_proposed=is_proposed)


def _from(each: Discovered) -> str:
    place = each.found.place
    return printable(place.path if "://" in place.path else f"{place.path}:{place.line}")


def _state(each: Discovered, written: frozenset[str]) -> str:
    if each.is_new:
        return f"{each.path}: new" if each.path in written else f"none; {each.path} would be written"
    told = [
        f"{words} {len(found)}"
        for words, found in (("lacks", each.compared.lacks), ("behind in", each.compared.changed),
                             ("differs in", each.compared.differs))
        if found
    ]  # fmt: skip
    return f"{each.path}{': ' + ', '.join(told) if told else ''}"


def _told(found: Discovery) -> Iterator[str]:
    for each in found.services:
        for differing in each.compared.differs:
            yield ""
            yield printable(f"{each.found.name}: the {differing.what} differs")
            yield printable(f"  {differing.page_place.path}:{differing.page_place.line}: {differing.page}")
            yield printable(f"  {differing.found_place.path}:{differing.found_place.line}: {differing.found}")
        if each.compared.lacks:
            yield ""
            yield printable(f"{each.path} lacks: {'; '.join(each.compared.lacks)}")
    lines = list(left_to_write(found))
    yield from ("", *lines) if lines else ()
    if found.undeployed:
        names = ", ".join(f"{service} ({path})" for service, path in found.undeployed)
        yield ""
        yield printable(f"In the book, and deployed by nothing that was read: {names}")


def left_to_write(found: Discovery) -> Iterator[str]:
    """What people alone can tell, by service; nothing where nothing is left."""
    lacking = [each for each in found.services if each.left]
    if lacking:
        yield "Still to write, since nothing that was read tells it:"
    for each in lacking:
        yield printable(f"  {each.found.name}: {'; '.join(each.left)}")


def _diff(each: Discovered) -> Iterator[str]:
    before = editable_text(each.before).splitlines() if each.before is not None else []
    after = editable_text(each.after).splitlines()
    old = f"a/{each.path}" if each.before is not None else "/dev/null"
    yield from (printable(line) for line in unified_diff(before, after, old, f"b/{each.path}", lineterm=""))


def _closing(found: Discovery, written: frozenset[str], *, is_proposed: bool) -> Iterator[str]:
    new = sum(1 for each in found.services if each.is_new and each.path not in written)
    changed = sum(1 for each in found.services if each.would_change)
    if written or new or changed:
        yield ""
    if written:
        yield f"Next: 'opsbook lint' shows what is left to fill in on {_count(len(written), 'new page')}."
    if new:
        yield f"{_count(new, 'page')} would be written: 'opsbook discover --write' does it."
    if changed and not is_proposed:
        yield f"{_count(changed, 'page')} would change: 'opsbook discover --propose' puts that up for review."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
