"""What the public status page shows, as a policy page says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.whole_reading import page_of

import opsbook
from opsbook.book.incident_policy import read_policy
from opsbook.book.status_components import read_status_page

PAGE = "docs/operations/incidents/incident-response.md"
HEAD = "# Incident Response\n\n## Status Page\n\n"
TABLE = "| Component | Services | Description | Group |\n|-|-|-|-|\n"


def read(text: str | bytes, path: str = PAGE):
    return read_status_page(page_of(text, path))


def test_components_are_read_with_services_and_places():
    found = read(HEAD + TABLE + "| **Paying** | Payment API, `ledger` | Cards | Shop |\n| Support | – | | |\n")
    assert [(each.name, [s.name for s in each.services], each.description, each.group) for each in found.components] == [
        ("Paying", ["Payment API", "ledger"], "Cards", "Shop"), ("Support", [], "", ""),
    ]  # fmt: skip
    assert found.components[0].line == 7


def test_a_service_is_where_it_is_written():
    text = HEAD + TABLE + "| Paying | Payment API , `ledger` | Cards | |\n"
    places = [text.encode()[each.start : each.end] for each in read(text).components[0].services]
    assert places == [b"Payment API", b"`ledger`"]


def test_words_of_the_page_are_bold_labels():
    text = HEAD + "- **Title:** Example Status\n- **Introduction:** How *we* are.\n- **Contact:** help@example.org\n"
    found = read(text)
    assert (found.title, found.introduction, found.contact) == ("Example Status", "How *we* are.", "help@example.org")


@pytest.mark.parametrize(
    ("words", "measured"),
    [("at most degraded, until a person says more", "degraded"), ("not shown", "never"), ("never", "never"),
     ("outage", "outage"), ("shown as an outage", "outage"), ("whatever", "degraded"), ("none", "never")],
)  # fmt: skip
def test_how_far_health_checks_speak_is_said_in_words(words: str, measured: str):
    assert read(HEAD + f"- **Health Checks:** {words}\n").measured == measured


def test_a_page_of_its_own_may_say_it_under_any_heading():
    found = read("# Status Page\n\n## What we show\n\n" + TABLE + "| Paying | Payments | | |\n", "docs/incidents/status-page.md")
    assert [each.name for each in found.components] == ["Paying"]


@pytest.mark.parametrize("text", [
    "# Incident Response\n\n## Inventory\n\n" + TABLE + "| Paying | Payments | | |\n",
    HEAD + "| Component | Owner |\n|-|-|\n| Paying | Ada |\n",
    "# Incident Response\n\n- **Status Page:** https://status.example.org\n",
])  # fmt: skip
def test_other_tables_and_labels_are_about_something_else(text: str):
    assert read(text) is None


def test_what_nobody_filled_in_is_not_shown():
    seed = (Path(opsbook.__file__).parent / "seed/incidents/incident-response.md").read_bytes()
    found = read_policy(page_of(seed, PAGE)).status_page
    assert (found.components, found.title, found.contact) == ((), "", "")


def test_a_component_that_stands_twice_is_shown_once():
    found = read(HEAD + TABLE + "| Paying | A | | |\n| paying | B | | |\n")
    assert ([each.services[0].name for each in found.components], len(found.repeated)) == (["A"], 1)


@given(st.text(alphabet="|-*:[]`, \nAaComponentServices#<>\\é\x00", max_size=200))
def test_any_text_is_read(text: str):
    found = read(HEAD + TABLE + text)
    raw = (HEAD + TABLE + text).encode("utf-8", errors="surrogatepass")
    for component in found.components if found else ():
        assert 0 <= component.start <= component.end <= len(raw) + 3
        assert all(component.name and each.start <= each.end for each in component.services)
