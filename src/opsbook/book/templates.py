"""Templates of pages: which page or fence of a book is the template of a kind, and how one is filled in by splices.

Filling changes the value behind a label and the slot in the title, byte for byte; nothing else is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from opsbook.book.fields import Field
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, read_page, stem
from opsbook.book.slots import is_unfilled, read_slots
from opsbook.ground.errors import Edit, Usage
from opsbook.ground.guesses import closest
from opsbook.ground.splices import apply

# The words by which a page or a heading says whose template it is; the first kind that is named wins, so that
# `post-incident-review` is no incident.
WORDS: dict[str, tuple[str, ...]] = {
    "post-mortem": ("post-mortem", "postmortem", "post mortem", "post-incident", "post incident", "retrospective"),
    "incident": ("incident",),
    "procedure": ("procedure", "playbook", "sop"),
    "runbook": ("runbook", "run book"),
}
_FENCES = ("markdown", "md", "")
_KEPT = re.compile(rb"[ \t\r\n\\]+$")


class Template(Struct, frozen=True):
    """The text of a template, and where it stands, in words."""

    content: bytes
    origin: str


def may_hold_template(path: str) -> bool:
    """Whether a path is worth reading for templates: a template by name, an index, or the policy on incidents."""
    name, folders = stem(path).lower(), path.lower().split("/")[:-1]
    return (
        "template" in path.lower()
        or name in ("readme", "index", "_index")
        or ("incident" in name and ("response" in name or "management" in name or "policy" in name))
        or "_templates" in folders
    )


def template_of(kind: str, pages: Iterator[Page]) -> Template | None:
    """The template of a kind that a book has: a page of its own, else a fence under a heading that says so."""
    fenced: Template | None = None
    for page in pages:
        if page.kind == "template" and _kind_named(stem(page.path)) == kind and page.document.headings:
            return Template(page.document.content, page.path)
        if fenced is None:
            fenced = next(_fenced(kind, page), None)
    return fenced


def _kind_named(text: str) -> str | None:
    lowered = text.lower().replace("_", "-")
    return next((kind for kind, words in WORDS.items() if any(word in lowered for word in words)), None)


def _fenced(kind: str, page: Page) -> Iterator[Template]:
    for section in page.sections:
        if "template" not in section.title.lower() or _kind_named(section.title) != kind:
            continue
        for index in range(*page.blocks(section.body, section.end)):
            block = page.document.blocks[index]
            if block.kind == "code" and block.info.split(" ")[0].lower() in _FENCES and "#" in block.text:
                yield Template(block.text.encode(), f"{page.path}#{section.anchor}")


def fill(
    template: Template, title: str, known: Mapping[str, str], asked: Mapping[str, str]
) -> tuple[bytes, dict[str, str]]:
    """The template with its title, and with values behind its labels; also what was filled in, by label.

    `known` fills labels whose value is still a slot, `asked` fills them whatever they hold. Raises Usage for a label
    that the template does not have, or that it has more than once.
    """
    page = read_page("template.md", template.content)
    labels = _labels(page)
    edits = {edit.start: edit for edit in _title_edits(page, title)}
    filled: dict[str, str] = {}
    for key, value in known.items():
        for field in labels.get(key, ()):
            current = field.value(page.document)
            if current and is_unfilled(current) and _is_offered(current, value):
                edits[field.value_start] = _value_edit(page, field, value)
                filled[field.name] = value
    for key, value in asked.items():
        field = _asked_field(page, labels, key)
        edits[field.value_start] = _value_edit(page, field, value)
        filled[field.name] = value
    return apply(template.content, edits.values())[0], filled


def slots_left(content: bytes) -> int:
    """How many slots of a page are still to be filled in."""
    return sum(1 for _ in read_slots(read_page("page.md", content)))


def _labels(page: Page) -> dict[str, list[Field]]:
    """The labels by their plain name, and by `section.name` too."""
    found: dict[str, list[Field]] = {}
    for field in page.fields:
        key = plain_key(field.name)
        found.setdefault(key, []).append(field)
        section = page.section_at(field.start)
        if section is not None:
            found.setdefault(f"{section.anchor}.{key}", []).append(field)
    return found


def _asked_field(page: Page, labels: Mapping[str, list[Field]], key: str) -> Field:
    anchor, dot, name = key.rpartition(".")
    wanted = f"{anchor.strip().lower().replace(' ', '-')}.{plain_key(name)}" if dot else plain_key(key)
    found = labels.get(wanted) or (labels.get(plain_key(key)) if dot else None)
    names = [name for name in labels if "." not in name]
    if not found:
        near = closest(plain_key(name), names)
        guess = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"The template has no label '{key}'.{guess} It has: {', '.join(names)}.")
    if len(found) > 1:
        ways = [way for way, fields in labels.items() if "." in way and len(fields) == 1 and fields[0] in found]
        more = f" Write {' or '.join(ways)}." if ways else ""
        raise Usage(f"The template has the label '{key}' {len(found)} times.{more}")
    return found[0]


def _is_offered(slot: str, value: str) -> bool:
    """Whether a slot takes a value: one that lists choices (`[Draft / Reviewed]`) takes those alone."""
    choices = [choice.strip(" []") for choice in re.split(r"[/|]", slot)]
    return len(choices) < 3 or value in choices


def _value_edit(page: Page, field: Field, value: str) -> Edit:
    """The splice that puts a value behind a label; the hard break after it, and what follows, stay."""
    raw = page.document.content[field.value_start : field.value_end]
    trailing = _KEPT.search(raw)
    end = field.value_end - (len(trailing.group()) if trailing else 0)
    before = page.document.content[field.value_start - 1 : field.value_start]
    space = "" if before in (b" ", b"\t") else " "
    return Edit(field.value_start, max(end, field.value_start), space + value)


def _title_edits(page: Page, title: str) -> Iterator[Edit]:
    """The title's slot and every other slot with the same words; without a slot the whole title is replaced."""
    heading = next((heading for heading in page.document.headings if heading.level == 1), None)
    if heading is None:
        return
    slots = [slot for slot in read_slots(page) if heading.start <= slot.start < heading.end]
    if slots:
        yield from (Edit(slot.start, slot.end, title) for slot in read_slots(page) if slot.text == slots[0].text)
        return
    source = page.document.source(heading.start, heading.end)
    angled = re.search(r"<[^<>\n]+>", source)
    if angled:
        start = heading.start + len(source[: angled.start()].encode())
        yield Edit(start, start + len(angled.group().encode()), title)
        return
    bare = re.search(r"^[ \t]*#[ \t]+(.*?)[ \t#]*$", source, re.M)
    if bare:
        start = heading.start + len(source[: bare.start(1)].encode())
        yield Edit(start, start + len(bare.group(1).encode()), title)
