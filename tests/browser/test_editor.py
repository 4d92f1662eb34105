"""Editing in the browser: preview while typing, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, wait_for
from tests.browser.small_site import Site, served, templates

BODY = """{% extends "base.html" %}{% block head %}<script src="{{ asset('editor.js') }}" defer></script>{% endblock %}
{% block main %}<h1>Edit</h1>
{% call c.editor("ops/api.md", text, "d1", csrf, "/save", "/preview", "Edit api.md") %}<a href="/book">Cancel</a>{% endcall %}
{% endblock %}"""
READ = """{% extends "base.html" %}{% block main %}<h1>Api</h1><article data-page-path="ops/api.md">x</article>{% endblock %}"""
HAS_DRAFT = "Object.keys(localStorage).some((key) => key.startsWith('opsbook.draft:'))"
TEXT = "\n".join(["# Api", "", *(f"Line {number} " + "is long " * 30 for number in range(3, 200)), "last"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A page to edit; what is sent to the preview comes back with a finding for line 150."""
    (tmp_path / "edit.html").write_text(BODY)
    (tmp_path / "read.html").write_text(READ)
    site = Site(templates(tmp_path))
    site.page("/edit", "edit.html", text=TEXT)
    site.page("/save", "read.html")
    site.pages["/preview"] = lambda fields: (
        f'<p><a href="/edit?line=150">line 150</a></p><p id="drawn">{len(fields["text"])}</p>'
        '<div data-copy><pre><code>ls</code></pre></div>'
    )
    with served(site):
        yield site


def opened(open_page: Open, site: Site, **more: object) -> Page:
    """The page to edit, with its first preview."""
    page = open_page(f"{site.address}/edit", **more)
    expect(page.locator("#drawn")).to_be_visible()
    return page


def line_of(page: Page) -> str:
    """The text of the line at the caret."""
    said: str = page.evaluate("""() => {
      const { value, selectionStart } = document.getElementById('editor-text')
      return value.slice(selectionStart).split('\\n')[0].slice(0, 9).trim()
    }""")
    return said


def test_the_preview_follows_what_is_typed(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.locator("#editor-text").fill("# Other\n")
    expect(page.locator("#drawn")).to_have_text("8")
    expect(page.locator(".editor-preview .copy")).to_be_visible()
    assert site.posted[-1][1]["csrf"] == "token"


def test_a_finding_leads_to_its_line_and_so_does_the_address(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/edit?line=120")
    assert line_of(page) == "Line 120"
    page.get_by_role("link", name="line 150").click()
    assert line_of(page) == "Line 150"
    is_seen = page.locator("#editor-text").evaluate("text => text.scrollTop > 0 && text.scrollTop < text.scrollHeight")
    assert is_seen
    assert page.url.endswith("line=120")


def test_tab_leaves_the_text(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.locator("#editor-text").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#editor-text")).not_to_be_focused()


def test_what_was_typed_comes_back_after_a_crash(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.locator("#editor-text").fill("# Typed and not saved\n")
    wait_for(page, HAS_DRAFT)
    page.close(run_before_unload=False)
    again = page.context.new_page()
    again.goto(f"{site.address}/edit")
    expect(again.locator("#editor-text")).to_have_value(TEXT)
    again.get_by_role("button", name="Take it").click()
    expect(again.locator("#editor-text")).to_have_value("# Typed and not saved\n")


def test_saving_by_the_keyboard_sends_the_text_and_forgets_the_draft(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.locator("#editor-text").fill("# Saved\n")
    wait_for(page, HAS_DRAFT)
    page.keyboard.press("Control+s")
    expect(page.get_by_role("heading", name="Api", level=1)).to_be_visible()
    sent = next(fields for path, fields in site.posted if path == "/save")
    assert (sent["text"], sent["digest"], sent["message"]) == ("# Saved\r\n", "d1", "Edit api.md")
    assert not page.evaluate(HAS_DRAFT)


def test_leaving_with_changes_is_asked_about(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.locator("#editor-text").press_sequentially("x")
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.assign('/save'))")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    assert page.url.endswith("/edit")


def test_being_signed_out_is_told_and_loses_nothing(open_page: Open, site: Site) -> None:
    page = opened(open_page, site, allowed=("401",))
    del site.pages["/preview"]
    site.status = 401
    page.locator("#editor-text").fill("# Kept\n")
    expect(page.get_by_role("status").filter(has_text="not signed in any more")).to_be_visible()
    expect(page.locator("#editor-text")).to_have_value("# Kept\n")


def test_it_is_for_everybody_and_for_a_phone(open_page: Open, site: Site) -> None:
    page = opened(open_page, site, size="narrow")
    assert overflow(page) == []
    assert axe_says(page) == ""
