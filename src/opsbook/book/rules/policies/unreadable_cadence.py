"""`unreadable-cadence`: how often people are told of an incident, in words that cannot be read, so that nobody is
reminded in time."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.severity import read_severity
from opsbook.book.slots import is_unfilled
from opsbook.ground.errors import Finding


@page_rule("unreadable-cadence", "warning", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    if b"pdate" not in page.document.content and b"adence" not in page.document.content:
        return
    from opsbook.book.tables import read_tables  # few policy pages have a matrix
    from opsbook.book.update_cadence import read_cadence

    for table in read_tables(page.document):
        named = table.column("severity", "severity level", "level", "sev", "priority", "class", "p level")
        said = table.column("status updates", "updates", "update cadence", "cadence", "update frequency")
        if named is None or said is None:
            continue
        for row in table.rows:
            cell = row[said]
            if is_unfilled(cell.text) or read_severity(row[named].text) is None or read_cadence(cell.text) is not None:
                continue
            yield page.finding(
                "unreadable-cadence",
                "warning",
                (cell.start, cell.end),
                f"'{cell.text}' does not say how often people are told, so the built-in times hold.",
                fix="Write such as `every 30 minutes`, `hourly`, `every working day`, `when it is resolved` or `none`.",
            )
