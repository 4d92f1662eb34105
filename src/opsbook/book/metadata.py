"""What a page says about itself, each value with where it came from: front matter, bold lines, a field table, plain
lines. Values are as written; nothing is looked up elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from msgspec import Struct

from opsbook.book.fields import Field
from opsbook.ground.markdown import Document
from opsbook.ground.pattern import Pattern


class Datum(Struct, frozen=True, gc=False):
    """One value: `origin` is front-matter, bold, table or plain; [start, end) its place in the file."""

    key: str
    value: str
    origin: str
    start: int
    end: int


class Metadata(Struct, frozen=True, dict=True):
    """All values of a page in the order of trust; `front` is the front matter's mapping, with lists and numbers kept.

    `front_error` is (offset, words) when the front matter is not readable.
    """

    entries: tuple[Datum, ...] = ()
    front: Mapping[str, Any] = {}
    front_error: tuple[int, str] | None = None

    def first(self, *keys: str) -> Datum | None:
        """The value of the first of these keys that has one; keys are as `plain_key` has them."""
        by_key = self._by_key
        return next((by_key[key] for key in keys if key in by_key), None) if by_key else None

    @cached_property
    def _by_key(self) -> dict[str, Datum]:
        by_key: dict[str, Datum] = {}
        for entry in self.entries:
            if entry.value:
                by_key.setdefault(entry.key, entry)
        return by_key


OWNER_KEYS = ("owner", "owners", "owned by", "team", "owner slack", "owner agent", "owning team", "maintainer",
              "maintainers", "responsible", "responsible team", "escalation contact", "service owner",
              "contact")  # fmt: skip
UPDATED_KEYS = ("last updated", "last reviewed on", "last reviewed", "last verified", "last tested", "updated",
                "last update", "reviewed", "last modified", "date updated", "verified", "lastmod", "updated at",
                "review date", "last review", "last revised")  # fmt: skip
DEPENDS_KEYS = ("depends on", "dependencies", "depends upon", "upstream services", "needs services")
PRACTISED_KEYS = ("last practised", "last practiced", "last drilled", "last tested", "last exercised", "last drill",
                  "last rehearsed", "last rehearsal", "last practice", "last test")  # fmt: skip
SERVICE_KEYS = ("service", "service name", "system name", "system", "component", "application")
ALERT_KEYS = ("alert", "alert name", "alertname", "alerts", "alert names")

# Only what stands before the first section is metadata; a field table further down is content.
_TABLE_HEADS = frozenset({"field", "property", "key", "attribute", "item", "name", "metadata", ""})
_PLAIN_LINE = Pattern(r"^([A-Z][A-Za-z _-]{1,30}):[ \t]+(\S.*)$", re.M)


@lru_cache(maxsize=4096)
def plain_key(key: str) -> str:
    """A key as it is compared: lower case, words apart by one space."""
    return " ".join(key.lower().replace("_", " ").replace("-", " ").split()).strip("*` :")


def read_metadata(document: Document, fields: tuple[Field, ...]) -> Metadata:
    """The metadata of a page; never raises. `fields` are the page's bold labels in order."""
    entries: list[Datum] = []
    front: Mapping[str, Any] = {}
    error = None
    if document.front:
        front, error = _read_front(document)
        entries.extend(_front_entries(document, front))
    first_section = next((h.start for h in document.headings if h.level >= 2), len(document.content))
    for field in fields:
        if field.start >= first_section:
            break
        value = field.value(document)
        entries.append(Datum(plain_key(field.name), value, "bold", field.value_start, field.value_end))
    for index in document.tables:
        if document.blocks[index].start < first_section:
            entries.extend(_table_entries(document, index))
    entries.extend(_plain_entries(document, first_section))
    return Metadata(tuple(entries), front, error)


def _front_entries(document: Document, front: Mapping[str, Any]) -> list[Datum]:
    entries = []
    lines = document.front
    ops = front.get("ops")
    if isinstance(ops, Mapping) and "owner" in ops:  # the only front matter of the procedures' grammar
        front = {"owner": ops["owner"], **front}
    place, byte = 0, document.front_start
    for key, value in front.items():
        text = _text(value)
        if text is None:
            continue
        at = place if lines.startswith(key, place) else lines.find("\n" + key, place) + 1
        if at > place:  # keys stand in order, so each is looked for behind the last
            byte += len(lines[place:at].encode())
            place = at
        stop = lines.find("\n", place)
        size = len(lines[place : stop if stop >= 0 else len(lines)].encode())
        entries.append(Datum(plain_key(key), text.strip(), "front-matter", byte, byte + size))
    return entries


