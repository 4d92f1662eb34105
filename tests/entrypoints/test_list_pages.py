"""The pages that list what the book holds: now, services, coverage, procedures, monitoring, incidents, who is on call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.entrypoints.door import Door, opened, write_repository

import opsbook

OWN = Path(__file__).parents[2] / "docs" / "operations"
SEED = Path(opsbook.__file__).parent / "seed"
PAGES = ("/", "/services", "/services?state=unknown", "/coverage", "/coverage?rule=broken-link", "/coverage?owner=", "/procedures",
         "/monitoring", "/incidents", "/oncall")  # fmt: skip
FRAGMENTS = ("/fragments/now", "/fragments/activity", "/fragments/services", "/fragments/probes")
ILL = "Ill <script>alert(1)</script>"
EXTRA = {
    "docs/operations/runbooks/ill.md": f"# {ILL} Runbook\n\n**Service:** {ILL}\n\n## Overview\n\nWords.\n\n## Deployment\n\n[Steps]\n",
    "docs/operations/runbooks/locked.md": (
        "# Locked Runbook\n\n**Service:** locked\n\n## Health Checks\n\n- **Health Check URL:** http://u:pw@host/\n"
    ),
    "docs/operations/incidents/2026-11-20-open.md": (
        "# Incident Response: It burns\n\n**Severity:** P0  \n**Status:** Investigating  \n**Started:** 2026-11-20 10:00 UTC\n\n"
        "## Prevention\n\n- [ ] Buy an extinguisher (@ada) by 2026-11-21\n"
    ),
    "docs/operations/monitoring/evil.md": (
        "# Dashboards\n\n| Dashboard | Location |\n|-|-|\n| Evil | [x](javascript:alert(1)) |\n| <b>B</b> | https://ok.example/ |\n"
    ),
}


class Outline(HTMLParser):
    """The headings, ids and links of a page, and whether every table's row has a head."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if named.get("id"):
            self.ids.append(str(named["id"]))
        if tag == "a" and named.get("href"):
            self.links.append(str(named["href"]))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The door to the project's own book with some pages more."""
    root = tmp_path_factory.mktemp("own")
    pages = {f"docs/operations/{path.relative_to(OWN)}": path.read_text() for path in sorted(OWN.rglob("*")) if path.is_file()}
    write_repository(root, {**pages, **EXTRA})
    with opened(root) as door:
        yield door


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_title_headings_in_order_and_no_id_twice(own, path):
    answer = own.ask("GET", path)
    assert answer.status_code == 200
    outline = Outline(answer.text)
    assert outline.levels.count(1) == 1
    in_main = outline.levels[outline.levels.index(1) :]
    assert all(later - earlier <= 1 for earlier, later in zip(in_main, in_main[1:], strict=False))
    assert len(outline.ids) == len(set(outline.ids))


@pytest.mark.parametrize("path", [*PAGES, *FRAGMENTS])
def test_what_a_page_says_is_never_markup(own, path):
    text = own.ask("GET", path).text
    assert "<script>alert" not in text
    assert not [link for link in Outline(text).links if link.lower().startswith(("javascript:", "data:"))]


@pytest.mark.parametrize("path", PAGES)
def test_every_link_into_the_book_leads_to_a_page_that_is_there(own, path):
    pages = own.desk.library.snapshot().files
    links = [link for link in Outline(own.ask("GET", path).text).links if link.startswith("/book/")]
    assert links or path.startswith("/services")
    for link in links:
        page, _, fragment = link.removeprefix("/book/").partition("#")
        assert page in pages, link
        anchors = own.desk.library.snapshot().facts[page].outline.anchors
        assert not fragment or fragment in anchors or re.fullmatch(r"L\d+", fragment), link


@pytest.mark.parametrize("path", FRAGMENTS)
def test_a_fragment_is_no_whole_page(own, path):
    answer = own.ask("GET", path)
    assert answer.status_code == 200
    assert "<html" not in answer.text


def test_the_first_page_holds_its_fragments_as_they_are(own):
    whole = own.ask("GET", "/").text
    for name in ("Services", "What happened lately"):
        assert f">{name}</h2>" in whole
    assert own.ask("GET", "/fragments/now").text.strip()[:40] in whole


def test_the_first_page_says_who_is_on_call_and_what_is_to_be_mended(own):
    text = own.ask("GET", "/").text
    assert re.search(r"<b>(Ada Byron|Ben Nevis|Chris Tabor)</b>", text)
    assert "names no health check" in text
    assert "The book" in text  # the commit


@pytest.mark.parametrize("path", ["/", "/services", "/services/locked"])
def test_a_health_check_that_cannot_be_asked_leads_to_its_line(own, path):
    text = own.ask("GET", path).text
    assert "cannot be asked" in text
    assert 'href="/book/docs/operations/runbooks/locked.md#L7"' in text
    assert "No health check is written" not in text


def test_the_api_says_that_a_health_check_cannot_be_asked(own):
    services = {each["service"]: each["why"] for each in own.ask("GET", "/api/v1/services").json()["services"]}
    assert services["locked"].startswith("Its health check cannot be asked. ")


