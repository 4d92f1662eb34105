"""`opsbook page`: who is paged, what became of it, and waking somebody by hand. Sends nothing itself."""

from __future__ import annotations

import click

from opsbook.entrypoints.commands._page_plan import plan
from opsbook.entrypoints.options import Shared, VerbGroup, verb

_PAGE = click.argument("page", metavar="PAGE")
_WHY = click.option("--why", default="", metavar="TEXT", help="The reason, which is kept.")


@verb("list", examples=("opsbook page list --open", "opsbook page list --limit 5 --format json"))
@click.option("--open", "is_open", is_flag=True, help="Only those that are not over.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, metavar="N", help="How many.")
def list_(shared: Shared, *, is_open: bool, limit: int) -> None:
    """List pages, the last begun first."""
    from opsbook.entrypoints.page_desk import page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.people import table
    from opsbook.entrypoints.shown.paged import HEADS, page_rows
    from opsbook.usecases.page_shown import page_brief

    with page_desk(shared) as desk:
        pages = desk.pages.select(is_open=True if is_open else None, limit=limit)
    empty = "Nobody is being paged." if is_open else "Nobody was paged yet."
    lines = table(HEADS, page_rows(pages)) if pages else iter((empty,))
    answer(shared, {"pages": [page_brief(page) for page in pages]}, lines)


@verb("show", examples=("opsbook page show last", "opsbook page show 261126 --format json"))
@_PAGE
def show(shared: Shared, page: str) -> None:
    """Show one page: its levels, and every message with its attempts.

    PAGE is its id, the beginning of it that no other has, or 'last'.
    """
    from opsbook.entrypoints.page_desk import page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.shown.paged import page_text
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.ledger.page import stream_of
    from opsbook.usecases.alert_story import story
    from opsbook.usecases.page_shown import page_model

    with page_desk(shared) as desk:
        found = desk.pages.find(page)
        told = story(desk.ledger.read(stream_of(found.id)))
    answer(shared, page_model(found), page_text(found, told, terminal_width()))


@verb("ack", examples=("opsbook page ack last", "opsbook page ack last --for 2h --why 'the vendor mends it'"))
@_PAGE
@click.option("--for", "length", metavar="LENGTH", help="Until people are woken again; else as the policy says.")
@_WHY
def ack(shared: Shared, *, page: str, length: str | None, why: str) -> None:
    """Take care of a page: nobody else is woken for it."""
    from opsbook.entrypoints.page_desk import length_s, page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.usecases.page_shown import page_model

    for_s = length_s(length) if length else None
    with page_desk(shared) as desk:
        found = desk.pages.acknowledge(page, desk.who(), via="command line", why=why, for_s=for_s)
    until = f" until {found.acknowledged_until:%Y-%m-%d %H:%M} UTC" if found.acknowledged_until else ""
    needed = found.needs - len(found.acknowledged)
    told = f"{needed} more must acknowledge it." if needed > 0 else f"Page {found.id} is acknowledged{until}."
    answer(shared, page_model(found), (told,))


@verb("escalate", examples=("opsbook page escalate last --why 'I am on a train'",))
@_PAGE
@_WHY
def escalate(shared: Shared, *, page: str, why: str) -> None:
    """Pass a page on: it is the next level's turn at once, and nobody takes care of it until they answer."""
    from opsbook.entrypoints.page_desk import page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.usecases.page_shown import page_model

    with page_desk(shared) as desk:
        found = desk.pages.escalate(page, desk.who(), via="command line", why=why)
        lines = [f"Page {found.id} goes on to the next level.", *desk.why_not_now()]
    answer(shared, page_model(found), lines)


@verb("resolve", examples=("opsbook page resolve last --why 'the disk is emptied'",))
@_PAGE
@_WHY
def resolve(shared: Shared, *, page: str, why: str) -> None:
    """Say that a page is over, and all alerts of it; what still fires opens again by itself."""
    from opsbook.entrypoints.page_desk import page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.usecases.page_shown import page_model

    with page_desk(shared) as desk:
        found = desk.pages.resolve(page, desk.who(), why)
    answer(shared, page_model(found), (f"Page {found.id} is over.",))


@verb("cancel", examples=("opsbook page cancel last --why 'a false alarm'",))
@_PAGE
@click.option("--why", required=True, metavar="TEXT", help="The reason, which is kept.")
def cancel(shared: Shared, *, page: str, why: str) -> None:
    """Wake nobody any more for a page."""
    from opsbook.entrypoints.page_desk import page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.usecases.page_shown import page_model

    with page_desk(shared) as desk:
        found = desk.pages.cancel(page, desk.who(), why)
    answer(shared, page_model(found), (f"Page {found.id} is over.",))


@verb(
    "send",
    examples=(
        "opsbook page send --to @ada 'The vendor is on the phone'",
        "opsbook page send --service api --severity P0 'Orders fail for everybody'",
    ),
)
@click.argument("subject", metavar="TEXT")
@click.option("--to", "names", multiple=True, metavar="NAME", help="A person, team, schedule or #channel; repeatable.")
@click.option("--service", metavar="S", help="Whose people are woken where nobody is named.")
@click.option("--severity", default="P1", show_default=True, metavar="P0|P1|P2|P3", help="How grave it is.")
def send(shared: Shared, *, subject: str, names: tuple[str, ...], service: str | None, severity: str) -> None:
    """Wake somebody by hand.

    Those who are named are asked three times, five minutes apart; the people of a service as its escalation says. A
    server on the same ledger sends it.
    """
    from opsbook.entrypoints.duties import asked_severity
    from opsbook.entrypoints.page_desk import page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.usecases.page_shown import page_model

    with page_desk(shared) as desk:
        grave = asked_severity(severity, desk.config.severities)
        found = desk.pages.wake(", ".join(names), subject, desk.who(), severity=grave, service=service)
        lines = [f"Page {found.id} has begun. 'opsbook page show {found.id}' tells what becomes of it."]
        lines += desk.why_not_now()
    answer(shared, page_model(found), lines)


@verb("test", examples=("opsbook page test", "opsbook page test --wait 0"))
@click.option("--wait", "within", default="3m", show_default=True, metavar="LENGTH", help="How long to wait for it.")
def test(shared: Shared, *, within: str) -> int:
    """Prove the whole path now: an alert through the server's own inlet becomes a page to paging.synthetic.

    Exits 1 when it did not arrive.
    """
    from opsbook.entrypoints.page_desk import length_s, page_desk
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.shown.paged import path_test_text
    from opsbook.usecases.page_shown import path_test_model

    with page_desk(shared) as desk:
        before = desk.path_tests.ask(desk.who())
        for line in desk.why_not_now():
            click.echo(line, err=True)
        found = desk.waited(before, length_s(within))
    answer(shared, path_test_model(found), (path_test_text(found),))
    return 0 if found.is_ok or (found.ended_at is None and length_s(within) == 0) else 1


command = VerbGroup(
    "page",
    (plan, list_, show, ack, escalate, resolve, cancel, send, test),
    about="Who is paged: plan, watch, answer, wake by hand.",
)
