"""Editing in a browser: what is typed becomes a commit of that page alone, byte for byte, and nothing typed is lost."""

from __future__ import annotations

import pytest
from tests.entrypoints.browsing import browsing, fields_in
from tests.xss_vectors import VECTORS, dangers

PATH = "docs/operations/runbooks/api.md"
AT = f"/edit/{PATH}"
TEXT = "# API Runbook\r\n\r\n**Owner:** Ada  \r\n\n## Overview\r\nIt answers.\n\n## Deployment\n1. Ship it\n"
PAGES = {"docs/operations/README.md": "# Operations\n\n[API](runbooks/api.md)\n"}


@pytest.fixture
def book(tmp_path):
    with browsing(tmp_path, PAGES, {PATH: TEXT.encode()}) as found:
        yield found


def on_disk(book, path=PATH):
    return (book.door.root / path).read_bytes()


def test_a_page_is_read_edited_and_saved_as_one_commit_that_is_the_edit_alone(book):
    fields = book.form(AT)
    assert fields["text"] == TEXT.replace("\r\n", "\n")
    fields["text"] = fields["text"].replace("It answers.", "It answers customers.")
    answer = book.send(AT, {**fields, "message": "Say whom it answers"})
    commit = book.git("rev-parse", "HEAD").strip()
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/book/{PATH}?saved={commit[:12]}"
    assert on_disk(book) == TEXT.replace("It answers.", "It answers customers.").encode()
    assert book.git("log", "-1", "--format=%an|%s").strip() == "grace|Say whom it answers"
    assert book.git("show", "--numstat", "--format=", "HEAD").split() == ["1", "1", PATH]
    shown = book.see(answer.headers["location"])
    assert "It answers customers." in shown
    assert f"Saved as commit <code>{commit[:12]}</code>" in shown


def test_saving_what_was_not_touched_changes_no_byte(book):
    book.send(AT, book.form(AT))
    assert on_disk(book) == TEXT.encode()


def test_the_form_leads_to_the_line_of_a_finding_and_works_without_scripts(book):
    html = book.see(f"{AT}?line=6", me=True)
    assert f'action="{AT}"' in html
    assert f'formaction="{AT}/preview"' in html
    assert "data-editor" in html


def test_a_conflict_shows_both_sides_and_loses_nothing(book):
    fields = book.form(AT)
    theirs = TEXT.replace("It answers.", "It answers partners.")
    book.commit(PATH, theirs.encode(), "Theirs")
    mine = {**fields, "text": fields["text"].replace("It answers.", "It answers customers."), "message": "Mine"}
    answer = book.send(AT, mine)
    assert answer.status_code == 409
    assert on_disk(book) == theirs.encode()
    assert '<span class="added">+It answers customers.' in answer.text
    assert '<span class="added">+It answers partners.' in answer.text
    again = fields_in(answer.text)
    assert again["text"] == mine["text"].replace("\r\n", "\n")
    assert again["message"] == "Mine"
    assert book.send(AT, again).status_code == 303  # having seen both, the person decides
    assert on_disk(book) == TEXT.replace("It answers.", "It answers customers.").encode()
    assert book.git("log", "--format=%s").splitlines() == ["Mine", "Theirs", "The book"]


def test_changes_of_different_lines_are_joined_before_a_person_saves_them(book):
    fields = book.form(AT)
    book.commit(PATH, TEXT.replace("1. Ship it", "1. Build it\n2. Ship it").encode(), "Theirs")
    answer = book.send(AT, {**fields, "text": fields["text"].replace("It answers.", "It answers customers.")})
    assert answer.status_code == 409
    joined = fields_in(answer.text)
    assert "It answers customers." in joined["text"]
    assert "1. Build it\n2. Ship it" in joined["text"]
    assert book.send(AT, joined).status_code == 303
    expected = TEXT.replace("It answers.", "It answers customers.").replace("1. Ship it", "1. Build it\n2. Ship it")
    assert on_disk(book) == expected.encode()


def test_a_page_that_was_removed_meanwhile_keeps_what_was_typed(book):
    fields = book.form(AT)
    book.git("rm", "-q", PATH)
    book.git("commit", "-q", "-m", "Gone")
    book.door.desk.library.look()
    answer = book.send(AT, {**fields, "text": "# Mine\n"})
    assert answer.status_code == 409
    assert fields_in(answer.text)["text"] == "# Mine\n"