def test_the_map_of_coverage_leads_to_the_section_or_the_line(own):
    text = own.ask("GET", "/coverage").text
    assert 'href="/book/docs/operations/runbooks/opsbook.md#health-checks"' in text
    cells = re.findall(r'class="cell" href="/book/docs/operations/runbooks/ill.md#([\w-]+)"', text)
    assert cells == ["overview", "L9", "L9", "deployment", "L11", "L11", "L11", "L11"]
    assert "OpsbookDown" in text


def test_findings_are_chosen_by_rule_and_by_owner(own):
    text = own.ask("GET", "/coverage?rule=placeholder").text
    assert 'id="chosen">placeholder' in text
    assert "runbooks/ill.md#L11" in text
    assert "There is none." in own.ask("GET", "/coverage?rule=gone").text
    assert 'id="chosen">pages without an owner' in own.ask("GET", "/coverage?owner=").text


def test_open_incidents_are_on_top_and_what_was_promised_is_told(own):
    text = own.ask("GET", "/incidents").text
    assert text.index("It burns") < text.index("Drill, the address is taken")
    assert "1 report is not closed" in text
    assert "Buy an extinguisher" in text
    assert text.count("Show on the first page which commit of the book is read") == 1
    assert "1 overdue" in text


def test_an_incident_is_found_by_the_name_of_its_file(own):
    path = "/book/docs/operations/incidents/2026-11-12-port-taken.md"
    for name in ("2026-11-12-port-taken", "2026-11-12-port-taken.md"):
        answer = own.ask("GET", f"/incidents/{name}")
        assert (answer.status_code, answer.headers["location"]) == (302, path)
    assert own.ask("GET", "/incidents/2026-11-20").headers["location"].endswith("2026-11-20-open.md")
    answer = own.ask("GET", "/incidents/2026-11-20-opem")
    assert answer.status_code == 404
    assert "Did you mean '2026-11-20-open'?" in answer.json()["detail"]


def test_who_is_on_call_is_told_with_when_it_ends_and_how_to_reach_them(own):
    text = own.ask("GET", "/oncall").text
    assert "Primary On-Call" in text and "tel:" in text and "until" in text
    assert "Urgent Escalation" in text


def test_monitoring_leads_to_the_line_of_each_item_and_to_its_runbook(own):
    text = own.ask("GET", "/monitoring").text
    assert re.search(r'href="/book/docs/operations/monitoring/alerts.md#L\d+">OpsbookDown</a>', text)
    assert 'href="/book/docs/operations/runbooks/opsbook.md#issue-the-address-is-taken"' in text
    assert 'href="https://prometheus.example.org/graph"' in text


def test_procedures_lead_to_their_section_and_say_what_runs(own):
    text = own.ask("GET", "/procedures").text
    assert 'href="/book/docs/operations/runbooks/opsbook.md#restart-service"' in text
    assert "runs as written" in text
    assert "Not written yet" in text  # the ill one has none


@pytest.mark.parametrize("page", ["0", "-1", "99999999999", "x", "", "2"])
def test_a_part_of_a_list_that_is_not_there_is_the_nearest(own, page):
    assert own.ask("GET", "/procedures", params={"page": page}).status_code == 200


def test_an_empty_book_says_what_to_do_next(tmp_path):
    write_repository(tmp_path, {"docs/operations/.keep": ""})
    with opened(tmp_path) as door:
        assert "opsbook init" in door.ask("GET", "/").text
        assert "opsbook new runbook" in door.ask("GET", "/coverage").text
        assert "opsbook new procedure" in door.ask("GET", "/procedures").text
        assert "opsbook new incident" in door.ask("GET", "/incidents").text
        assert "opsbook init" in door.ask("GET", "/oncall").text
        assert "Health Check URL" in door.ask("GET", "/monitoring").text


def test_the_folder_that_init_writes_says_what_is_not_filled_in(tmp_path):
    pages = {f"docs/operations/{path.relative_to(SEED)}": path.read_text() for path in sorted(SEED.rglob("*.md"))}
    write_repository(tmp_path, pages)
    with opened(tmp_path) as door:
        for path in PAGES:
            assert door.ask("GET", path).status_code == 200
        assert "3 rows are still the template" in door.ask("GET", "/monitoring").text
        assert ">Template<" in door.ask("GET", "/coverage").text


def test_the_server_tells_of_its_own_trouble_and_of_its_end(tmp_path):
    folder = write_repository(tmp_path)
    with opened(tmp_path) as door:
        assert "Opsbook itself is in trouble" not in door.ask("GET", "/").text
        folder.rename(tmp_path / "elsewhere")
        door.desk.library.look()
        said = door.ask("GET", "/readyz")
        assert (said.status_code, said.json()["book"]) == (503, "missing")
        assert said.json()["trouble"] in unescape(door.ask("GET", "/").text)
        (tmp_path / "elsewhere").rename(folder)
        door.desk.library.look()
        assert "Opsbook itself is in trouble" not in door.ask("GET", "/").text


def test_where_git_cannot_tell_its_history_the_first_page_says_so_and_shows_the_rest(repository):
    with opened(repository) as door:
        (repository / ".git" / "HEAD").write_text("nonsense\n")
        answer = door.ask("GET", "/")
    assert answer.status_code == 200
    assert "git cannot tell the history of" in answer.text
