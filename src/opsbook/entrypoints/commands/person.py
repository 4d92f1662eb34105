"""`opsbook person`: how people are reached besides what pages say. Sends nothing itself: a running server does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import at_terminal, show, table

if TYPE_CHECKING:
    from opsbook.usecases.alerting_ports import Reachable
    from opsbook.usecases.contact_book import ContactBook

_NAME = click.argument("name", metavar="NAME")
_CONTACT = click.argument("contact", metavar="CONTACT")


@contextmanager
def _contacts_of(shared: Shared) -> Iterator[ContactBook]:
    """The contacts of the book and the ledger that the options name; the ledger is closed at the end."""
    from opsbook.alert_parts import build_contacts
    from opsbook.usecases.duty_book import duty_book
    from opsbook.wire import build_book, build_ledger

    config = shared.config()
    book = duty_book(build_book(config), with_services=False)
    ledger = build_ledger(config)
    try:
        yield build_contacts(ledger, lambda: book)
    finally:
        ledger.close()


@verb("list", examples=("opsbook person list",))
def list_(shared: Shared) -> None:
    """List everybody whom the book or the ledger knows, and how they are reached."""
    from opsbook.usecases.contact_words import person_model, standing

    with _contacts_of(shared) as contacts:
        people = contacts.people()
    told = [", ".join(f"{each.id} ({standing(each)})" for each in person.contacts) for person in people]
    rows = [(person.name, person.handle, by or "nothing") for person, by in zip(people, told, strict=True)]
    empty = "Nobody is known: pages of the book name people."
    lines = table(("NAME", "HANDLE", "REACHED BY"), rows) if rows else [empty]
    show(shared, {"people": [person_model(person) for person in people]}, lines)


@verb("show", examples=("opsbook person show ada",))
@_NAME
def show_(shared: Shared, name: str) -> None:
    """Show how somebody is reached, in which order, and their quiet hours."""
    with _contacts_of(shared) as contacts:
        _shown(shared, contacts.named(name))


@verb(
    "add-contact",
    examples=(
        "opsbook person add-contact ada sms '+45 5550 0101'",
        "opsbook person add-contact ada push - < topic.txt",
    ),
)
@_NAME
@click.argument("kind", metavar="email|sms|phone|push|chat|webhook")
@click.argument("address", metavar="ADDRESS")
@click.option("--new", "is_new", is_flag=True, help="For somebody whom neither a page nor the ledger knows yet.")
def add_contact(shared: Shared, *, name: str, kind: str, address: str, is_new: bool) -> None:
    """Add a contact that no page tells. It stays out of git, and its address out of what is recorded.

    With - the address is the first line of standard input, and stands in no history.
    """
    from opsbook.ground.errors import Usage

    with _contacts_of(shared) as contacts:
        if not is_new:
            try:
                contacts.named(name)
            except Usage as wrong:
                wrong.at_terminal = "'opsbook person list' shows all; --new adds somebody whom no page names."
                raise
        given = sys.stdin.readline().strip() if address == "-" else address
        added = contacts.add(name, kind, given, at_terminal())
    from opsbook.usecases.contact_words import contact_model

    lines = [f"added {added.id}, {added.masked}; 'opsbook person verify' proves it"]
    show(shared, {"contact": contact_model(added)}, lines)


@verb("remove-contact", examples=("opsbook person remove-contact ada own-sms",))
@_NAME
@_CONTACT
def remove_contact(shared: Shared, name: str, contact: str) -> None:
    """Forget a private contact, address and all."""
    with _contacts_of(shared) as contacts:
        contacts.remove(name, contact, at_terminal())
    show(shared, {"removed": contact}, [f"{contact} is forgotten"])


@verb("switch", examples=("opsbook person switch ada email off",))
@_NAME
@_CONTACT
@click.argument("state", type=click.Choice(("on", "off")))
def switch(shared: Shared, name: str, contact: str, state: str) -> None:
    """Use a contact no more, or again; also one that a page tells."""
    with _contacts_of(shared) as contacts:
        contacts.switch(name, contact, state == "on", at_terminal())
        _shown(shared, contacts.named(name))


@verb("rules", examples=("opsbook person rules ada own-sms 'email after 5m' 'own-phone after 10m high'",
                         "opsbook person rules ada --none"))  # fmt: skip
@_NAME
@click.argument("rules", nargs=-1, metavar="[CONTACT [after TIME] [high|low]]…")
@click.option("--none", "is_none", is_flag=True, help="Without rules: every contact in turn.")
def rules_(shared: Shared, name: str, rules: tuple[str, ...], *, is_none: bool) -> None:
    """Say in which order somebody wants to be reached; high is P0 and P1."""
    if bool(rules) == is_none:
        raise click.UsageError("Give the rules, or --none for none.")
    from opsbook.usecases.contact_words import read_rule

    with _contacts_of(shared) as contacts:
        _shown(shared, contacts.set_rules(name, [read_rule(rule) for rule in rules], at_terminal()))


@verb(
    "quiet",
    examples=("opsbook person quiet ada 22:00-07:00 --time-zone Europe/Copenhagen", "opsbook person quiet ada off"),
)
@_NAME
@click.argument("hours", metavar="FROM-UNTIL|off")
@click.option("--time-zone", default="", metavar="ZONE", help="Else that of the page.")
def quiet(shared: Shared, name: str, hours: str, *, time_zone: str) -> None:
    """Say in which hours only urgent things wake somebody."""
    from opsbook.usecases.contact_words import read_quiet

    with _contacts_of(shared) as contacts:
        _shown(shared, contacts.set_quiet(name, read_quiet(hours), time_zone, at_terminal()))


@verb("test", examples=("opsbook person test ada email",))
@_NAME
@_CONTACT
def test(shared: Shared, name: str, contact: str) -> None:
    """Have a test message sent to a contact; it carries a code and a link that prove it."""
    with _contacts_of(shared) as contacts:
        page = contacts.test(name, contact, at_terminal())
    show(shared, {"page": page}, _sent(shared, page))


@verb("verify", examples=("opsbook person verify ada own-sms", "opsbook person verify ada own-sms 123456"))
@_NAME
@_CONTACT
@click.argument("code", required=False, metavar="[CODE]")
def verify(shared: Shared, name: str, contact: str, code: str | None) -> None:
    """Prove that a contact reaches somebody: without a code one is sent, with it the contact is verified."""
    from opsbook.usecases.contact_words import contact_model

    with _contacts_of(shared) as contacts:
        if code is None:
            page = contacts.test(name, contact, at_terminal())
            show(shared, {"page": page}, [*_sent(shared, page), f"Then: opsbook person verify {name} {contact} CODE"])
            return
        proven = contacts.verify(name, contact, code, at_terminal())
    show(shared, {"contact": contact_model(proven)}, [f"{contact} is verified"])


@verb("forget", examples=("opsbook person forget ada --yes",))
@_NAME
@click.option("--yes", is_flag=True, help="Without it nothing is forgotten.")
def forget(shared: Shared, name: str, *, yes: bool) -> None:
    """Forget all that somebody told Opsbook alone: addresses, rules, quiet hours. Pages of the book stay."""
    if not yes:
        raise click.UsageError("What is forgotten cannot be had back. Say --yes to do it.")
    with _contacts_of(shared) as contacts:
        contacts.forget(name, at_terminal())
    show(shared, {"forgotten": name}, [f"what {name} told is forgotten"])


command = VerbGroup(
    "person",
    (list_, show_, add_contact, remove_contact, switch, rules_, quiet, test, verify, forget),
    about="How people are reached: contacts that no page tells, their order, quiet hours. Works beside a server.",
    examples=(
        "opsbook person list",
        "opsbook person add-contact ada sms '+45 5550 0101'",
        "opsbook person test ada email",
    ),
)


def _shown(shared: Shared, person: Reachable) -> None:
    from opsbook.usecases.contact_words import person_model, quiet_told, rule_words, standing

    rows = [(each.id, each.masked, "the book" if each.origin == "book" else "private", standing(each))
            for each in person.contacts]  # fmt: skip
    lines = [f"{person.name}, in {person.time_zone}"]
    lines += list(table(("CONTACT", "ADDRESS", "FROM", "STATE"), rows)) if rows else ["Nothing reaches them."]
    lines += [f"rule: {rule_words(rule)}" for rule in person.rules]
    lines += [f"quiet hours: {quiet_told(person.quiet)}"] if person.quiet else []
    show(shared, {"person": person_model(person)}, lines)


def _sent(shared: Shared, page: str) -> list[str]:
    from opsbook.wire import served_at

    address = served_at(shared.config())
    without = "No server runs on this ledger; the message goes once one does."
    return [f"A test is on its way as page {page}.", f"{address}/pages/{page}" if address else without]