def _text(value: Any) -> str | None:
    """A value as text; None for what is no word and no list of words, however deep or self-referring it is."""
    if isinstance(value, list):
        words = [str(item) for item in value if item is not None and not isinstance(item, Mapping | list | set)]
        return ", ".join(words) if words or not value else None
    return None if value is None or isinstance(value, Mapping | set) else str(value)


def _read_front(document: Document) -> tuple[Mapping[str, Any], tuple[int, str] | None]:
    if document.front_form == "yaml":
        simple = _read_flat(document.front)
        if simple is not None:
            return simple, None
        return _read_yaml(document)
    import tomllib  # a front matter between +++ is rare

    try:
        return tomllib.loads(document.front), None
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        return {}, (document.front_start, str(wrong))


# The usual front matter is `key: word` lines and lists of words; reading those here spares importing YAML (15 ms) on
# most pages. A value that YAML could read as anything but this very text is left to YAML.
_SCALAR = r"\"([^\"\\\n]*)\"|'([^'\n]*)'|([^\s\"'\[\]{}&*!|>%@`#?:,-][^\n#:]*?)"
_FLAT = Pattern(
    rf"([A-Za-z_][\w .-]*):(?![^ \t\r])[ \t]*(?:{_SCALAR}|\[([^\[\]{{}}\"'#:&*!|>%@`\n]*)\])?[ \t]*\r?"
)
_LISTED = Pattern(rf"[ \t]*-[ \t]+(?:{_SCALAR})[ \t]*\r?")
_NOTHING = frozenset({"~", "null", "Null", "NULL"})


def _read_flat(text: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    key = ""
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        listed = _LISTED().fullmatch(line)
        if listed is not None and key and isinstance(found[key], list | None):
            found[key] = [*(found[key] or ()), _scalar(*listed.groups())]
            continue
        match = _FLAT().fullmatch(line)
        if match is None or match.group(1).strip() in found:
            return None
        key = match.group(1).strip()
        *scalar, words = match.groups()[1:]
        found[key] = _scalar(*scalar) if words is None else [word.strip() for word in words.split(",") if word.strip()]
    return found


def _scalar(double: str | None, single: str | None, bare: str | None) -> str | None:
    if bare is not None:
        return None if bare in _NOTHING else bare
    return double if double is not None else single


def _read_yaml(document: Document) -> tuple[Mapping[str, Any], tuple[int, str] | None]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loaded = yaml.load(document.front, Loader=loader)
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line if wrong.problem_mark else 0
        lines = document.front.splitlines(keepends=True)
        offset = document.front_start + len("".join(lines[:line]).encode())
        return {}, (offset, str(wrong.problem or wrong.context or "it cannot be read"))
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as wrong:
        return {}, (document.front_start, str(wrong).splitlines()[0])
    if loaded is None:
        return {}, None
    if not isinstance(loaded, dict):
        return {}, (document.front_start, "it holds no `key: value` lines")
    return {str(key): value for key, value in loaded.items()}, None


def _table_entries(document: Document, index: int) -> list[Datum]:
    """Two-column tables headed Field/Value or the like, and such whose first row is already a pair."""
    blocks = document.blocks
    rows = [list(document.inside(row)) for row in document.inside(index)]
    if not rows or any(len(row) != 2 for row in rows):
        return []
    cells = [[document.source(blocks[c].start, blocks[c].end).strip() for c in row] for row in rows]
    if plain_key(cells[0][0]) not in _TABLE_HEADS:
        return []
    return [
        Datum(plain_key(key), value.strip("`"), "table", blocks[row[1]].start, blocks[row[1]].end)
        for row, (key, value) in zip(rows[1:], cells[1:], strict=True)
    ]


def _plain_entries(document: Document, first_section: int) -> list[Datum]:
    """`Owner: someone` lines of the paragraphs before the first section, where at least one key is well known."""
    entries = []
    for block in document.blocks[: document.index_at(first_section)]:
        if block.kind != "paragraph" or document.content.find(b":", block.start, block.end) < 0:
            continue
        for found in _PLAIN_LINE().finditer(document.source(block.start, block.end)):
            key = plain_key(found.group(1))
            if key in _PLAIN_KEYS:
                start = block.start + len(found.string[: found.start(2)].encode())
                entries.append(Datum(key, found.group(2).strip(), "plain", start, start + len(found.group(2).encode())))
    return entries


_PLAIN_KEYS = frozenset(
    (*OWNER_KEYS, *UPDATED_KEYS, *SERVICE_KEYS, *ALERT_KEYS, "severity", "status", "date", "started", "resolved",
     "review cycle")
)
