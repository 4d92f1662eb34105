"""A runbook against what is found of its service: what it lacks, what it says otherwise, and the splices that would
bring it up to date. What people wrote is kept: it is told, never replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from opsbook.book.discovery.found import Found
from opsbook.book.discovery.marks import Marked, digest_of_part, key_of, marked_parts, signed
from opsbook.book.discovery.parts_of_runbook import check_addresses, parts_of_runbook
from opsbook.book.discovery.runbook_page import heading_of, section_text
from opsbook.book.discovery.written import Beside, Part, Words, has_words_of
from opsbook.book.kinds import RUNBOOK_SLOTS
from opsbook.book.page import Page, Section, is_slot_text
from opsbook.book.parts import parts_of
from opsbook.book.probe import probes_of
from opsbook.ground.errors import Edit, Span
from opsbook.ground.splices import apply


class Differing(Struct, frozen=True):
    """What a page says otherwise than what is deployed: both, with both places."""

    what: str
    page: str
    page_place: Span
    found: str
    found_place: Span


class Compared(Struct, frozen=True):
    """`lacks` are what the page does not have and could, in words; `changed` what was written by discovery, was edited
    by nobody, and is otherwise now; `edits` bring both into the page."""

    lacks: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    differs: tuple[Differing, ...] = ()
    edits: tuple[Edit, ...] = ()

    def applied(self, content: bytes) -> bytes:
        """The page with all of it."""
        return apply(content, self.edits)[0]


def compare(page: Page, found: Found, beside: Beside, words: Words | None = None) -> Compared:
    """How the page stands to what is found."""
    parts = parts_of_runbook(found, beside, words)
    written = {marked.key: marked for marked in marked_parts(page)}
    lacks: list[Part] = []
    changed: list[tuple[str, Edit]] = []
    differs = list(_differing(page, found, beside))
    for part in parts:
        marked = written.get(key_of(part.slot, part.title))
        if marked is not None:
            if digest_of_part(part.text) == marked.digest:
                continue
            if marked.is_untouched:
                changed.append((_name(part), _replaced(marked, part, beside)))
            elif not any(each.what == _what(part) for each in differs):
                differs.append(_edited(page, marked, part))
        elif not _has(page, part):
            lacks.append(part)
    edits = [edit for _, edit in changed] + list(_insertions(page, lacks, beside))
    return Compared(
        tuple(_name(part) for part in lacks), tuple(name for name, _ in changed), tuple(differs), tuple(edits)
    )


def _name(part: Part) -> str:
    """The part in a few words: 'Common Operations: Backup'."""
    return f"{heading_of(part.slot)}: {part.title}" if part.title else heading_of(part.slot)


def _what(part: Part) -> str:
    return "health check" if part.slot == "health-checks" else _name(part)


def _has(page: Page, part: Part) -> bool:
    """Whether people wrote that part, in their own words and under their own heading."""
    if part.operation is not None and part.slot == "common-operations":
        titles = [each.title for each in parts_of(page).procedures] + [s.title for s in page.sections]
        return any(has_words_of(part.operation, title) for title in titles)
    if part.alert:
        return part.alert in page.document.content.decode("utf-8", "surrogateescape")
    return _is_written(page, part.slot)


def _is_written(page: Page, slot: str) -> bool:
    """Whether anything but slots of a template stands in the sections of that slot, or a label stands for it."""
    sections = [each for each in page.sections if each.slot == slot]
    return any(_says_something(page, each) for each in sections) if sections else slot in page.slots


def _says_something(page: Page, section: Section) -> bool:
    for index in range(*page.blocks(section.body, section.stop)):
        block = page.document.blocks[index]
        if block.kind == "code" and block.text.strip():
            return True
        if block.kind not in ("paragraph", "cell"):
            continue
        values = [field.value(page.document) for field in page.fields_of(index)]
        values = values or [page.document.source(block.start, block.end).strip().split(":** ")[-1]]
        if any(value.strip() and not is_slot_text(value) for value in values):
            return True
    return False


# -- what is said otherwise ----------------------------------------------------------------------------------------


def _differing(page: Page, found: Found, beside: Beside) -> Iterator[Differing]:
    asked = check_addresses(found.checks)
    probes = probes_of(page)
    ours = {marked.key for marked in marked_parts(page) if marked.is_untouched}
    if asked and probes and key_of("health-checks", "") not in ours:
        known = {_plain_address(probe.address) for probe in probes}
        if known.isdisjoint(_plain_address(address) for address in asked):
            place = next(check.place for check in found.checks if check.url)
            line = probes[0].line
            yield Differing("health check", probes[0].address, Span(page.path, line, 1), asked[0], place)
    owner = beside.owner or found.owner
    if owner and page.owner is not None and not _same_owner(page.owner.value, owner):
        at = page.document.line(page.owner.start)
        yield Differing("owner", page.owner.value, Span(page.path, at, 1), owner, found.place)


def _plain_address(address: str) -> str:
    lowered = address.rstrip("/").lower()
    return lowered.replace("://localhost", "://127.0.0.1")


def _same_owner(written: str, found: str) -> bool:
    plain = [each.lower().replace("@", "").replace("-", " ").strip() for each in (written, found)]
    return plain[0] in plain[1] or plain[1] in plain[0] or plain[1].rpartition("/")[2] in plain[0]


def _edited(page: Page, marked: Marked, part: Part) -> Differing:
    line = page.document.line(marked.start)
    place = part.places[0] if part.places else Span(page.path, line, 1)
    said = "edited by somebody since it was written"
    return Differing(_what(part), said, Span(page.path, line, 1), "deployed otherwise now", place)


# -- splices -------------------------------------------------------------------------------------------------------


def _replaced(marked: Marked, part: Part, beside: Beside) -> Edit:
    return Edit(marked.start, marked.end, f"\n{signed(part.text, part.places, beside.up)}")


def _insertions(page: Page, parts: Sequence[Part], beside: Beside) -> Iterator[Edit]:
    """One splice for each place; what belongs to a section that is there goes to its end."""
    placed: list[tuple[int, int, str]] = []
    for slot, grouped in groupby(parts, key=lambda part: part.slot):
        made = list(grouped)
        section = next((each for each in page.sections if each.slot == slot), None)
        if section is None:
            at = _place_for(page, slot)
            placed.append((at, at, f"## {heading_of(slot)}\n\n{section_text(made, beside.up)}\n\n"))
        elif _says_something(page, section) or section.level > 5:
            at = section.stop
            placed.append((at, at, f"{section_text(made, beside.up, section.level)}\n\n"))
        else:
            text = f"\n{section_text(made, beside.up, section.level)}\n\n"
            placed.append((section.body, section.stop, text))
    size = len(page.document.content)
    for (start, end), each in groupby(sorted(placed, key=lambda p: p[:2]), key=lambda p: p[:2]):
        text = "".join(made for _, _, made in each)
        if start == end == size:
            blank = len(page.document.content) - len(page.document.content.rstrip(b"\n"))
            text = "\n" * max(2 - blank, 0) + text.rstrip("\n") + "\n"
        elif end == size:
            text = text.rstrip("\n") + "\n"
        yield Edit(start, end, text)


def _place_for(page: Page, slot: str) -> int:
    """Before the first section of a later slot, else at the end."""
    later = RUNBOOK_SLOTS[RUNBOOK_SLOTS.index(slot) + 1 :] if slot in RUNBOOK_SLOTS else ()
    return next(
        (each.start for each in page.sections if each.slot in later and each.level == 2), len(page.document.content)
    )  # fmt: skip
