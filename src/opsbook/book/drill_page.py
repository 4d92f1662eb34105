"""A scenario that somebody wrote to be drilled, as its page says it: alerts in time, the right section and step, and
the answer piece by piece. What is not told is empty; never raises, and breaks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from msgspec import Struct

from opsbook.book.kinds import is_drill_path
from opsbook.book.page import Page, Section
from opsbook.book.severity import read_severity
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Table, plain_text, read_tables
from opsbook.ground.durations import read_duration

_FAULT = ("fault", "how to break it", "break it with")
_SECTION = ("right section", "section", "right page", "answer section")
_STEP = ("right step", "right steps", "answer step")
_ANSWER = frozenset({"answer", "answers", "hints", "reveals", "solution", "the answer"})
_DEBRIEF = frozenset({"debrief", "debriefing", "what to talk about", "lessons", "lessons learned"})
_NAMES = ("alert", "alerts", "alertname", "alert name", "name")
_TIMES = ("time", "after", "at", "when")
_LABEL = re.compile(r"""([A-Za-z_]\w{0,99})\s*[=:]\s*(?:"([^"]*)"|([^\s,;"]+))""")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?\s*\)")
_ITEM = re.compile(r"^ {0,3}(?:\d{1,9}[.)]|[-*+])\s+(?:\[[ xX]\]\s+)?(.*)$")
_CLOCK = re.compile(r"(\d{1,4}):(\d\d)(?::(\d\d))?$")
_NAME = re.compile(r"[A-Za-z_][\w:.-]*")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_MOST = 200  # alerts, or pieces of an answer


class ScenarioAlert(Struct, frozen=True, gc=False):
    """An alert of a scenario, so long after the first."""

    name: str
    after_s: float = 0.0
    labels: tuple[tuple[str, str], ...] = ()
    summary: str = ""
    line: int = 0


class Scenario(Struct, frozen=True):
    """What a page wants drilled: `sections` are PATH or PATH#ANCHOR within the repository; `faults` what the page says
    that could not be made out, in sentences."""

    title: str
    service: str = ""
    severity: str = ""
    alerts: tuple[ScenarioAlert, ...] = ()
    fault: str = ""
    sections: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()
    debrief: str = ""
    faults: tuple[str, ...] = ()


def read_scenario(page: Page) -> Scenario | None:
    """The scenario of a page that lies in a folder `drills`; None where it is none, because it names neither alerts nor
    the right section."""
    if not is_drill_path(page.path) or page.kind in ("index", "template"):
        return None
    told = _told(page)
    faults: list[str] = []
    alerts = tuple(_alerts(page, told, faults))[:_MOST]
    sections = tuple(_sections(page, next((told[key] for key in _SECTION if key in told), "")))
    if not alerts and not sections:
        return None
    word = plain_text(told.get("severity", ""))
    if word and read_severity(word) is None:
        faults.append(f"'{word}' is no severity. Write one of P0, P1, P2, P3.")
    return Scenario(
        re.sub(r"^(?:drill|scenario)\s*:\s*", "", page.title, flags=re.I),
        plain_text(told.get("service", "")), read_severity(word) or "", alerts, _fault(page, told), sections,
        tuple(_steps(next((told[key] for key in _STEP if key in told), ""))),
        tuple(_items(page, _section(page, _ANSWER)))[:_MOST], _words(page, _section(page, _DEBRIEF)), tuple(faults),
    )  # fmt: skip


def _told(page: Page) -> dict[str, str]:
    told: dict[str, str] = {}
    for field in page.fields:
        value = field.value(page.document)
        if value and not is_unfilled(value):
            told.setdefault(field.key, value)
    return told


def _alerts(page: Page, told: dict[str, str], faults: list[str]) -> Iterator[ScenarioAlert]:
    """Those of its tables with a column of alerts, else those that the label names."""
    has_any = False
    for table in read_tables(page.document):
        column = table.column(*_NAMES)
        if column is not None:
            found = list(_rows(page, table, column, faults))
            has_any = has_any or bool(found)
            yield from found
    if not has_any:
        for name in _names(told.get("alerts") or told.get("alert") or ""):
            yield ScenarioAlert(name)


def _names(text: str) -> Iterator[str]:
    for part in re.split(r"[,;]", text):
        found = _NAME.fullmatch(plain_text(part).strip())
        if found is not None:
            yield found.group()


def _rows(page: Page, table: Table, column: int, faults: list[str]) -> Iterator[ScenarioAlert]:
    at, labelled = table.column(*_TIMES), table.column("labels", "label")
    told = table.column("summary", "words", "meaning", "description")
    first: float | None = None
    for row in table.rows:
        name = row[column].text
        if not name or is_unfilled(name):
            continue
        written = row[at].text if at is not None else ""
        after_s, line = _seconds(written), page.document.line(row[column].start)
        if written and after_s is None:
            faults.append(f"'{written}' on line {line} is no time. Write a clock as 10:05, or a length as 5m.")
        first = (after_s or 0.0) if first is None else first
        labels = _labels(row[labelled].text) if labelled is not None else ()
        summary = row[told].text if told is not None else ""
        yield ScenarioAlert(name, max((after_s or 0.0) - first, 0.0), labels, summary, line)


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, quoted or bare) for name, quoted, bare in _LABEL.findall(text))


def _seconds(text: str) -> float | None:
    """A clock or a length, in seconds."""
    plain = text.strip().lstrip("+T").strip()
    if clock := _CLOCK.match(plain):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if plain == "0":
        return 0.0
    length = read_duration(plain) if plain else None
    return length.total_seconds() if length is not None else None


def _sections(page: Page, text: str) -> Iterator[str]:
    written = _LINK.findall(text) or ([plain_text(text)] if "." in text and " " not in plain_text(text) else [])
    for href in written[:_MOST]:
        if "://" in href:
            continue
        path, _, anchor = href.partition("#")
        place = normpath(join(dirname(page.path), path)) if path else page.path
        if not place.startswith(".."):
            yield f"{place}#{anchor}" if anchor else place


def _steps(text: str) -> Iterator[str]:
    for part in re.split(r"[,;]", plain_text(text)):
        if words := part.strip().rstrip("."):
            yield re.sub(r"^step\s+", "", words, flags=re.I)


def _section(page: Page, titles: frozenset[str]) -> Section | None:
    return next((each for each in page.sections if each.title.strip().lower().rstrip(":") in titles), None)


def _items(page: Page, section: Section | None) -> Iterator[str]:
    """The items of the lists in a section, each with the lines that belong to it; its paragraphs where it has none."""
    found: list[list[str]] = []
    is_code = False
    for line in _words(page, section).splitlines():
        is_code = is_code != bool(_FENCE.match(line))
        item = None if is_code else _ITEM.match(line)
        if item is not None:
            found.append([item.group(1)])
        elif found and line.strip():
            found[-1].append(line.strip())
    if not found:
        found = [[part] for part in re.split(r"\n\s*\n", _words(page, section)) if part.strip()]
    yield from (text for lines in found if (text := "\n".join(lines).strip()) and not is_unfilled(text))


def _words(page: Page, section: Section | None) -> str:
    return page.document.source(section.body, section.stop).strip() if section is not None else ""


def _fault(page: Page, told: dict[str, str]) -> str:
    """The command that breaks the sandbox: on the label's line, else in the block below it."""
    for field in page.fields:
        if field.key not in _FAULT:
            continue
        if value := plain_text(told.get(field.key, "")):
            return value
        blocks = page.document.blocks
        following = next((each for each in blocks if each.kind == "code" and each.start >= field.start), None)
        between = following is not None and any(
            each.kind == "heading" and field.start < each.start < following.start for each in blocks
        )
        if following is not None and not between:
            lines = page.document.source(following.start, following.end).strip().splitlines()
            return "\n".join(line for line in lines if not _FENCE.match(line)).strip()
    return ""
