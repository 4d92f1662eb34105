"""The verbs of contacts: how people are reached besides what pages say, verified, kept out of git and out of events.

The addresses lie beside the ledger's events (attachments `contact/HANDLE/ID`), so that they can be forgotten; events of
`person/HANDLE` hold what was done, and addresses only as masks.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from opsbook.book.reach import Directory
from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.values import Person as Listed
from opsbook.book.roster.values import plain_name
from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import person as told
from opsbook.ledger.event import Draft
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.page_events import FrozenPolicy, OwedNotification, owed, page_done, page_opened
from opsbook.ledger.person import Person
from opsbook.usecases import contact_forms as forms
from opsbook.usecases.alerting_ports import Contact, ContactRule, Handed, Reachable
from opsbook.usecases.contact_joining import joined, key_of
from opsbook.usecases.credentials import account_name, clean
from opsbook.usecases.kept_people import KeptPeople, Mark, address_of, code_of
from opsbook.usecases.ledger_ports import EngineLedger, Sighting, Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.run_start import run_id

CODE_LASTS = timedelta(minutes=30)
WRONG_CODES = 5  # then a new one is needed: one in 200,000 guesses of six digits is right
MOST_CONTACTS, MOST_RULES = 20, 40
FAILURES = 3  # in a row, of messages that were refused for good: then a contact is failing
TESTS = "test/"  # what the group of a page begins with that only tests a contact: test/HANDLE/CONTACT


class ContactBook:
    """What is known of how people are reached; it is an `Addresses`. `nudge` wakes whoever pages in another process."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], *, now: Callable[[], datetime],
        chance: Callable[[int], bytes], nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._nudge = nudge
        self._ledger = ledger
        self._book = book
        self._now = now
        self._chance = chance
        self._directory: tuple[Book, Directory] | None = None
        self._kept = KeptPeople(ledger, now=now, chance=chance)

    def reachable(self, name: str) -> Reachable:
        """Somebody by name or handle, or a #channel or address by itself; without contacts where nobody knows any."""
        listed = self._listed(name)
        if listed is not None:
            return self._joined(listed, self._kept.person(key_of(listed)))
        channel = _channel(name)
        if channel:
            return Reachable(channel, "", (Contact(channel, "channel", channel, channel, "channel"),))
        person = self._kept.person(plain_name(name)) if _is_key(plain_name(name)) else Person("")
        if person.number:
            return self._joined(Listed(person.handle, person.handle, (), "", (0, 0)), person)
        alone = forms.by_itself(name)
        if alone is None:
            return Reachable(name, "", ())
        kind, address = alone
        return Reachable(name, "", (Contact(kind, kind, address, forms.masked(kind, address), "channel"),))

    def people(self) -> list[Reachable]:
        """Everybody whom the book or the ledger knows."""
        listed = {key_of(each): each for _, each in self._people_of_book().values()}
        further = {key: Listed(key, key, (), "", (0, 0)) for key in self._kept.handles() if key not in listed}
        found = [self._joined(each, self._kept.person(key)) for key, each in {**listed, **further}.items()]
        return sorted(found, key=lambda each: plain_name(each.name))

    def verified(self) -> dict[str, bool]:
        """By name, as it is compared, whether somebody has proven a contact; empty where nobody told it anything."""
        if not self._kept.handles():
            return {}
        proven = ((each, any(contact.verified_at for contact in each.contacts)) for each in self.people())
        return {plain_name(name): is_proven for each, is_proven in proven for name in (each.name, each.handle) if name}

    def named(self, name: str) -> Reachable:
        """As `reachable`, for a person whom the book or the ledger knows; raises Usage, with a guess, for another."""
        found = self.reachable(name)
        if found.handle:
            return found
        known = [each for person in self.people() for each in (person.handle, person.name)]
        near = closest(plain_name(name), known)
        guess = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"Nobody is known as '{clean(name, 40)}'.{guess}")

    def of_account(self, name: str, email: str) -> Reachable:
        """Whoever signs in by that name: the person of that handle, else the one whom a page reaches by the account's
        address; without contacts where neither is."""
        found = self.reachable(name)
        if found.handle:
            return found
        for _, listed in self._people_of_book().values() if email else ():
            somebody = self._joined(listed, self._kept.person(key_of(listed)))
            if any(each.origin == "book" and each.address.lower() == email.lower() for each in somebody.contacts):
                return somebody
        return Reachable(name, "", ())

    def codes_under_way(self, handle: str) -> frozenset[str]:
        """The contacts of somebody to which a code was sent that is still good."""
        now = self._now()
        codes = self._kept.person(handle).codes
        return frozenset(each for each, code in codes.items() if code.until > now and code.wrong < WRONG_CODES)

    # What they told Opsbook alone.

    def add(self, handle: str, kind: str, address: str, by: str) -> Contact:
        """A private contact; raises Usage for an address that cannot be one."""
        kept = forms.checked(kind, address)
        key = self._own_key(handle)
        mask = forms.masked(kind, kept)
        added: list[str] = []

        def decide(person: Person, _mark: Mark) -> list[Draft]:
            if len(person.contacts) >= MOST_CONTACTS:
                raise Refusal(f"{key} has {MOST_CONTACTS} private contacts already. Remove one that is not used.")
            taken = {each.id for each in person.contacts}
            names = (f"own-{kind}" if number == 1 else f"own-{kind}-{number}" for number in range(1, MOST_CONTACTS + 2))
            added[:] = [next(name for name in names if name not in taken)]
            return [told.contact_added(added[0], kind, mask)]

        self._kept.change(key, decide, by=by, attach=lambda: {address_of(key, added[0]): kept.encode()})
        return self._contact(key, added[0])

    def remove(self, handle: str, contact: str, by: str) -> None:
        """Forgets a private contact, address and all."""
        key = self.named(handle).handle
        if all(each.id != contact for each in self._kept.person(key).contacts):
            raise self._unknown(key, contact, "private contact")
        beside = [address_of(key, contact), code_of(key, contact)]
        self._append(key, told.contact_removed(contact), by, detach=beside)
        self._ledger.unsight([_failures_of(key, contact)])

    def switch(self, handle: str, contact: str, is_enabled: bool, by: str) -> Contact:
        """Uses a contact no more, or again; also one that a page of the book tells."""
        key = self.named(handle).handle
        if self._contact(key, contact).is_enabled != is_enabled:
            self._append(key, told.contact_switched(contact, is_enabled), by)
        return self._contact(key, contact)

    def set_rules(self, handle: str, rules: Sequence[ContactRule], by: str) -> Reachable:
        """How somebody wants to be reached; none: every contact in turn."""
        found = self.named(handle)
        if len(rules) > MOST_RULES:
            raise Usage(f"These are {len(rules)} rules, and {MOST_RULES} are the most that are kept.")
        for rule in rules:
            self._contact(found.handle, rule.contact)
            if not 0 <= rule.after_s <= 86_400:
                raise Usage("A rule's wait counts from the page, and is between 0 seconds and a day.")
        kept = [(rule.contact, rule.after_s, rule.urgency) for rule in rules]
        self._append(found.handle, told.rules_set(kept), by)
        return self.named(handle)

    def set_quiet(self, handle: str, quiet: tuple[int, int] | None, time_zone: str, by: str) -> Reachable:
        """The hours in which only grave things wake somebody."""
        key = self._own_key(handle)
        if quiet is not None and (not all(0 <= second < 86_400 for second in quiet) or quiet[0] == quiet[1]):
            raise Usage("Quiet hours begin and end at two different times of the day, such as 22:00 and 07:00.")
        if time_zone and zone_of(time_zone) is None:
            raise Usage(f"'{clean(time_zone, 40)}' is no time zone. Write such as Europe/Copenhagen or UTC.")
        self._append(key, told.quiet_set(quiet, time_zone), by)
        return self.named(key)

    def forget(self, handle: str, by: str) -> None:
        """Forgets everything that somebody told Opsbook alone: addresses, rules, quiet hours, what was verified."""
        found = self.named(handle)
        key = found.handle
        failures = [_failures_of(key, each.id) for each in found.contacts]
        self._append(key, told.person_forgotten(), by, detach=self._kept.beside(key))
        self._ledger.unsight(failures)

    # Proving that a contact is theirs, and that it works.

    def verify(self, handle: str, contact: str, code: str, by: str) -> Contact:
        """A contact whose code came back is verified; raises Refusal for a wrong one, a few times."""
        key = self.named(handle).handle
        found = self._contact(key, contact)
        given = "".join(code.split())

        def decide(person: Person, mark: Mark) -> list[Draft]:
            sent = person.codes.get(contact)
            if sent is None or sent.until <= self._now() or sent.wrong >= WRONG_CODES:
                raise Refusal(f"No code is on its way to {contact} any more. Have a new one sent.")
            if sent.address_hash != mark(found.address):
                raise Refusal(f"The address of {contact} is another one since the code was sent. Have a new one sent.")
            is_right = hmac.compare_digest(mark(given), sent.code_hash)
            return [told.contact_verified(contact, sent.address_hash, "code") if is_right else told.code_wrong(contact)]

        after = self._kept.change(key, decide, by=by)
        if contact in after.codes:
            left = WRONG_CODES - after.codes[contact].wrong
            raise Refusal(f"This is not the code that was sent. {left} more tries are left." if left > 1 else
                          "This is not the code that was sent. " + ("One more try is left." if left else
                          "Have a new one sent."))  # fmt: skip
        return self._contact(key, contact)

    def verified_by_link(self, page: str, group: str, by: str) -> bool:
        """That the link in a test message was used by whoever got it proves its contact as a code does; False where
        `group` is not that of a test that is still good."""
        handle, _, contact = group.removeprefix(TESTS).partition("/")
        if not group.startswith(TESTS) or not contact:
            return False
        found = next((each for each in self.reachable(handle).contacts if each.id == contact), None)
        sent = self._kept.person(handle).codes.get(contact)
        if found is None or sent is None or sent.page != page:
            return False
        if self._kept.mark(handle)(found.address) != sent.address_hash:
            return False
        self._append(handle, told.contact_verified(contact, sent.address_hash, "link"), by)
        return True

    def test(self, handle: str, contact: str, by: str) -> str:
        """Has a test message sent to a contact, and returns the id of its page, where its delivery can be watched. Its
        code and its link prove the contact."""
        found = self.named(handle)
        return self._send_test(found, self._contact(found.handle, contact), by)

    def code_for(self, group: str) -> str:
        """The code that a test message carries; empty where it is not good any more."""
        handle, _, contact = group.removeprefix(TESTS).partition("/")
        return self._kept.code(handle, contact) if group.startswith(TESTS) else ""

    def attempted(self, handle: str, contact: str, handed: Handed) -> None:
        """Notes what became of a message to a contact: several in a row that failed for good make it failing, one that
        arrived makes it work again."""
        if not handle or not _is_key(handle):
            return
        name = _failures_of(handle, contact)
        is_failing = contact in self._kept.person(handle).failing
        if handed.state in ("accepted", "delivered"):
            if is_failing:
                self._append(handle, told.contact_works(contact), "opsbook")
            if self._ledger.sighted([name]):
                self._ledger.unsight([name])
        elif handed.state == "failed":
            self._ledger.sight([Sighting(name, self._now())])
            seen = self._ledger.sighted([name]).get(name)
            if not is_failing and seen is not None and seen.count >= FAILURES:
                self._append(handle, told.contact_failing(contact, seen.count, handed.reason), "opsbook")

    # What is behind it.

    def _people_of_book(self) -> dict[str, tuple[str, Listed]]:
        book = self._book()
        if self._directory is None or self._directory[0] is not book:
            self._directory = (book, directory_of(book))
        return self._directory[1].people

    def _listed(self, name: str) -> Listed | None:
        found = self._people_of_book().get(plain_name(name))
        return found[1] if found else None

    def _joined(self, listed: Listed, person: Person) -> Reachable:
        key = key_of(listed)
        return joined(listed, person, lambda contact: self._kept.address(key, contact), self._kept.mark(key))

    def _contact(self, handle: str, contact: str) -> Contact:
        """A contact of somebody; raises Usage, with a guess, where they have none of that id."""
        found = next((each for each in self.named(handle).contacts if each.id == contact), None)
        if found is None:
            raise self._unknown(handle, contact, "contact")
        return found

    def _unknown(self, handle: str, contact: str, what: str) -> Usage:
        known = [each.id for each in self.named(handle).contacts]
        near = closest(contact, known)
        guess = f" Did you mean '{near}'?" if near else f" There are {', '.join(known)}." if known else ""
        return Usage(f"{handle} has no {what} '{clean(contact, 40)}'.{guess}")

    def _own_key(self, name: str) -> str:
        """The handle under which somebody is kept, who may be new; raises for what can be none."""
        found = self.reachable(name)
        return found.handle or account_name(name.removeprefix("@"))

    def _send_test(self, person: Reachable, contact: Contact, by: str) -> str:
        """Records a page that sends one message with a code to one contact; the pager does the rest."""
        now, key = self._now(), person.handle
        page, code = run_id(now, self._chance(4)), f"{int.from_bytes(self._chance(8), 'big') % 1_000_000:06d}"
        why = f"{by} had a test sent to this contact."
        test = OwedNotification(
            id=1, person=person.name, handle=key, kind=contact.kind, contact=contact.id, level=0, loop=1, why=why,
            due=now, purpose="test",
        )  # fmt: skip
        opened = page_opened(
            group=f"{TESTS}{key}/{contact.id}", subject=f"Test of {person.name}'s contact {contact.id}", severity="P3",
            service=None, alerts=(), policy=FrozenPolicy("test", "", 0, None, (), why=why), place=None, asked_by=by,
            is_drill=True,
        )  # fmt: skip
        # Over from the beginning: it goes by this contact or by none, and to nobody else.
        over = page_done("cancelled", "It only tests a contact.", by)
        stream = page_stream(page)
        sends = Write(stream, [opened, owed(test), over], 0, [Timer(stream, "send/1", now)])

        def decide(_person: Person, mark: Mark) -> list[Draft]:
            sent = told.Code(mark(code), mark(contact.address), now + CODE_LASTS, page)
            return [told.code_sent(contact.id, sent)]

        beside = {code_of(key, contact.id): code.encode()}
        self._kept.change(key, decide, by=by, attach=lambda: beside, more=sends)
        self._nudge()
        return page

    def _append(self, key: str, draft: Draft, by: str, detach: Sequence[str] = ()) -> None:
        self._kept.change(key, lambda _person, _mark: [draft], by=by, detach=detach)


def _failures_of(key: str, contact: str) -> str:
    return f"contact/{key}/{contact}"


def _is_key(name: str) -> bool:
    return 0 < len(name) <= 100 and name.isprintable() and "/" not in name


def _channel(name: str) -> str:
    """The #channel that a name means: `#ops`, `the ops channel`; empty where it means none."""
    words = name.strip()
    if words.startswith("#") and len(words.split()) == 1:
        return words
    lowered = plain_name(words)
    return f"#{lowered.removesuffix(' channel').removeprefix('the ')}" if lowered.endswith(" channel") else ""
