"""What is proposed is reviewed in a browser without scripts: seen, changed, taken, declined; nothing typed is lost."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.entrypoints.browsing import browsing
from tests.xss_vectors import VECTORS

PATH = "docs/operations/runbooks/api.md"
TEXT = "# API Runbook\n\n**Owner:** Ada\n\n## Overview\n\nIt answers.\n\n## Restart\n\nPull the plug.\n"
BETTER = TEXT.replace("Pull the plug", "Ask it to end")
PAGES = {"docs/operations/README.md": "# Operations\n\n[API](runbooks/api.md)\n"}


@pytest.fixture
def book(tmp_path):
    with browsing(tmp_path, PAGES, {PATH: TEXT.encode()}) as found:
        yield found


def propose(book, content=BETTER, **more):
    told = {"title": "The restart as it is done", "why": "Learned from a run.", "by": "ada", "author": ("Ada", ""),
            "reasons": ("Step 1 was another.",), **more}  # fmt: skip
    return book.door.desk.incident_desk.proposals.propose("patch", PATH, content.encode(), **told)


def form(book, made):
    html = book.see(f"/proposals/{made.id}", me=True)
    hidden = {name: unescape(value) for name, value in
              re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)}  # fmt: skip
    text = html[html.index('id="ob-text"') :]
    typed = unescape(text[text.index(">\n") + 2 : text.index("</textarea>")])
    return hidden, typed


def test_nothing_to_review_says_what_comes_here(book):
    html = book.see("/proposals")
    assert "Nothing is to be reviewed" in html
    assert "opsbook proposals list" in html


def test_the_list_names_what_is_to_be_reviewed(book):
    made = propose(book)
    html = book.see("/proposals")
    assert f'href="/proposals/{made.id}"' in html
    assert "The restart as it is done" in html
    assert PATH in html


def test_the_page_shows_what_changes_and_why_with_branch_and_commit(book):
    made = propose(book)
    html = book.see(f"/proposals/{made.id}", me=True)
    assert '<span class="removed">-Pull the plug.' in html
    assert '<span class="added">+Ask it to end.' in html
    assert "Step 1 was another." in html
    assert made.branch in html
    assert made.commit[:12] in html


def test_whoever_only_reads_is_told_what_they_need(book):
    html = book.see(f"/proposals/{propose(book).id}")
    assert "To accept or decline sign in first." in html
    assert "<textarea" not in html


def test_accepting_commits_the_page_and_leads_to_it(book):
    made = propose(book)
    fields, _ = form(book, made)
    answer = book.send(f"/proposals/{made.id}", {**fields, "do": "accept"})
    commit = book.git("rev-parse", "HEAD").strip()
    assert (answer.status_code, answer.headers["location"]) == (303, f"/book/{PATH}?saved={commit[:12]}")
    assert (book.door.root / PATH).read_text() == BETTER
    assert book.git("log", "-1", "--format=%an").strip() == "grace"
    assert "accepted" in book.see(f"/proposals/{made.id}")


def test_it_is_changed_and_then_accepted(book):
    made = propose(book)
    fields, typed = form(book, made)
    assert typed == BETTER
    book.send(f"/proposals/{made.id}", {**fields, "do": "accept-changed", "text": typed.replace("Ask", "Beg")})
    assert (book.door.root / PATH).read_text() == BETTER.replace("Ask", "Beg")


def test_declined_with_a_reason_it_is_kept_and_without_one_it_is_not(book):
    made = propose(book)
    fields, _ = form(book, made)
    assert book.send(f"/proposals/{made.id}", {**fields, "do": "decline", "why": ""}).status_code == 400
    answer = book.send(f"/proposals/{made.id}", {**fields, "do": "decline", "why": "A drill"})
    assert answer.status_code == 303
    html = book.see("/proposals?state=declined")
    assert "A drill" in html
    assert (book.door.root / PATH).read_text() == TEXT


def test_a_conflict_shows_both_sides_and_is_settled_in_the_form(book):
    made = propose(book)
    fields, _ = form(book, made)
    theirs = TEXT.replace("Pull the plug", "Leave it alone")
    book.commit(PATH, theirs.encode(), "Theirs")
    answer = book.send(f"/proposals/{made.id}", {**fields, "do": "accept"})
    assert answer.status_code == 409
    assert "Both sides" in answer.text
    assert "Leave it alone" in answer.text
    digest = re.search(r'name="digest" value="([^"]*)"', answer.text).group(1)
    answer = book.send(f"/proposals/{made.id}", {**fields, "digest": digest, "do": "accept-changed", "text": BETTER})
    assert answer.status_code == 303
    assert (book.door.root / PATH).read_text() == BETTER


def test_what_was_changed_on_its_branch_since_somebody_looked_is_shown_first(book):
    made = propose(book)
    fields, _ = form(book, made)
    propose_again = BETTER + "\nMore.\n"
    book.git("switch", "-q", made.branch)
    (book.door.root / PATH).write_text(propose_again)
    book.git("commit", "-qam", "more")
    book.git("switch", "-q", "-")
    answer = book.send(f"/proposals/{made.id}", {**fields, "do": "accept"})
    assert answer.status_code == 409
    assert "changed since you looked" in answer.text
    assert "+More." in answer.text


def test_one_that_is_not_there_is_not_found(book):
    assert book.get("/proposals/261126-000000-zzzz").status_code == 404


@pytest.mark.parametrize("vector", VECTORS[:6])
def test_nothing_that_is_proposed_runs_in_the_browser(book, vector):
    made = propose(book, TEXT + vector + "\n", title=vector[:150] or "x", reasons=(vector,))
    assert vector not in book.see(f"/proposals/{made.id}", me=True)
    assert vector not in book.see("/proposals")
