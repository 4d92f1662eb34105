"""What keeps people from being woken is told before anybody is to be."""

from __future__ import annotations

import pytest
from tests.usecases.snapshots import snapshot

from opsbook.usecases.page_plan import BookAddresses
from opsbook.usecases.unreachable import unreachable
from opsbook.usecases.ways import Ways

PEOPLE = "# On-Call\n\n## People\n\n| Name | Handle | E-Mail |\n| --- | --- | --- |\n| Ada Byron | @ada | ada@example.org |\n"
BEN = "| Ben Nevis | @ben | ben@example.org |\n"
LEVELS = "\n## Urgent Escalation\n\n| Level | After | Contact |\n| --- | --- | --- |\n| 1 | 0 minutes | @ada |\n"
MAIL = "No e-mail is sent: {}, and opsbook.toml has no 'notify.smtp', the mail server."
EMPTY = "'paging.catch_all' of opsbook.toml is empty"


@pytest.mark.parametrize(
    ("page", "ways", "catch_all", "told"),
    [
        ("# On-Call\n", Ways(), (), []),
        (PEOPLE, Ways(), ("@ada",), [MAIL.format("Ada Byron has an e-mail address")]),
        (PEOPLE + BEN, Ways(), ("@ada",), [MAIL.format("2 people of the book have e-mail addresses")]),
        (PEOPLE, Ways(has_mail_server=True), ("@ada",), []),
        (PEOPLE, Ways(channels=("email",)), ("@ada",), []),
        (PEOPLE + LEVELS, Ways(has_mail_server=True), (), [EMPTY]),
        (f"{PEOPLE}{LEVELS}\n- **Catch-All:** @ada\n", Ways(has_mail_server=True), (), []),
        (PEOPLE, Ways(has_mail_server=True), ("@adda", "#ops"), ["'paging.catch_all' of opsbook.toml names '@adda', which"]),
    ],
)
def test_what_is_missing_is_told_before_anybody_is_to_be_woken(page, ways, catch_all, told):
    book = snapshot({"docs/operations/incidents/on-call.md": page})
    found = unreachable(book, BookAddresses(book), ways, catch_all)
    assert len(found) == len(told) and all(each.startswith(so) for each, so in zip(found, told, strict=True))
