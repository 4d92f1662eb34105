"""What a runbook says besides its procedures and health checks: troubleshooting entries, alerts, contacts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.health_checks import tables_in
from opsbook.book.kinds import is_alert_name
from opsbook.book.page import Page, Section, is_slot_text
from opsbook.book.procedure import is_issue_title, issue_title

_ALERT_IN_CODE = re.compile(r"`([A-Za-z_][\w:.-]*)`")
_WORD = re.compile(r"[A-Za-z][\w:]*")
_CONTACT_HEADS = ("contact", "how to reach", "how to contact", "phone", "email", "e-mail", "slack", "channel", "reach",
                  "handle", "value", "details")  # fmt: skip


class Issue(Struct, frozen=True, gc=False):
    """A troubleshooting entry; a part that is not written is None."""

    title: str
    anchor: str
    symptoms: str | None
    cause: str | None
    solution: str | None
    start: int
    end: int


class Contact(Struct, frozen=True, gc=False):
    """Whom to reach: the role and how, as written; the contact's own bytes are [value_start, value_end)."""

    role: str
    contact: str
    start: int
    value_start: int = 0
    value_end: int = 0


def issues(page: Page) -> tuple[Issue, ...]:
    """The troubleshooting entries: headings `Issue: …`, and headings with symptoms, a cause or a solution."""
    if page.kind == "template":
        return ()
    found = []
    for at, section in enumerate(page.sections):
        parts = _issue_parts(page, at)
        if is_issue_title(section.title) or (parts.keys() & {"symptoms", "cause"} and "solution" in parts):
            found.append(
                Issue(
                    issue_title(section.title),
                    section.anchor,
                    parts.get("symptoms"),
                    parts.get("cause"),
                    parts.get("solution"),
                    section.start,
                    section.stop,
                )
            )
    return tuple(found)


_PART_SLOTS = {"symptoms": "symptoms", "cause": "cause", "root-cause": "cause", "diagnosis": "cause",
               "solution": "solution", "mitigation": "solution", "resolution": "solution"}  # fmt: skip


def _issue_parts(page: Page, at: int) -> dict[str, str]:
    """Symptoms, cause and solution under a heading, by bold labels or by headings directly in it."""
    section = page.sections[at]
    meaning = page.reading.headings.slot
    document = page.document
    fields = page.fields_within(section.body, section.end)
    parts: dict[str, str] = {}
    for n, field in enumerate(fields, 1):
        part = _PART_SLOTS.get(meaning(field.name) or "")
        if part is None or part in parts:
            continue
        end = next((f.start for f in fields[n:] if f.item < 0 or f.item != field.item), section.end)
        if field.item >= 0:
            end = min(end, document.blocks[field.item].end)
        parts[part] = _trimmed(document.source(field.value_start, end))
    if section.level > 1:
        for child in (page.sections[index] for index in page.children[at]):
            part = _PART_SLOTS.get(child.slot or "")
            if part and part not in parts:
                parts[part] = _trimmed(document.source(child.body, child.stop))
    return {part: text for part, text in parts.items() if text and not is_slot_text(text)}


def _trimmed(text: str) -> str:
    """A value without the bullet that opens the next one and without hard-break marks."""
    lines = text.rstrip().split("\n")
    if len(lines) > 1 and lines[-1].strip() in ("-", "*", "+"):
        lines.pop()
    return "\n".join(lines).strip().rstrip("\\").rstrip()


def alert_names(page: Page) -> tuple[str, ...]:
    """The alerts that a page names: its metadata, its title and headings, and its lists of alerts."""
    names = list(page.alert_names)
    titled = [page.title, *(section.title for section in page.sections)]
    names.extend(title for title in titled if is_alert_name(title))
    for field in page.fields:
        if field.key in ("alerts", "alert", "alert name", "alert names", "related alerts"):
            end = page.document.blocks[field.item].end if field.item >= 0 else field.value_end
            names.extend(named_alerts(page.document.source(field.value_start, end)))
    for section in page.sections:
        if section.title.lower().strip() in ("alerts", "alert", "alert rules", "related alerts"):
            for rows in tables_in(page, section):
                names.extend(name for row in rows[1:] if row for name in named_alerts(row[0][0]))
    return tuple(dict.fromkeys(names))


def named_alerts(text: str) -> list[str]:
    """The alerts that a piece of Markdown names: those in code, else the words in the shape of an alert's name."""
    coded = _ALERT_IN_CODE.findall(text)
    coded = [name for name in coded if is_alert_name(name) or ("_" not in name and name[0].isupper())]
    return coded or [word for word in _WORD.findall(text) if is_alert_name(word)]


def contacts(page: Page) -> tuple[Contact, ...]:
    """Whom the page says to reach, from the labels, tables and plain bullets of its contact sections."""
    found: list[Contact] = []
    for section in page.sections:
        if section.slot != "emergency-contacts" or page.kind == "template":
            continue
        for field in page.fields_within(section.body, section.stop):
            value = field.value(page.document)
            if value and not is_slot_text(value):
                end = field.value_start + len(value.encode())
                found.append(Contact(field.name, value, field.start, field.value_start, end))
        for rows in tables_in(page, section):
            heads = [text.lower() for text, _ in rows[0]]
            at = next((i for i, head in enumerate(heads) if i and head.startswith(_CONTACT_HEADS)), 1)
            for row in rows[1:]:
                if len(row) > at and row[0][0]:
                    found.append(Contact(row[0][0], row[at][0], row[0][1], *_trimmed_range(page, row[at])))
        found.extend(_plain_contacts(page, section))
    return tuple(sorted({contact.start: contact for contact in found}.values(), key=lambda contact: contact.start))


def _plain_contacts(page: Page, section: Section) -> Iterator[Contact]:
    """`- Primary: #ops-oncall` bullets without bold."""
    low, high = page.blocks(section.body, section.stop)
    for index in range(low, high):
        block = page.document.blocks[index]
        if block.kind != "paragraph" or page.document.blocks[index - 1].kind != "item" or page.fields_of(index):
            continue
        role, colon, contact = page.document.source(block.start, block.end).strip().partition(": ")
        if colon and len(role) < 60 and contact.strip():
            end = block.start + len(page.document.source(block.start, block.end).rstrip().encode())
            start = end - len(contact.strip().encode())
            yield Contact(role.strip("`* "), contact.strip(), block.start, start, end)


def _trimmed_range(page: Page, cell: tuple[str, int]) -> tuple[int, int]:
    """The bytes of a cell's words without the space before them."""
    text, start = cell
    while page.document.content[start : start + 1] in (b" ", b"\t"):
        start += 1
    return start, start + len(text.encode())
