"""What a report promises to do: bullets, task boxes and table rows, with who and by when. Chases nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.action_proofs import written_proof
from opsbook.book.page import Page
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Table, plain_text, read_table
from opsbook.ground.durations import read_date
from opsbook.ground.pattern import Pattern


class ActionItem(Struct, frozen=True, gc=False):
    """An action item: `state` is open or done, unmarked where the report has no box and no word for it; `owner` and
    `due` (YYYY-MM-DD) are empty when untold, as is `proof`: what proves it done, as written (see `action_proofs`)."""

    text: str
    line: int
    state: str
    owner: str = ""
    due: str = ""
    proof: str = ""


_WHAT = ("action", "action item", "action items", "item", "task", "what", "description", "follow up", "todo", "title")
_WHO = ("owner", "who", "assignee", "assigned to", "responsible", "owners", "dri", "team")
_DUE = ("due", "due date", "deadline", "by", "when", "target date", "eta", "target")
_PROOF = ("proof", "verification", "verified by", "proven by", "evidence")
STATUS_HEADS = ("status", "state", "done", "completed", "progress")
DONE_WORDS = ("done", "closed", "complete", "resolved", "fixed", "yes", "merged", "shipped", "✅", "✓", "[x]", "x")
_OPEN = ("open", "todo", "to do", "in progress", "planned", "pending", "no", "not started", "wip", "[ ]", "⏳", "❌",
         "started", "backlog", "new")  # fmt: skip
_HANDLE = Pattern(r"(?<![\w@./`-])@([A-Za-z][\w-]*(?:\.[\w-]+)*)(?![\w/@(])")
_OWNED = Pattern(r"\b(?:owner|assignee|assigned to|responsible)\*{0,2}\s*[:=]\s*\*{0,2}\s*([\w@.' -]{2,40})", re.I)
_DUE_WORDS = Pattern(
    r"\b(?:due|by|until|deadline|eta)\b\W{0,6}(\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2,8} \d{1,2},? \d{4})", re.I
)
_LAST_DAY = Pattern(r"\(\s*(?:@[\w.-]+,?\s*)?(\d{4}-\d{2}-\d{2})\s*\)")


def read_action_items(page: Page) -> Iterator[ActionItem]:
    """The action items of the page's sections on prevention, in order; what is nested in an item explains it."""
    document = page.document
    done = 0
    for section in page.sections:
        if section.slot != "prevention" or section.start < done:
            continue
        done = section.stop
        for index in document.children(*page.blocks(section.body, section.stop)):
            if document.blocks[index].kind == "list":
                for item in document.inside(index):
                    yield from _listed(page, item)
            elif document.blocks[index].kind == "table":
                yield from _rows(page, read_table(document, index))


def place_of(page: Page, item: ActionItem) -> tuple[int, int]:
    """The bytes of an item's first line, for a finding."""
    content, start = page.document.content, 0
    for _ in range(item.line - 1):
        start = content.find(b"\n", start) + 1
    end = content.find(b"\n", start)
    end = len(content) if end < 0 else end
    return start + len(content[start:end]) - len(content[start:end].lstrip()), len(content[:end].rstrip())


def _listed(page: Page, item: int) -> Iterator[ActionItem]:
    document = page.document
    if document.stop(item) <= item + 1 or document.blocks[item + 1].kind != "paragraph":
        return
    block, marked = document.blocks[item + 1], document.blocks[item].level
    source = document.source(block.start, block.end)
    text = plain_text(" ".join(source.split()))
    if is_unfilled(text):
        return
    around = document.source(block.start, document.blocks[item].end)
    state = {1: "open", 2: "done"}.get(marked, "unmarked")
    if source.lstrip().startswith("~~"):
        state = "done"
    yield ActionItem(
        text.strip("~"), document.line(block.start), state, _owner(around), _due(around), written_proof(around)
    )


def _owner(text: str) -> str:
    handle = _HANDLE().search(re.sub(r"`[^`\n]*`", " ", text))
    if handle:
        return f"@{handle.group(1)}"
    named = _OWNED().search(text)
    return "" if named is None else named.group(1).strip(" .-'")


def _due(text: str) -> str:
    found = _DUE_WORDS().search(text) or _LAST_DAY().search(text)
    day = read_date(found.group(1)) if found else None
    return day.isoformat() if day else ""


def _rows(page: Page, table: Table) -> Iterator[ActionItem]:
    what, who, due, status, proof = (table.column(*words) for words in (_WHAT, _WHO, _DUE, STATUS_HEADS, _PROOF))
    if what is None:
        what = next((i for i in range(len(table.columns)) if i not in (who, due, status, proof)), None)
    for row in table.rows:
        if what is None or is_unfilled(row[what].text):
            continue
        day = read_date(row[due].text) if due is not None else None
        owner = row[who].text if who is not None and not is_unfilled(row[who].text) else ""
        state = _state(row[status].text) if status is not None else "unmarked"
        shown = page.document.source(row[proof].start, row[proof].end).strip() if proof is not None else ""
        yield ActionItem(
            row[what].text, page.document.line(row[what].start), state, owner, day.isoformat() if day else "",
            "" if is_unfilled(shown) else written_proof(f"proven by {shown}") or shown,
        )  # fmt: skip


def _state(text: str) -> str:
    lowered = text.lower().strip()
    if lowered.startswith(_OPEN):
        return "open"
    return "done" if lowered.startswith(DONE_WORDS) else "unmarked"
