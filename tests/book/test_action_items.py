"""What a report promises, what proves it done, and how it is ticked off."""

from __future__ import annotations

import pytest
from tests.book.whole_reading import page_of

from opsbook.book.action_items import read_action_items
from opsbook.book.action_marks import item_like, mark
from opsbook.book.action_proofs import Proof, read_proof
from opsbook.book.action_reminders import Reminding, read_reminders
from opsbook.ground.splices import apply

PATH = "docs/incidents/2026-01-02-down.md"
HEAD = "# Incident Response: Down\n\n**Status:** Resolved\n\n## Prevention\n\n"


def marked(text: str, words: str, *, is_done: bool = True) -> str | None:
    page = page_of(HEAD + text, PATH)
    item = item_like(page, words)
    assert item is not None
    splice = mark(page, item, is_done=is_done)
    return apply(page.document.content, [splice])[0].decode()[len(HEAD) :] if splice is not None else None


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("- [ ] Alert earlier\n", "Alert earlier", "- [x] Alert earlier\n"),
        ("* [ ] A\r\n* [ ] B\r\n", "B", "* [ ] A\r\n* [x] B\r\n"),
        ("1. [ ] A  \n", "A", "1. [x] A  \n"),
        ("- Alert earlier\n", "Alert earlier", "- [x] Alert earlier\n"),
        ("- [ ] Größer (@ada)\n  - Proof: `make check`\n", "Größer (@ada)", "- [x] Größer (@ada)\n  - Proof: `make check`\n"),
        ("| Action | Status |\n| --- | --- |\n| A | open |\n", "A", "| Action | Status |\n| --- | --- |\n| A | Done |\n"),
        ("| Action | Done |\n| --- | --- |\n| A | no |\n", "A", "| Action | Done |\n| --- | --- |\n| A | yes |\n"),
    ],
)  # fmt: skip
def test_a_tick_changes_the_box_and_no_other_byte(before, words, after):
    assert marked(before, words) == after


@pytest.mark.parametrize("before", ["- [ ] A\n", "| Action | Status |\n| --- | --- |\n| A | Open |\n"])
def test_what_is_ticked_and_opened_again_is_as_it_was(before):
    once = marked(before, "A")
    assert once is not None
    assert marked(once, "A", is_done=False) == before


def test_a_row_of_a_table_without_a_column_of_states_has_nothing_to_tick():
    assert marked("| Action | Owner |\n| --- | --- |\n| A | @ada |\n", "A") is None


@pytest.mark.parametrize(
    ("written", "proof"),
    [
        ("https://shop.example.org/healthz", Proof("address", "https://shop.example.org/healthz", "https://shop.example.org/healthz")),
        ("[Verify backups](../runbooks/db.md#verify-backups)", Proof("procedure", "docs/runbooks/db.md#verify-backups", "Verify backups")),
        ("`make check`", Proof("command", "make check", "make check")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["- [ ] Do it (@ada, due 2026-01-09), proven by {}\n", "- [ ] Do it (@ada)\n  - Proof: {}\n"])
def test_what_proves_an_item_is_read_where_it_is_written(form, written, proof):
    (item,) = read_action_items(page_of(HEAD + form.format(written), PATH))
    assert read_proof(item.proof, PATH) == proof


def test_a_column_of_proofs_is_read():
    table = "| Action | Owner | Proof |\n| --- | --- | --- |\n| A | @ada | `make check` |\n| B | @ben | |\n"
    assert [each.proof for each in read_action_items(page_of(HEAD + table, PATH))] == ["`make check`", ""]


def test_words_that_name_no_proof_are_none():
    (item,) = read_action_items(page_of(HEAD + "- [ ] Show that it was proven by somebody\n", PATH))
    assert item.proof == ""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("weekly", Reminding(7, 14, 5)), ("every 3 days, escalated after 10 days", Reminding(3, 10, 5)), ("none", Reminding(0, 14, 5)),
        ("daily, after 2 weeks also the commander", Reminding(1, 14, 5)), ("now and then", None), ("[How often]", None),
    ],
)  # fmt: skip
def test_how_often_people_are_reminded_stands_on_the_policy_page(words, found):
    page = page_of(f"# Incident Response\n\n## Action Items\n\n- **Reminders:** {words}\n", "docs/incidents/incident-response.md")
    assert read_reminders(page) == found
