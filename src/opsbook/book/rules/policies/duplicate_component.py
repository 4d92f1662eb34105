"""`duplicate-component`: a component that stands twice in the table of the status page. Only the first is shown."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("duplicate-component", "error", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.status_components import read_status_page  # few policy pages have such a table

    found = read_status_page(page)
    for component in found.repeated if found else ():
        message = f"The component '{component.name}' stands further up already; only that one is shown."
        fix = "Put the services into one row, or give this one another name."
        yield page.finding("duplicate-component", "error", (component.start, component.end), message, fix=fix)
