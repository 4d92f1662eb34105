"""`invalid-severity`: a severity that means none of P0 to P3. Who is paged, and how soon, hangs on it."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page
from opsbook.book.severity import PRIORITIES, read_severity
from opsbook.book.slots import is_unfilled
from opsbook.ground.errors import Finding

_KEYS = ("severity", "severity level", "incident severity")
# What stands where there is nothing to be grave.
_NONE = frozenset({"-", "–", "—", "n/a", "na", "unknown", "any", "all"})


@page_rule("invalid-severity", "error", "incident", "post-mortem", "policy", "alerts")
def check(page: Page, around: Around) -> Iterator[Finding]:
    if b"everit" not in page.document.content:
        return
    for value, start, end in (*_severities(page), *_of_escalations(page)):
        if is_unfilled(value) or value.lower() in _NONE:
            continue
        if read_severity(value, around.settings.severities) is None:
            yield page.finding(
                "invalid-severity",
                "error",
                (start, end),
                f"'{value}' is none of the severities {', '.join(PRIORITIES)}, nor a word that is known for one.",
                fix="Write P0, P1, P2 or P3, or say what the word means under [severities] in opsbook.toml.",
            )


def _of_escalations(page: Page) -> Iterator[tuple[str, int, int]]:
    """Each word of `**Severities:** P0, P1` above a table of levels; a word of the page's own matrix is one."""
    if page.kind != "policy" or b"Severities" not in page.document.content:
        return
    from opsbook.book.incident_policy import read_policy  # few pages have an escalation
    from opsbook.book.roster.escalation import severity_spans
    from opsbook.book.roster.words import split_words
    from opsbook.book.tables import read_tables

    policy = read_policy(page)
    own = {word.lower() for row in policy.severities for word in split_words(row.labels)} if policy else set()
    written = [
        (field.value(page.document), field.value_start, field.value_end)
        for field in page.fields
        if plain_key(field.name) == "severities"
    ]
    for table in read_tables(page.document):
        column = table.column("severities")
        if column is not None:
            written += [(cell.text, cell.start, cell.end) for cell in table.cells(column)]
    for text, start, end in written:
        for word in () if is_unfilled(text) else severity_spans(split_words(text)):
            if word.lower() not in own:
                yield word, start, end


def _severities(page: Page) -> Iterator[tuple[str, int, int]]:
    document = page.document
    seen = set()
    for entry in page.metadata.entries:
        if entry.key in _KEYS:
            seen.add(entry.start)
            yield entry.value.strip(" `*"), entry.start, entry.end
    for field in page.fields:
        if plain_key(field.name) in _KEYS and field.value_start not in seen:
            yield field.value(document).strip(" `*"), field.value_start, field.value_end
    if page.kind in ("policy", "alerts"):
        from opsbook.book.tables import read_tables  # only these kinds need it

        for table in read_tables(document):
            column = table.column(*_KEYS)
            if column is not None:
                yield from ((cell.text, cell.start, cell.end) for cell in table.cells(column))
