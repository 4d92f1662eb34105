"""The runbook of a service that was found: the book's own template with what is known in the place of its slots. What
nobody knows is left out, so that lint says that it is missing; nothing is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.discovery.found import Found
from opsbook.book.discovery.marks import signed
from opsbook.book.discovery.parts_of_runbook import parts_of_runbook
from opsbook.book.discovery.written import MEANT, Beside, Part, Words
from opsbook.book.escapes import in_title
from opsbook.book.kinds import RUNBOOK_SLOTS
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, Reading, Section, read_page
from opsbook.book.slots import is_unfilled
from opsbook.book.templates import Template, fill
from opsbook.ground.errors import Edit
from opsbook.ground.splices import apply


def runbook_page(
    template: Template, found: Found, beside: Beside, *, today: str, reading: Reading | None = None
) -> bytes:
    """The page. `today` is the date written on it, as YYYY-MM-DD."""
    words = words_of(read_page("template.md", template.content, reading))
    known = {"service": found.name, "last updated": today, "date": today}
    if owner := beside.owner or found.owner:
        known |= dict.fromkeys(("owner", "team"), owner)
    content, _ = fill(template, in_title(found.title or found.name), known, {})
    page = read_page("template.md", content, reading)
    parts = parts_of_runbook(found, beside, words)
    made, _ = apply(content, [*_unknown_labels(page), *_bodies(page, parts, beside)])
    return made.rstrip() + b"\n"


def words_of(template: Page) -> Words:
    """The labels and headings of a template."""
    labels: dict[str, str] = {}
    for field in template.fields:
        labels.setdefault(plain_key(field.name), field.name)
    headings: dict[str, str] = {}
    for at, section in enumerate(template.sections):
        above = template.slot_above(at)
        if above == "common-operations":
            for operation, words in MEANT.items():
                # One heading for both ways of scaling would be two procedures of one name.
                if words.search(section.title) and "scal" not in section.title.lower():
                    headings.setdefault(operation, section.title)
        elif above == "deployment":
            headings.setdefault(plain_key(section.title), section.title)
    return Words(labels, headings)


def section_text(slot_parts: Sequence[Part], up: str, level: int = 2) -> str:
    """The parts of one slot as the body of its section."""
    blocks = []
    for part in slot_parts:
        if part.title:
            blocks.append(f"{'#' * (level + 1)} {part.title}")
        blocks.append(signed(part.text, part.places, up))
    return "\n\n".join(blocks)


def heading_of(slot: str) -> str:
    """The heading of a slot in Opsbook's own template."""
    return slot.replace("-", " ").title()


def _unknown_labels(page: Page) -> Iterator[Edit]:
    """The labels above the first section whose value nobody knows are taken away with their lines."""
    content = page.document.content
    first = next((section.start for section in page.sections if section.level > 1), len(content))
    for field in page.fields_within(0, first):
        if is_unfilled(field.value(page.document)):
            start = content.rfind(b"\n", 0, field.start) + 1
            end = content.find(b"\n", field.value_end)
            yield Edit(start, end + 1 if end >= 0 else len(content), "")


def _bodies(page: Page, parts: Sequence[Part], beside: Beside) -> Iterator[Edit]:
    by_slot: dict[str, list[Part]] = {}
    for part in parts:
        by_slot.setdefault(part.slot, []).append(part)
    size = len(page.document.content)
    for section in _tops(page):
        made = by_slot.pop(section.slot or "", None)
        if made is not None:
            text = f"\n{section_text(made, beside.up, section.level)}\n\n"
            yield Edit(section.body, section.stop, text)
        elif section.slot in RUNBOOK_SLOTS:
            yield Edit(section.start, section.stop, "")
    rest = [f"## {heading_of(slot)}\n\n{section_text(by_slot[slot], beside.up)}\n"
            for slot in RUNBOOK_SLOTS if slot in by_slot]  # fmt: skip
    if rest:
        before = "" if page.document.content.endswith(b"\n") else "\n"
        yield Edit(size, size, before + "\n" + "\n".join(rest))


def _tops(page: Page) -> Iterator[Section]:
    """The sections with a slot that lie in none with one."""
    for at, section in enumerate(page.sections):
        if section.level > 1 and section.slot in RUNBOOK_SLOTS and page.slot_above(at) is None:
            yield section
