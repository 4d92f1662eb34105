"""The parts of a report that are lists: the timeline and the action items, as the template has them. Escaped before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Table


class Line(Struct, frozen=True, gc=False):
    """An entry of the timeline: its day (empty where the report is of one day) and time, who, and what happened."""

    day: str
    time: str
    text: str
    actor: str = ""

    @property
    def moment(self) -> str:
        """Day and time."""
        return f"{self.day} {self.time}".strip()


class Todo(Struct, frozen=True, gc=False):
    """An action item; `owner` is `@handle` or a name, `due` a day."""

    text: str
    owner: str = ""
    due: str = ""
    is_done: bool = False
    kind: str = ""
    proof: str = ""


_BRACKET = re.compile(r"\[([^\[\]\n]{2,80})\]")
_CLOCK = re.compile(r"(?:(?:YYYY-MM-DD|DATE)[ T]*)?(?:HH|XX|hh|xx|00):(?:MM|XX|mm|xx|00)(?::(?:SS|ss|00))?")
_TIMES = ("time", "timestamp", "date", "hh", "when", "utc")
_ACTORS = ("who", "actor", "person", "owner", "author", "by", "name")
_WHEN_HEADS = ("time", "timestamp", "when", "datetime", "date and time", "date/time", "date time", "date & time")
_WHAT_HEADS = ("event", "what", "what happened", "description", "action", "details", "update", "entry", "activity",
               "notes", "note")  # fmt: skip
_TODO_HEADS: dict[str, tuple[str, ...]] = {
    "text": ("action", "action item", "action items", "item", "task", "what", "description", "follow up", "todo",
             "title"),
    "owner": ("owner", "who", "assignee", "assigned to", "responsible", "owners", "dri", "team"),
    "due": ("due", "due date", "deadline", "by", "when", "target date", "eta", "target"),
    "state": ("status", "state", "done", "completed", "progress"),
    "kind": ("type", "kind", "category"),
    "proof": ("proof", "verification", "verified by", "evidence"),
}  # fmt: skip


def bullets(items: Sequence[str]) -> str:
    """The items with a dash before each."""
    return "\n".join(f"- {item}" for item in items)


def listed(actions: Sequence[Todo]) -> str:
    """The action items with a box each: `- [ ] text (@owner, due YYYY-MM-DD)`."""
    lines = []
    for each in actions:
        owner = each.owner if each.owner.startswith("@") or not each.owner else f"owner: {each.owner}"
        more = ", ".join(part for part in (owner, f"due {each.due}" if each.due else "") if part)
        lines.append(f"- [{'x' if each.is_done else ' '}] {each.text}{f' ({more})' if more else ''}")
        if each.proof:
            lines.append(f"  - Proof: {each.proof}")
    return "\n".join(lines)


def action_rows(table: Table, actions: Sequence[Todo]) -> str:
    """The action items as rows of the template's table; empty where it has no column for them."""
    columns = {part: table.column(*heads) for part, heads in _TODO_HEADS.items()}
    if columns["text"] is None:
        return ""
    rows = []
    for each in actions:
        told = {"text": each.text, "owner": each.owner, "due": each.due, "kind": each.kind, "proof": each.proof,
                "state": "done" if each.is_done else "open"}  # fmt: skip
        rows.append(_row(table, {at: told[part] for part, at in columns.items() if at is not None}))
    return "\n".join(rows)


def timeline_rows(table: Table, lines: Sequence[Line]) -> str:
    """The timeline as rows of the template's table; empty where it is none of a timeline."""
    when = next((at for at, head in enumerate(table.columns) if head in _WHEN_HEADS or head.startswith("time ")), None)
    day = table.column("date", "day")
    if when is None:
        when, day = day, None
    if when is None or len(table.columns) < 2:
        return ""
    who, what = table.column(*_ACTORS), table.column(*_WHAT_HEADS)
    if what is None:
        what = next((at for at in range(len(table.columns)) if at not in (when, day, who)), None)
    if what is None:
        return ""
    rows = []
    for line in lines:
        cells = {when: line.moment if day is None else line.time, what: line.text}
        if day is not None:
            cells[day] = line.day
        if who is not None and who != what:
            cells[who] = line.actor
        elif line.actor:
            cells[what] = f"{line.text} ({line.actor})"
        rows.append(_row(table, cells))
    return "\n".join(rows)


def _row(table: Table, cells: dict[int, str]) -> str:
    shown = [re.sub(r"(?<!\\)\|", r"\\|", cells.get(at, "")) for at in range(len(table.columns))]
    return "| " + " | ".join(shown) + " |"


def timeline_lines(sample: str, lines: Sequence[Line]) -> str:
    """The timeline as bullets in the manner of the template's first: `- [Time] - [Event]`, `* **[HH:MM]** [What]`."""
    form = _form(sample.split("\n", 1)[0].rstrip()) or "- {0} - {1}"
    has_actor = "{2}" in form
    made = []
    for line in lines:
        text = line.text if has_actor or not line.actor else f"{line.text} ({line.actor})"
        told = {"{0}": line.moment, "{1}": text, "{2}": line.actor}
        made.append("".join(told.get(piece, piece) for piece in re.split(r"(\{[012]\})", form)))
    return "\n".join(made)


def _form(sample: str) -> str:
    """How an item is written: with {0} for the moment, {1} for what happened, {2} for who; empty where the sample does
    not show it."""
    if not re.match(r"[-*+][ \t]", sample) or "{" in sample:
        return ""
    parts: list[str] = []

    def put(found: re.Match[str]) -> str:
        words = found.group(1).lower()
        part = "{0}" if any(word in words for word in _TIMES) and "{0}" not in parts else "{1}"
        if part == "{1}" and any(word in words.split("/") for word in _ACTORS):
            part = "{2}"
        if part in parts:
            return ""
        parts.append(part)
        return part

    form = _BRACKET.sub(put, sample)
    is_plain = is_unfilled(_BRACKET.sub("[x y]", sample).lstrip("-*+ \t"))
    if {"{0}", "{1}"} <= set(parts) and is_plain:
        return form.rstrip()
    clock = _CLOCK.search(sample)
    if clock is not None:
        around = (sample[: clock.start()], sample[clock.end() :])
        rest = re.match(r"\]?[*_`]*(?: ?\(?UTC\)?)?[*_`]*\s*[-–—:|]*\s*", around[1])
        return f"{around[0].rstrip('[')}{{0}}{rest.group().replace(']', '') if rest else ' - '}{{1}}"
    return ""
