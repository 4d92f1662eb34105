"""The book in a browser: folders, pages as they are and as they were, files beside them, and names that lead nowhere."""

from __future__ import annotations

import os
import re

import pytest
from tests.entrypoints.browsing import browsing
from tests.xss_vectors import VECTORS, dangers

API = """# API Service Runbook

**Owner:** Platform
**Last Updated:** 2026-11-01

## Health Checks
- **Health Check URL:** http://127.0.0.1:9/healthz
- **Expected Response:** 200 OK
- **Check Frequency:** 30s

## Deployment
### Roll out
1. Build it
   ```bash
   make
   ```

## Troubleshooting
### Issue: Slow answers
**Symptoms:** slow
**Cause:** disk
**Solution:** see [the database](db.md#failover) and [nothing](gone.md)

## Monitoring
- **Alerts:**
  - `ApiDown`: it does not answer

![The plan](../plan.png) ![Outside](https://img.example/x.png)

## Emergency Contacts
- **On-Call Engineer:** ops@shop.example
- **Technical Lead:** @ada
"""
DB = "# Database\n\n## Failover\nSee [the API](api.md).\n\n## HighLatency\nMeasure first.\n"
ALERTS = "# Alerts\n\n| Alert | Severity | Meaning | Runbook |\n|---|---|---|---|\n| DiskFull | P1 | No space | [db](../runbooks/db.md#failover) |\n"
PEOPLE = """# Incident Response

## People

| Name | Handle | Email | Phone |
|---|---|---|---|
| Ada Byron | @ada | ada@shop.example | +45 5550 0101 |
"""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>ran(1)</script></svg>'
PAGES = {
    "docs/operations/README.md": "# Operations\n\nSee [runbooks](runbooks/api.md).\n",
    "docs/operations/runbooks/api.md": API,
    "docs/operations/runbooks/db.md": DB,
    "docs/operations/runbooks/with space & more.md": "# Odd name\n",
    "docs/operations/monitoring/alerts.md": ALERTS,
    "docs/operations/incidents/incident-response.md": PEOPLE,
}
FILES = {
    "docs/operations/plan.png": b"\x89PNG\r\n\x1a\n\0",
    "docs/operations/drawing.svg": SVG,
    "docs/operations/page.html": b"<script>ran(1)</script>",
    "docs/operations/blob.bin": b"\0\1\2",
    "scripts/deploy.sh": b"#!/bin/sh\nmake deploy\n",
    "README.md": b"# The shop\n",
    ".env": b"SECRET=1\n",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root = tmp_path_factory.mktemp("shop")
    (root / "docs" / "operations").mkdir(parents=True)
    os.symlink("/etc/passwd", root / "docs" / "operations" / "passwd.txt")
    os.symlink(root / ".env", root / "docs" / "operations" / "env.txt")
    with browsing(root, PAGES, FILES) as found:
        yield found


# -- pages --------------------------------------------------------------------------------------------------------


def test_a_page_is_shown_whole_with_its_place_in_the_book(book):
    html = book.see("/book/docs/operations/runbooks/api.md")
    assert '<h2 id="deployment">Deployment</h2>' in html
    assert 'aria-label="Breadcrumbs"' in html
    assert "owner: Platform" in html
    assert "last updated 2026-11-01" in html
    assert '<a href="/book/docs/operations/runbooks/api.md" aria-current="page">' in html
    assert html.count("<h1") == 1


def test_a_finding_stands_where_the_mistake_is_and_leads_to_its_mending(book):
    html = book.see("/book/docs/operations/runbooks/api.md")
    line = API.split("gone.md")[0].count("\n") + 1
    at = html.index("<code>broken-link</code>", html.index('<article class="prose"'))
    assert html.index('class="broken"') < at < html.index('id="monitoring"')
    signed_in = book.see("/book/docs/operations/runbooks/api.md", me=True)
    assert f'<a href="/edit/docs/operations/runbooks/api.md?line={line}">Mend this' in signed_in
    assert "Mend this" not in html  # nobody in particular may not edit


def test_an_address_with_a_line_leads_to_the_block_of_that_line(book):
    line = API.split("gone.md")[0].count("\n") + 1
    answer = book.get(f"/book/docs/operations/runbooks/api.md?line={line}")
    assert answer.status_code == 303
    name = answer.headers["location"].partition("#")[2]
    assert f'id="{name}"' in book.see("/book/docs/operations/runbooks/api.md")


def test_the_pages_that_link_to_a_page_are_named(book):
    html = book.see("/book/docs/operations/runbooks/db.md")
    assert 'id="ob-linked-from"' in html
    assert '<a href="/book/docs/operations/runbooks/api.md">API Service Runbook</a>' in html


def test_a_page_with_an_odd_name_has_an_address(book):
    listed = book.see("/book/docs/operations/runbooks")
    address = re.search(r'href="(/book/[^"]*space[^"]*)"', listed)
    assert address
    assert "Odd name" in book.see(address.group(1).replace("&amp;", "&"))


def test_a_page_shown_again_is_not_sent_again(book):
    first = book.get("/book/docs/operations/runbooks/db.md")
    again = book.get("/book/docs/operations/runbooks/db.md", **{"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("written", "leads_to"),
    [
        ("docs/operations/runbooks/db", "docs/operations/runbooks/db.md"),
        ("runbooks/db.md", "docs/operations/runbooks/db.md"),
        ("docs/operations/runbooks/DB.md", "docs/operations/runbooks/db.md"),
        ("docs/operations/runbooks/db.md/", None),
    ],
)
def test_an_address_that_is_not_quite_a_pages_leads_to_it(book, written, leads_to):
    answer = book.get(f"/book/{written}")
    if leads_to is None:
        assert answer.status_code == 200
    else:
        assert answer.headers["location"] == f"/book/{leads_to}"


def test_a_page_that_is_not_there_is_guessed(book):
    answer = book.get("/book/docs/operations/runbooks/apy.md")
    assert answer.status_code == 404
    assert '<a href="/book/docs/operations/runbooks/api.md">API Service Runbook</a>' in answer.text
    assert 'action="/search"' in answer.text


def test_a_page_can_be_seen_as_it_was(book):
    book.commit("docs/operations/runbooks/old.md", b"# Old words\n", "Old page")
    was = book.git("rev-parse", "HEAD").strip()
    book.commit("docs/operations/runbooks/old.md", b"# New words\n", "New page")
    html = book.see(f"/book/docs/operations/runbooks/old.md?at={was}")
    assert "Old words" in html
    assert "by Ada: Old page" in html
    assert "New words" in book.see("/book/docs/operations/runbooks/old.md")
    assert f"/book/docs/operations/runbooks/old.md?at={was[:12]}" in book.see(
        "/history/docs/operations/runbooks/old.md"
    )
    part = book.see("/history/docs/operations/runbooks/old.md?part=1")
    assert part.count("<li>") == 2
    assert "<html" not in part


def test_a_page_that_never_was_has_no_history(book):
    assert book.get("/history/docs/operations/runbooks/never.md").status_code == 404


@pytest.mark.parametrize("at", ["0000000", "HEAD", "--help", "x" * 99, "..", "abcd"])
def test_a_commit_that_is_none_shows_nothing(book, at):
    assert book.get(f"/book/docs/operations/runbooks/db.md?at={at}").status_code == 404


# -- folders ------------------------------------------------------------------------------------------------------


def test_the_book_lists_its_folders_with_what_is_wrong_in_them(book):
    html = book.see("/book")
    assert '<a href="/book/docs/operations/runbooks">' in html
    assert ">runbook</span>" in html
    assert "error" in html
    assert '<h1 id="operations">Operations</h1>' in html  # the folder's own page stands below


def test_a_folder_lists_its_pages(book):
    html = book.see("/book/docs/operations/runbooks")
    assert "Database" in html
    assert "API Service Runbook" in html


def test_a_folder_above_the_book_leads_to_it(book):
    assert 'href="/book/docs/operations"' in book.see("/book/docs")


# -- files --------------------------------------------------------------------------------------------------------


def test_an_image_is_sent_as_one_and_cannot_run(book):
    answer = book.get("/files/docs/operations/drawing.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert book.get("/files/docs/operations/plan.png").headers["content-type"] == "image/png"


@pytest.mark.parametrize("path", ["scripts/deploy.sh", "docs/operations/page.html", "README.md"])
def test_text_is_sent_as_plain_text(book, path):
    answer = book.get(f"/files/{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.content == FILES[path]


def test_other_bytes_are_sent_to_be_saved(book):
    answer = book.get("/files/docs/operations/blob.bin")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''blob.bin"


def test_a_page_is_not_a_file_but_a_page(book):
    assert book.get("/files/docs/operations/README.md").headers["location"] == "/book/docs/operations/README.md"


@pytest.mark.parametrize(
    "path",
    [".env", ".git/config", "docs/operations/passwd.txt", "docs/operations/env.txt", "..%2f..%2fetc%2fpasswd", "%2e%2e/x",
     "docs/%2e%2e/.env", "//etc/passwd", "docs", "a%00b", "docs/operations/../../.env", "%252e%252e/x", ".opsbook/opsbook.db"],
)  # fmt: skip
def test_what_is_hidden_or_lies_outside_is_not_served(book, path):
    answer = book.get(f"/files/{path}")
    assert answer.status_code in (400, 404)
    assert "SECRET" not in answer.text
    assert "root:" not in answer.text


# -- services and alerts ------------------------------------------------------------------------------------------


def test_the_page_of_a_service_has_what_is_live_where_it_is_written(book):
    html = book.see("/services/api-service")
    url, frequency = html.index("http://127.0.0.1:9/healthz"), html.index("Expected Response")
    assert url < html.index('class="beside"') < frequency
    assert html.index("ApiDown") < html.index('href="/r/ApiDown"') < html.index("it does not answer") + 200
    run = html.index('aria-label="Run Roll out"')
    assert html.index('<h3 id="roll-out">') < run < html.index("Build it")
    assert 'aria-disabled="true"' in html
    assert '<a class="button" href="#deployment">Deployment</a>' in html
    assert '<a class="button" href="#troubleshooting">Troubleshooting</a>' in html


def test_a_contact_tells_whom_it_means_and_how_to_reach_them(book):
    html = book.see("/services/api-service")
    lead = html[html.index("Technical Lead") :]
    assert lead.index("@ada") < lead.index("Ada Byron") < lead.index("</li>")
    assert 'href="tel:+4555500101"' in lead
    assert 'href="mailto:ada@shop.example"' in lead


def test_the_runbook_of_a_service_is_found_by_its_name(book):
    for name in ("api-service", "API%20Service", "Api-Service", "api"):
        assert book.get(f"/runbooks/{name}").headers["location"] == "/services/api-service", name
    answer = book.get("/services/api-servise")
    assert answer.status_code == 404
    assert '<a href="/services/api-service">' in answer.text


@pytest.mark.parametrize(
    ("alert", "leads_to"),
    [
        ("HighLatency", "/services/database#highlatency"),
        ("highlatency", "/services/database#highlatency"),
        ("DiskFull", "/services/database#failover"),
        ("ApiDown", "/services/api-service#monitoring"),
    ],
)
def test_an_alert_leads_to_its_section(book, alert, leads_to):
    assert book.get(f"/r/{alert}").headers["location"] == leads_to


def test_an_alert_that_no_page_speaks_of_is_searched(book):
    answer = book.get("/r/Failover_of_nothing")
    assert answer.status_code == 404
    assert "Failover_of_nothing" in answer.text
    assert 'value="Failover of nothing"' in answer.text


# -- what must not run --------------------------------------------------------------------------------------------


def test_no_vector_does_anything_on_a_page(book):
    text = "\n\n".join(f"## Case {number}\n\n{vector}" for number, vector in enumerate(VECTORS))
    book.commit("docs/operations/vectors.md", text.encode(), "Vectors")
    html = book.see("/book/docs/operations/vectors.md")
    article = html[html.index('<article class="prose"') : html.index("</article>")]
    ours = re.sub(r'<div class="inset">.*?</div></div></div>', "", article, flags=re.S)
    assert dangers(ours) == []


@pytest.mark.parametrize("address", ["/book/{}", "/services/{}", "/r/{}", "/files/{}", "/runbooks/{}", "/book/a?at={}"])
def test_what_is_written_in_an_address_does_nothing(book, address):
    for words in ("<script>ran(1)</script>", '"><img src=x onerror=ran(1)>', "'\"%00%7f", "%ff%fe", "a" * 3000):
        answer = book.get(address.format(words))
        assert answer.status_code in (400, 404), (address, words)
        assert "<script>ran" not in answer.text
        assert "<img src=x" not in answer.text