def test_a_page_with_changes_that_nobody_committed_is_not_saved_and_the_text_is_kept(book):
    (book.door.root / PATH).write_bytes(TEXT.encode() + b"\nDirty\n")
    book.door.desk.library.look()
    answer = book.send(AT, {**book.form(AT), "text": "# Mine\n"})
    assert answer.status_code == 409
    assert "nobody has committed" in answer.text
    assert fields_in(answer.text)["text"] == "# Mine\n"


def test_a_new_page_is_written(book):
    address = "/edit/docs/operations/runbooks/new one.md"
    fields = book.form(address)
    assert fields["text"] == ""
    answer = book.send(address, {**fields, "text": "# New\n"})
    assert answer.headers["location"].startswith("/book/docs/operations/runbooks/new%20one.md?saved=")
    assert on_disk(book, "docs/operations/runbooks/new one.md") == b"# New\n"


def test_a_new_page_begins_with_the_template_of_its_kind(book):
    fields = fields_in(book.see("/new?kind=runbook&name=Checkout", me=True))
    assert fields["text"].startswith("# Checkout")
    assert not (book.door.root / "docs/operations/runbooks/checkout.md").exists()
    assert book.send("/edit/docs/operations/runbooks/checkout.md", fields).status_code == 303
    assert book.get("/new?kind=runbook&name=Checkout", me=True).status_code == 409


@pytest.mark.parametrize(
    "path",
    ["../x.md", "docs/x.md", "docs/operations/.hidden.md", "docs/operations/x.txt", "docs/operations/a%00.md", ".git/x.md",
     "docs/operations/.git/x.md", "docs/operations/%2e%2e/%2e%2e/x.md", "docs/operations/" + "a" * 2000 + ".md"],
)  # fmt: skip
def test_nothing_is_written_outside_of_the_book(book, path):
    before = book.git("rev-parse", "HEAD")
    fields = {"text": "# x\n", "digest": "", "message": "m", "csrf": book.me["x-csrf-token"]}
    assert book.send(f"/edit/{path}", fields).status_code in (400, 404, 409)
    assert book.git("rev-parse", "HEAD") == before
    assert book.git("status", "--porcelain").strip() == ""


def test_a_preview_shows_the_page_and_its_findings(book):
    fields = {**book.form(AT), "text": "# API Runbook\n\n[gone](gone.md)\n"}
    answer = book.send(f"{AT}/preview", fields, **{"hx-request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "broken-link" in answer.text
    assert f'href="{AT}?line=3"' in answer.text
    whole = book.send(f"{AT}/preview", fields)
    assert fields_in(whole.text)["text"] == fields["text"]
    assert '<h1 id="api-runbook">' in whole.text
    assert on_disk(book) == TEXT.encode()


def test_nobody_edits_without_the_right_and_the_token_of_the_form(book):
    assert book.get(AT).headers["location"].startswith("/sign-in?next=/edit/")
    viewer = book.door.session("viewer")
    assert book.door.ask("GET", AT, headers={"cookie": viewer["cookie"]}).status_code == 403
    fields = {**book.form(AT), "text": "# Forged\n", "csrf": "x" * 32}
    assert book.send(AT, fields).status_code == 403
    assert on_disk(book) == TEXT.encode()


def test_bytes_that_a_browser_cannot_show_stay_as_they_are(book):
    book.commit(PATH, b"# A\n\nb\xff\n\nc\n", "Odd bytes")
    fields = book.form(AT)
    assert book.send(AT, {**fields, "text": fields["text"].replace("c\n", "d\n")}).status_code == 303
    assert on_disk(book) == b"# A\n\nb\xff\n\nd\n"


def test_no_vector_runs_in_the_form_or_its_preview(book):
    text = "\n\n".join(VECTORS).replace("\0", "")
    fields = {**book.form(AT), "text": text, "message": '"><script>ran(1)</script>'}
    drawn = book.send(f"{AT}/preview", fields, **{"hx-request": "true"}).text
    assert dangers(drawn[drawn.index('<div class="prose">') :]) == []
    whole = book.send(f"{AT}/preview", fields).text
    assert fields_in(whole)["text"] == text.replace("\r\n", "\n")
    assert '"><script>' not in whole
    assert "<script>ran" not in whole[: whole.index("<textarea")]


def test_a_message_with_a_control_character_is_told_and_the_text_is_kept(book):
    fields = book.form(AT)
    answer = book.send(AT, {**fields, "text": "# Mine\n", "message": "a\x01"})
    assert answer.status_code == 400
    assert "control character U+0001" in answer.text
    assert "# Mine" in answer.text
