"""The outline of a page: what the rest of the book needs to know of it. Small, and made of plain values."""

from __future__ import annotations

from opsbook.book.calls import callers
from opsbook.book.kinds import is_alert_name
from opsbook.book.links import address_edit, fragment, is_page, targets
from opsbook.book.lint import Around, Ended, Mention, Outline, Reference, suppressions
from opsbook.book.operations_told import operations_told
from opsbook.book.page import Page
from opsbook.book.post_mortem_policy import USUAL, PostMortemPolicy, read_post_mortem_policy
from opsbook.book.procedure import procedures_of
from opsbook.book.roster.mentions import mentions_of, paged_services_of, people_of
from opsbook.book.status_components import read_status_page
from opsbook.ground.markdown import Link


def outline_of(page: Page, around: Around) -> Outline:
    """What book rules, coverage and the matching of alerts look at; the page's bytes are not kept."""
    links_to: set[str] = set()
    references: list[Reference] = []
    calls = callers(page)
    for link, target in targets(page, around):
        path = target.path or page.path
        if target.verdict not in ("ok", "broken-anchor") or not is_page(path):
            continue
        if target.path:
            links_to.add(path)
        anchor = target.anchor if target.path else fragment(link.href)
        of = [caller for start, end, caller in calls if start <= link.start < end]
        if of or (anchor and (target.verdict == "broken-anchor" or path != page.path)):
            place = page.span(link.start, link.end)
            at = _fragment_place(page, link)
            references.extend(Reference(link.href, path, anchor, place, bool(by), by, at) for by in of or [""])
    return Outline(
        page.path,
        page.kind,
        page.title,
        page.service,
        page.anchors,
        tuple(section.title for section in page.sections),
        page.slots,
        page.alert_names or _titled_alerts(page),
        frozenset(links_to),
        tuple(references),
        tuple(procedure.anchor for procedure in procedures_of(page)),
        people_of(page),
        mentions_of(page),
        paged_services_of(page),
        suppressions(page),
        _shown_services(page),
        _ended(page, around),
        _post_mortems(page),
        operations_told(page),
    )


def _ended(page: Page, around: Around) -> Ended | None:
    """Since when the incident of a page is over, where that is what the page is about, and its day and severity are
    told."""
    if page.kind != "incident":
        return None
    from opsbook.book.incidents import read_report  # only reports need it, and all lints start with this file

    report = read_report(page, around.settings.severities)
    if report is None or report.state != "over" or not report.severity:
        return None
    day = (report.resolved.day if report.resolved is not None else "") or report.order[:10]
    return Ended(report.severity, day, page.span(*page.title_place)) if len(day) == 10 else None


def _post_mortems(page: Page) -> PostMortemPolicy | None:
    """When post-mortems are due, where this is a policy page that says so."""
    found = read_post_mortem_policy(page) if page.kind == "policy" else USUAL
    return found if found != USUAL else None


def _shown_services(page: Page) -> tuple[Mention, ...]:
    found = read_status_page(page)
    return tuple(
        Mention(service.name, page.span(service.start, service.end))
        for component in (found.components if found else ()) for service in component.services
    )  # fmt: skip


def _fragment_place(page: Page, link: Link) -> tuple[int, int] | None:
    """The bytes of a link's fragment, where the address is written plainly."""
    edits = address_edit(page, link, "")
    if not edits:
        return None
    behind = len(link.href.partition("#")[2].encode())
    return edits[0].end - behind, edits[0].end


def _titled_alerts(page: Page) -> tuple[str, ...]:
    """The alerts that a page is about by its title or its headings, where those have the shape of an alert's name."""
    titles = [page.title, *(section.title for section in page.sections)]
    return tuple(dict.fromkeys(title for title in titles if is_alert_name(title)))
