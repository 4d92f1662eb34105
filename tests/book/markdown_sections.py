"""Cuts Markdown pages into search sections, for tests and benchmarks only; the book reads pages properly.

Deliberately simple: ATX headings outside fences, the first heading or the front matter's title as the page's,
an alert name where the page's title looks like one, symptoms from a heading or bold label of that name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from opsbook.book.search import SearchSection

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_ALERT = re.compile(r"^[A-Za-z]+(?:[A-Z][a-z0-9]+){1,}[A-Za-z0-9]*$")
_SYMPTOMS = re.compile(r"\*\*Symptoms?:?\*\*:?\s*(.+?)(?=\n\s*\n|\n\*\*|\Z)", re.DOTALL | re.IGNORECASE)
_SLOTS = (
    "troubleshooting",
    "symptoms",
    "diagnosis",
    "mitigation",
    "impact",
    "rollback",
    "verification",
    "overview",
)


def split_page(path: str, text: str) -> tuple[SearchSection, ...]:
    """The sections of one page, in order."""
    title = ""
    if text.startswith("---\n"):
        head, _, _ = text[4:].partition("\n---")
        found = _TITLE.search(head)
        title = found.group(1) if found else ""
    raw: list[tuple[str, int, list[str]]] = [("", 1, [])]
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line)
        if mark and (not fence or fence == mark.group(1)):
            fence = "" if fence else mark.group(1)
        heading = None if fence else _HEADING.match(line)
        if heading:
            raw.append((heading.group(2), number, []))
            title = title or heading.group(2)
        else:
            raw[-1][2].append(line)
    title = title or Path(path).stem
    return tuple(
        _section(path, title, heading, (line, "\n".join(body).strip()))
        for heading, line, body in raw
        if heading or "\n".join(body).strip()
    )


def _section(path: str, page: str, heading: str, place: tuple[int, str]) -> SearchSection:
    line, text = place
    slot = next((slot for slot in _SLOTS if slot in heading.lower()), "")
    quoted = _SYMPTOMS.search(text)
    symptoms = text if slot == "symptoms" else quoted.group(1) if quoted else ""
    alerts = (page,) if _ALERT.match(page) else ()
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return SearchSection(path, anchor, page, heading or page, slot, line, alerts, symptoms, text)


def read_sections(root: Path) -> dict[str, tuple[SearchSection, ...]]:
    """path → sections of every Markdown page below a folder."""
    found: dict[str, tuple[SearchSection, ...]] = {}
    for file in sorted(root.rglob("*")):
        if file.is_file() and file.name.endswith((".md", ".md.erb")):
            path = file.relative_to(root).as_posix()
            found[path] = split_page(path, file.read_text(encoding="utf-8", errors="replace"))
    return found


def corpora() -> Path | None:
    """The folder of real pages: OPSBOOK_CORPORA, or ../shared/corpora beside the repository; None without."""
    named = os.environ.get("OPSBOOK_CORPORA")
    place = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "corpora"
    return place if place.is_dir() else None
