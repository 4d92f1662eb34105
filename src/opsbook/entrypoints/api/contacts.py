"""How people are reached, by the API: one's own contacts, everybody's for an admin. Tells addresses only as masks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import NotPermitted
from opsbook.usecases import contact_words as words
from opsbook.usecases.alerting_ports import ContactRule
from opsbook.usecases.authority import decide
from opsbook.usecases.contact_book import ContactBook

PERSON = "/people/{handle}"
CONTACT = f"{PERSON}/contacts/{{contact}}"


class ContactModel(Struct):
    """A way to reach somebody; the address is a mask."""

    id: str
    kind: Literal["email", "sms", "phone", "push", "chat", "webhook", "channel"]
    address: str
    origin: Literal["book", "private", "channel"]
    verified_at: str | None
    is_failing: bool
    is_enabled: bool


class Rule(Struct, forbid_unknown_fields=True):
    """When a contact is used: after how many seconds, and for which urgency."""

    contact: Annotated[str, Meta(max_length=100)]
    after_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    urgency: Literal["high", "low", "all"] = "all"


class PersonModel(Struct):
    """Somebody, and how they are reached."""

    name: str
    handle: str | None
    contacts: list[ContactModel]
    rules: list[Rule]
    time_zone: str
    quiet_hours: str | None


class PersonList(Struct):
    """Everybody whom the book or the ledger knows."""

    people: list[PersonModel]


class NewContact(Struct, forbid_unknown_fields=True):
    """A contact that no page tells."""

    kind: Literal["email", "sms", "phone", "push", "chat", "webhook"]
    address: Annotated[str, Meta(min_length=1, max_length=1000)]


class Switched(Struct, forbid_unknown_fields=True):
    """Whether a contact is used."""

    is_enabled: bool


class CodeBody(Struct, forbid_unknown_fields=True):
    """The code that came back."""

    code: Annotated[str, Meta(max_length=40)]


class Rules(Struct, forbid_unknown_fields=True):
    """All rules of somebody, in order; none: every contact in turn."""

    rules: Annotated[list[Rule], Meta(max_length=40)]


class Quiet(Struct, forbid_unknown_fields=True):
    """The hours in which only urgent things wake somebody."""

    hours: Annotated[str, Meta(max_length=40, description="Such as 22:00-07:00; empty for none.")] = ""
    time_zone: Annotated[str, Meta(max_length=60, description="Empty for that of the page.")] = ""


class TestSent(Struct):
    """The page of a test, where its delivery can be watched."""

    page: str


def _whom(request: Asks) -> tuple[ContactBook, str, str]:
    """The contacts, the handle that is asked about, and who asks; raises NotPermitted for somebody else's."""
    actor = signed_in(request)
    book = desk_of(request).alert_desk.contacts
    own = book.of_account(actor.name, actor.email).handle or actor.name
    wanted = str(request.path_params["handle"])
    handle = own if wanted in ("me", own, actor.name) else wanted
    if handle != own and not decide(actor, "administer", reads_are_open=False).is_allowed:
        raise NotPermitted(f"{actor.name} may see to their own contacts alone; those of others need an admin.")
    return book, handle, actor.name


def _contact(request: Asks) -> str:
    return str(request.path_params["contact"])


@operation("GET", "/people", PersonList, act="administer", group="contacts")
def people(request: Asks) -> dict[str, Any]:
    """Everybody who can be paged, and by what"""
    return {"people": [words.person_model(each) for each in desk_of(request).alert_desk.contacts.people()]}


@operation("GET", PERSON, PersonModel, act="own-account", group="contacts", also=(403,))
def person(request: Asks) -> dict[str, Any]:
    """How somebody is reached; `me` is whoever asks"""
    book, handle, by = _whom(request)
    own = book.reachable(handle)
    return words.person_model(own if own.handle or handle == by else book.named(handle))


@operation("POST", f"{PERSON}/contacts", ContactModel, act="own-account", body=NewContact, status=201, also=(409,),
           group="contacts")  # fmt: skip
def add(request: Asks, body: NewContact) -> dict[str, Any]:
    """Adds a contact that stays out of git"""
    book, handle, by = _whom(request)
    return words.contact_model(book.add(handle, body.kind, body.address, by))


@operation("DELETE", CONTACT, PersonModel, act="own-account", group="contacts")
def remove(request: Asks) -> dict[str, Any]:
    """Forgets a private contact, address and all"""
    book, handle, by = _whom(request)
    book.remove(handle, _contact(request), by)
    return words.person_model(book.reachable(handle))


@operation("PATCH", CONTACT, ContactModel, act="own-account", body=Switched, group="contacts")
def switch(request: Asks, body: Switched) -> dict[str, Any]:
    """Uses a contact no more, or again"""
    book, handle, by = _whom(request)
    return words.contact_model(book.switch(handle, _contact(request), body.is_enabled, by))


@operation("POST", f"{CONTACT}/test", TestSent, act="own-account", status=202, group="contacts")
def test(request: Asks) -> dict[str, Any]:
    """Has a test message with a code sent to a contact"""
    book, handle, by = _whom(request)
    return {"page": book.test(handle, _contact(request), by)}


@operation("POST", f"{CONTACT}/verify", ContactModel, act="own-account", body=CodeBody, also=(409,), group="contacts")
def verify(request: Asks, body: CodeBody) -> dict[str, Any]:
    """Proves a contact by the code that was sent to it"""
    book, handle, by = _whom(request)
    return words.contact_model(book.verify(handle, _contact(request), body.code, by))


@operation("PUT", f"{PERSON}/rules", PersonModel, act="own-account", body=Rules, group="contacts")
def set_rules(request: Asks, body: Rules) -> dict[str, Any]:
    """Says in which order somebody is reached"""
    book, handle, by = _whom(request)
    rules = [ContactRule(rule.contact, rule.after_s, rule.urgency) for rule in body.rules]
    return words.person_model(book.set_rules(handle, rules, by))


@operation("PUT", f"{PERSON}/quiet", PersonModel, act="own-account", body=Quiet, group="contacts")
def set_quiet(request: Asks, body: Quiet) -> dict[str, Any]:
    """Says in which hours only urgent things wake somebody"""
    book, handle, by = _whom(request)
    return words.person_model(book.set_quiet(handle, words.read_quiet(body.hours), body.time_zone, by))


@operation("DELETE", PERSON, PersonModel, act="own-account", group="contacts")
def forget(request: Asks) -> dict[str, Any]:
    """Forgets all that somebody told Opsbook alone"""
    book, handle, by = _whom(request)
    book.forget(handle, by)
    return words.person_model(book.reachable(handle))


ROUTES = (people, person, add, remove, switch, test, verify, set_rules, set_quiet, forget)
