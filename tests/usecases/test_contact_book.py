"""People are reached by what pages say and by what they told Opsbook alone, and none of it stays where it cannot be
forgotten."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.usecases.paging_world import PagingWorld
from tests.usecases.snapshots import snapshot

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.page import page_of, stream_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases import contact_forms as forms
from opsbook.usecases.alerting_ports import ContactRule, Handed
from opsbook.usecases.contact_book import ContactBook

PEOPLE = """# On-Call

| Name | Handle | Phone | E-Mail | Chat | Contact | Time Zone |
| --- | --- | --- | --- | --- | --- | --- |
| Ada Byron | @ada | +45 5550 0101 | ada@example.org | @ada | second@example.org | Europe/Copenhagen |
| Ben Nevis | @ben | | see the wiki | | | |
"""
NUMBER = "+45 5550 0199"


class World:
    def __init__(self, folder) -> None:
        self.at = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
        self.ledger = SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        self.text = PEOPLE
        self.book = self.another()
        self.kept = snapshot({"incidents/on-call.md": PEOPLE})

    def another(self) -> ContactBook:
        return ContactBook(self.ledger, lambda: self.kept, now=lambda: self.at, chance=secrets.token_bytes)

    def says(self, text: str) -> None:
        self.kept = snapshot({"incidents/on-call.md": text})

    def contact(self, id: str, name: str = "ada"):
        return next(each for each in self.book.reachable(name).contacts if each.id == id)

    def code(self, page: str) -> str:
        row = self.ledger.row("pages", stream_of(page))
        return self.book.code_for(page_of(row).group)

    def everything_recorded(self) -> str:
        return " ".join(str(event.facts) for stream in self.ledger.streams("") for event in self.ledger.read(stream))


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.ledger.close()


def test_what_a_page_says_is_how_somebody_is_reached_in_its_order(world):
    ada = world.book.reachable("@ada")
    assert (ada.name, ada.handle, ada.time_zone) == ("Ada Byron", "ada", "Europe/Copenhagen")
    assert [(each.id, each.kind, each.masked) for each in ada.contacts] == [
        ("phone", "phone", "***01"), ("email", "email", "a***@example.org"), ("chat", "chat", "@a***"),
        ("email-2", "email", "s***@example.org"),
    ]  # fmt: skip
    assert world.book.reachable("Ada Byron") == world.book.reachable("ADA") == ada
    assert world.book.reachable("ben").contacts == ()


@pytest.mark.parametrize(
    ("name", "kind", "address"),
    [("#ops", "channel", "#ops"), ("the ops channel", "channel", "#ops"), ("sre@example.org", "email", "sre@example.org"),
     ("https://hooks.example.org/x", "webhook", "https://hooks.example.org/x"), ("+45 5550 0101", "phone", "+45 5550 0101"),
     ("ntfy://ops", "push", "ntfy://ops")],
)  # fmt: skip
def test_a_channel_or_an_address_is_reached_by_itself(world, name, kind, address):
    (contact,) = world.book.reachable(name).contacts
    assert (contact.kind, contact.address) == (kind, address)


def test_whom_nobody_knows_has_no_contact_and_no_verb(world):
    assert world.book.reachable("Zoe Unknown").contacts == ()
    with pytest.raises(Usage, match="Did you mean 'ada'"):
        world.book.test("adda", "email", "ada")


def test_a_private_contact_is_kept_out_of_events(world):
    added = world.book.add("ada", "sms", NUMBER, "ada")
    assert (added.id, added.address, added.masked, added.origin) == ("own-sms", "+4555500199", "***99", "private")
    assert world.book.add("ada", "sms", "+45 5550 0198", "ada").id == "own-sms-2"
    world.book.test("ada", "own-sms", "ada")
    assert "5550" not in world.everything_recorded()
    assert world.another().reachable("ada") == world.book.reachable("ada")  # another process sees the same


def test_what_is_removed_is_forgotten(world):
    world.book.add("ada", "sms", NUMBER, "ada")
    world.book.set_rules("ada", [ContactRule("own-sms"), ContactRule("email", 300, "high")], "ada")
    world.book.remove("ada", "own-sms", "ada")
    assert world.ledger.attachments("contact/") == []
    assert world.book.reachable("ada").rules == (ContactRule("email", 300, "high"),)
    with pytest.raises(Usage, match="no private contact 'email'"):
        world.book.remove("ada", "email", "ada")  # that one stands on a page


def test_somebody_of_no_page_can_be_reached_too(world):
    world.book.add("zoe", "email", "zoe@example.org", "zoe")
    assert world.book.reachable("zoe").contacts[0].address == "zoe@example.org"
    assert [each.handle for each in world.book.people()] == ["ada", "ben", "zoe"]
    world.book.forget("zoe", "admin")
    assert world.book.reachable("zoe").contacts == () and world.ledger.attachments("") == []


@pytest.mark.parametrize(
    ("kind", "address"),
    [("email", "ada"), ("sms", "call me"), ("sms", "12"), ("webhook", "ftp://x"), ("webhook", "https://:80"), ("fax", "1"),
     ("chat", "a\nb"), ("chat", " "), ("push", "x" * 2000)],
)  # fmt: skip
def test_an_address_that_can_be_none_is_refused_and_not_repeated(world, kind, address):
    with pytest.raises(Usage) as wrong:
        world.book.add("ada", kind, address, "ada")
    assert len(str(wrong.value)) < 300 and (len(address) < 5 or address not in str(wrong.value))


def test_a_code_that_comes_back_verifies_the_contact(world):
    page = world.book.test("ada", "email", "ada")
    row = page_of(world.ledger.row("pages", stream_of(page)))
    assert [(each.owed.contact, each.owed.purpose) for each in row.notifications] == [("email", "test")]
    assert world.ledger.due(10, "page/")[0].name == "send/1"
    assert world.contact("email").verified_at is None
    assert world.book.verify("ada", "email", f" {world.code(page)} ", "ada").verified_at == world.at


@pytest.mark.parametrize("answer", [Handed("accepted"), Handed("failed", "The mail server answered 550.")])
def test_a_test_goes_by_its_contact_alone_and_wakes_nobody_else(tmp_path, answer):
    paging = PagingWorld(tmp_path)
    paging.person("Ada Byron", "email", "sms")
    paging.post.answers["email:Ada Byron"] = [answer]
    kept = snapshot({"incidents/on-call.md": PEOPLE})
    book = ContactBook(paging.ledger, lambda: kept, now=lambda: paging.at, chance=secrets.token_bytes)
    page = book.test("ada", "email", "ada")
    paging.later(hours=26)
    assert [address for address, _ in paging.post.sent] == ["email:Ada Byron"]
    assert [each.state for each in paging.page(page).notifications] == [answer.state]
    assert not paging.page(page).is_open
    paging.close()


def test_a_wrong_code_is_refused_a_few_times_and_then_none_is_good(world):
    page = world.book.test("ada", "email", "ada")
    wrong = f"{(int(world.code(page)) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2):
        with pytest.raises(Refusal, match=f"{left} more tries"):
            world.book.verify("ada", "email", wrong, "ada")
    with pytest.raises(Refusal, match="One more try"):
        world.book.verify("ada", "email", wrong, "ada")
    with pytest.raises(Refusal, match="new one"):
        world.book.verify("ada", "email", wrong, "ada")
    with pytest.raises(Refusal, match="No code is on its way"):
        world.book.verify("ada", "email", world.code(page), "ada")


def test_a_code_is_good_for_a_while_alone(world):
    page = world.book.test("ada", "email", "ada")
    world.at += timedelta(minutes=31)
    with pytest.raises(Refusal, match="No code"):
        world.book.verify("ada", "email", world.code(page), "ada")


def test_the_link_of_a_test_proves_its_contact_and_an_older_one_does_not(world):
    older, newer = (world.book.test("ada", "email", "ada") for _ in range(2))
    assert not world.book.verified_by_link(older, "test/ada/email", "ada")
    assert not world.book.verified_by_link(newer, '{alertname="x"}', "ada")
    assert world.book.verified_by_link(newer, "test/ada/email", "ada")
    assert world.contact("email").verified_at == world.at


def test_what_was_proven_of_an_address_is_not_proven_of_another(world):
    page = world.book.test("ada", "email", "ada")
    world.book.verify("ada", "email", world.code(page), "ada")
    world.says(PEOPLE.replace("ada@example.org", "new@example.org"))
    assert world.contact("email").verified_at is None


def test_a_contact_that_refuses_three_times_in_a_row_is_failing_until_one_arrives(world):
    for _ in range(2):
        world.book.attempted("ada", "email", Handed("failed", "The mail server answered 550."))
    world.book.attempted("ada", "email", Handed("retrying"))
    assert not world.contact("email").is_failing
    world.book.attempted("ada", "email", Handed("failed", "The mail server answered 550."))
    assert world.contact("email").is_failing
    world.book.attempted("ada", "email", Handed("accepted"))
    assert not world.contact("email").is_failing
    world.book.attempted("ada", "email", Handed("failed"))
    assert not world.contact("email").is_failing  # the count begins anew


def test_a_contact_can_be_switched_off_and_on(world):
    assert not world.book.switch("ada", "email", False, "ada").is_enabled
    assert world.book.switch("ada", "email", True, "ada").is_enabled


def test_quiet_hours_hold_in_ones_own_time_zone(world):
    ada = world.book.set_quiet("ada", (79_200, 25_200), "Asia/Tokyo", "ada")
    assert (ada.quiet, ada.time_zone) == ((79_200, 25_200), "Asia/Tokyo")
    assert world.book.set_quiet("ada", None, "", "ada").time_zone == "Europe/Copenhagen"
    with pytest.raises(Usage, match="no time zone"):
        world.book.set_quiet("ada", None, "Mars/Olympus", "ada")
    with pytest.raises(Usage, match="two different times"):
        world.book.set_quiet("ada", (5, 5), "", "ada")


def test_a_rule_is_about_a_contact_that_there_is(world):
    with pytest.raises(Usage, match="Did you mean 'email'"):
        world.book.set_rules("ada", [ContactRule("emial")], "ada")


def test_forgetting_takes_back_all_that_was_told(world):
    world.book.add("ada", "sms", NUMBER, "ada")
    world.book.set_quiet("ada", (0, 60), "UTC", "ada")
    page = world.book.test("ada", "email", "ada")
    world.book.verify("ada", "email", world.code(page), "ada")
    world.book.forget("ada", "admin")
    ada = world.book.reachable("ada")
    assert ada.quiet is None and all(each.origin == "book" and not each.verified_at for each in ada.contacts)
    assert world.ledger.attachments("") == []


@given(some.text(max_size=60), some.sampled_from(["email", "phone", "sms", "chat", "push", "pager", "contact", "webhook"]))
def test_no_cell_of_a_page_breaks_the_reading_of_contacts(text, kind):
    read = forms.from_page(kind, text)
    assert read is None or (read[0] in forms.KINDS and read[1])
    if read is not None and len(read[1]) > 6:
        assert read[1] not in forms.masked(*read)
    alone = forms.by_itself(text)
    assert alone is None or alone[0] in forms.KINDS
