"""The health checks that a page writes down: labelled addresses, tables of addresses, and what is said of each.

Reads words and places; what the words mean is read by `probe.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from opsbook.book.fields import Field
from opsbook.book.page import Page, Section, is_slot_text
from opsbook.book.tables import plain_head, plain_text
from opsbook.ground.durations import read_duration

_SCHEME = r"(?:https?|tcp|tls|dns|postgres|redis)"
_IPV6 = r"(?:[^\s<>`\"'|)\]/@]*@)?\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]"
_URL = re.compile(rf"<?({_SCHEME}://(?:{_IPV6}[^\s<>`\"'|)\]]*|[^\s<>`\"'|)\]]+)(?:<[\w .-]+>[^\s<>`\"'|)\]]*)*)")
_URL_KEYS = frozenset({
    "health check url", "health url", "health check", "healthcheck", "healthcheck url", "health endpoint",
    "health check endpoint", "health", "probe", "readiness", "liveness", "readiness url", "liveness url", "status url",
    "health check urls", "health checks", "health urls", "health endpoints", "health check endpoints", "probes",
    "readiness probe", "liveness probe", "startup probe", "readiness endpoint", "liveness endpoint", "probe url",
    "tcp probe", "tls probe", "dns probe", "http probe", "certificate probe", "readiness check", "liveness check",
})  # fmt: skip
# What may be said of a check, by each of its names; the first name of each is the one that the manual shows.
LABELS: dict[str, tuple[str, ...]] = {
    "expected": (
        "expected response", "expected", "expects", "expected result", "response", "expected answer", "expect",
        "expected status", "expected status code", "expected output", "expected body", "healthy response",
        "healthy when", "should return",
    ),
    "every": (
        "check frequency", "frequency", "check interval", "interval", "every", "checked every", "probe interval",
        "polling interval", "poll interval", "probe frequency", "polling frequency", "check every", "period",
    ),
    "timeout": (
        "timeout", "check timeout", "probe timeout", "response timeout", "request timeout", "times out after",
        "time limit", "timeout after",
    ),
    "failures": (
        "unhealthy after", "failures", "failure threshold", "unhealthy threshold", "failures before unhealthy",
        "failed checks", "down after", "consecutive failures", "failures to unhealthy", "max failures",
        "thresholds", "threshold",
    ),
    "successes": (
        "healthy after", "successes", "success threshold", "healthy threshold", "recovers after", "recovered after",
        "up after", "consecutive successes", "successes to recover", "recovery threshold",
    ),
    "redirects": ("follow redirects", "follows redirects", "redirects", "follow redirect"),
    "certificate": (
        "certificate", "certificate valid for", "certificate expiry", "certificate good for", "certificate validity",
        "days left", "expiry warning", "valid for",
    ),
    "addresses": (
        "addresses", "expected addresses", "expected address", "resolves to", "expected records", "records",
    ),
    "name": ("probe name", "check name"),
}  # fmt: skip
_LABEL_OF = {name: label for label, names in LABELS.items() for name in names}
# Words in the head of a table's column for each of these; the first column whose head holds one is taken.
_HEADS = {
    "expected": ("expect",),
    "every": ("frequen", "interval"),
    "timeout": ("timeout", "time out"),
    "failures": ("unhealthy after", "failures", "failure threshold", "unhealthy threshold"),
    "successes": ("healthy after", "successes", "success threshold"),
    "redirects": ("redirect",),
    "certificate": ("certificate", "days left"),
    "addresses": ("addresses", "resolves to"),
}


class Said(Struct, frozen=True, gc=False):
    """What a label or a cell says, and its byte range."""

    text: str
    start: int
    end: int


class HealthCheck(Struct, frozen=True):
    """A check as written: the address, what is expected, how often in seconds (None when unsaid or unreadable).

    `said` is everything that is said of it, by the keys of LABELS. `name` is what the page calls it, where that tells
    it from another one.
    """

    url: str
    expected: str | None
    every_s: float | None
    start: int
    end: int
    said: Mapping[str, Said] = {}
    name: str = ""


def health_checks(page: Page) -> tuple[HealthCheck, ...]:
    """The health checks of a page: labelled addresses with the labels that follow them, and tables of addresses."""
    if page.kind == "template":
        return ()
    found: list[HealthCheck] = []
    fields = page.fields
    at = 0
    while at < len(fields):
        addresses = _addresses(page, fields[at])
        if not addresses:
            at += 1
            continue
        named = [(fields[at], addresses)]
        while at + 1 < len(fields) and (addresses := _next_addresses(page, fields[at], fields[at + 1])):
            at += 1
            named.append((fields[at], addresses))
        said = _labels_behind(page, fields, at)
        for field, urls in named:
            found.extend(_check(url, (field.start, field.value_end), said, _name(field)) for url in urls)
        at += 1
    for section in page.sections:
        if section.slot == "health-checks":
            found.extend(_table_checks(page, section, {check.url for check in found}))
    return tuple(sorted(found, key=lambda check: check.start))


def may_have_checks(page: Page) -> bool:
    """Whether a page may have a health check, at a glance."""
    return "health-checks" in page.heading_slots or any(map(is_check_label, page.fields))


def is_check_label(field: Field) -> bool:
    """Whether a label announces the address of a check."""
    return field.key in _URL_KEYS


def _addresses(page: Page, field: Field) -> list[str]:
    """The addresses behind a label, on its line or in the list below it."""
    if field.key not in _URL_KEYS:
        return []
    text = field.value(page.document)
    if not text and field.item >= 0:  # `- **Health Check URLs:**` with a list of them below
        end = page.document.blocks[field.item].end
        below = next((f.start for f in page.fields_within(field.value_start, end)), end)
        text = page.document.source(field.value_start, below)
    found = [each.group(1).rstrip(".,;*_") for each in _URL.finditer(text)]
    if re.match(r"\s*\[[^\]]*\]\(", text):  # a link whose text is an address too
        found = found[-1:]
    return list(dict.fromkeys(found))


def _next_addresses(page: Page, field: Field, following: Field) -> list[str]:
    """The addresses of the next label where it belongs to the same group, with nothing in between."""
    if page.section_at(field.start) != page.section_at(following.start):
        return []
    between = page.document.source(field.value_end, following.start)
    return _addresses(page, following) if not between.strip(" \t\r\n-*+") and between.count("\n") <= 1 else []


def _name(field: Field) -> str:
    """`Readiness` of `**Readiness:** …`; nothing where the label says only that this is a check."""
    is_plain = "health" in field.key or field.key.removesuffix("s").removesuffix(" url") in ("probe", "status")
    return "" if is_plain else field.name


def _check(url: str, place: tuple[int, int], said: Mapping[str, Said], name: str) -> HealthCheck:
    expected, every = said.get("expected"), said.get("every")
    name = said["name"].text if "name" in said else name
    every_s = read_every(every.text) if every else None
    return HealthCheck(url, expected.text if expected else None, every_s, *place, said, name)


def _labels_behind(page: Page, fields: tuple[Field, ...], at: int) -> dict[str, Said]:
    """What is said of a check between its label and the next check or section."""
    said: dict[str, Said] = {}
    section = page.section_at(fields[at].start)
    end = section.end if section else len(page.document.content)
    for number, field in enumerate(fields[at + 1 :], at + 1):
        if field.start >= end or field.key in _URL_KEYS:
            break
        label = _LABEL_OF.get(field.key)
        if label is None or label in said:
            continue
        value = field.value(page.document)
        if label == "expected" and not value:
            value = _code_below(page, field, fields[number + 1].start if number + 1 < len(fields) else end)
        if value and not is_slot_text(value):
            said[label] = Said(value, field.value_start, field.value_end)
    return said


def _code_below(page: Page, field: Field, end: int) -> str:
    """The code block that follows a label at once, which is how longer answers are written down."""
    blocks = page.document.blocks
    following = field.block + 1
    if following < len(blocks) and blocks[following].kind == "code" and blocks[following].start < end:
        return f"`{text}`" if (text := blocks[following].text.strip()) and "`" not in text else ""
    return ""


def read_every(value: str) -> float | None:
    """`Every 30 seconds`, `30s (by Prometheus)`, `Prometheus, 15s`: the length that the value begins with or names."""
    length = read_duration(value.strip("`*"))
    if length is None:
        short = re.match(r"(?:every\s+)?(?:\d+(?:\.\d+)?\s*[a-z]+|[a-z]+)", value.strip("`* ").lower())
        length = read_duration(short.group()) if short else None
    if length is None:
        named = re.findall(r"(?<![\w.–-])\d+(?:\.\d+)?\s*[a-z]+\b", value.lower()[:200])
        lengths = [found for each in named if (found := read_duration(each)) is not None]
        length = lengths[0] if len(lengths) == 1 and len(named) == 1 else None
    return None if length is None else length.total_seconds()


def _table_checks(page: Page, section: Section, known: set[str]) -> Iterator[HealthCheck]:
    for rows in tables_in(page, section):
        heads = [plain_head(text) for text, _ in rows[0]]
        columns = {label: _column(heads, words) for label, words in _HEADS.items()}
        for row in rows[1:]:
            cells = [(plain_text(text), start, start + len(text.encode())) for text, start in row]
            at, address = next(((n, hit) for n, (text, _) in enumerate(row) if (hit := _URL.search(text))), (0, None))
            if address is None or address.group(1) in known:
                continue
            said = {}
            for label, column in columns.items():
                if column is not None and column < len(row) and cells[column][0] and not is_slot_text(row[column][0]):
                    said[label] = Said(row[column][0], *cells[column][1:])
            name = cells[0][0] if at else ""
            yield _check(address.group(1), (row[0][1], row[0][1]), said, name)


def _column(heads: list[str], words: tuple[str, ...]) -> int | None:
    return next((at for at, head in enumerate(heads) if any(word in head for word in words)), None)


def tables_in(page: Page, section: Section) -> Iterator[list[list[tuple[str, int]]]]:
    """The tables of a section with its deeper ones: rows of (cell text, byte offset), the head row first."""
    document = page.document
    for index in document.tables:
        if section.body <= document.blocks[index].start < section.stop:
            yield table_rows(page, index)


def table_rows(page: Page, index: int) -> list[list[tuple[str, int]]]:
    """The rows of the table at a block index."""
    document = page.document
    rows = []
    for row in document.inside(index):
        cells = [document.blocks[cell] for cell in document.inside(row)]
        rows.append([(document.source(cell.start, cell.end).strip(), cell.start) for cell in cells])
    return rows
