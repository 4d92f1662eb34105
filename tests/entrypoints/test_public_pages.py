"""What everybody may see: no secret on any public route, whole pages, feeds and JSON that others can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.entrypoints.door import Door, opened, write_repository
from tests.entrypoints.public_book import MARK, PAGES, happened, moment

from opsbook.adapters.site_folder import FolderOfFiles
from opsbook.entrypoints.web import routes
from opsbook.usecases.public_site import file_names
from opsbook.usecases.public_site.html import uptime_words
from opsbook.usecases.public_site.words import Links
from opsbook.usecases.status_export import written

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    root = tmp_path_factory.mktemp("public")
    write_repository(root, PAGES)
    # Served where reads are closed: what is public must need no sign-in.
    with opened(root, listening_on="0.0.0.0", address="http://127.0.0.1:8000") as door:
        happened(door, moment())
        yield door


def addresses(door: Door) -> list[str]:
    """Every public address that is asked by GET, with every id that the pages name."""
    ids = [each.id for each in door.desk.public.status().all_incidents]
    found = []
    for route in routes():
        if route.opt.get("act") == "public" and "GET" in route.http_methods:
            for path in route.paths:
                filled = [re.sub(r"\{[^}]+\}", value, path) for value in ([*ids, "nothing"] if "{" in path else [""])]
                found += filled
    return sorted(set(found))


def test_no_public_route_shows_a_secret(public: Door):
    asked = addresses(public)
    assert "/status" in asked and "/status/api/v2/summary.json" in asked
    for address in asked:
        answer = public.ask("GET", address)
        shown = f"{answer.headers}{answer.text}"
        assert MARK not in shown.lower(), f"{address} shows {shown[shown.lower().index(MARK) - 60 :][:160]}"


def test_no_exported_file_shows_a_secret_or_an_id_used_inside(public: Door):
    status = public.desk.public.status()
    files = dict(written(status, Links("https://status.example.org", is_static=True)))
    assert sorted(files) == file_names(status)
    for name, content in files.items():
        assert MARK.encode() not in content.lower(), name
        assert b"INC-" not in content and b"261126-" not in content, name


def test_the_first_page_tells_what_customers_were_told(public: Door):
    answer = public.ask("GET", "/status")
    assert answer.status_code == 200
    page = answer.text
    assert "<h1><a href=\"/status\">Example Status</a></h1>" in page
    assert "Some systems do not work" in page and "Cards are refused" in page and "Database upgrade" in page
    assert "Some cards are &lt;b&gt;refused&lt;/b&gt; &amp; we look at it." in page
    assert '<a href="https://example.org/help?a=1&amp;b=2" rel="noopener nofollow">' in page
    assert "Cards &amp; &lt;invoices&gt;" in page
    assert "uptime" in page


def test_an_uptime_says_of_how_many_days_it_is():
    assert [uptime_words(0.9, measured, 90) for measured in (1, 2, 90)] == [
        "uptime is told from the second day of measuring on", "90.00 % uptime in 2 days", "90.00 % uptime",
    ]  # fmt: skip


def test_no_public_page_leads_inside(public: Door):
    for address in ("/status", "/status/history", "/status/incidents/nothing"):
        links = re.findall(r'(?:href|src|action)="([^"]+)"', public.ask("GET", address).text)
        assert links and all(each.startswith(("/status", "https://example.org/", "mailto:")) for each in links)


def test_the_headers_are_strict_and_set_no_cookie(public: Door):
    answer = public.ask("GET", "/status")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "public, max-age=15"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("name", ["api/v2/summary.json", "feed.atom", "badge.svg"])
def test_pages_of_other_sites_may_read_it(public: Door, name: str):
    answer = public.ask("GET", f"/status/{name}")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]


def test_an_incident_has_a_page_by_an_id_that_tells_nothing(public: Door):
    found = public.desk.public.status().incidents[0]
    assert re.fullmatch(r"[0-9a-f]{12}", found.id)
    page = public.ask("GET", f"/status/incidents/{found.id}").text
    assert "Some cards work again." in page and "corrected" in page


def test_what_is_not_there_is_told_without_a_word_of_the_pages_inside(public: Door):
    answer = public.ask("GET", "/status/incidents/nothing")
    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


def test_the_json_has_the_shape_of_statuspage(public: Door):
    found = public.ask("GET", "/status/api/v2/summary.json").json()
    assert sorted(found) == ["components", "incidents", "page", "scheduled_maintenances", "status"]
    assert sorted(found["page"]) == ["id", "name", "time_zone", "updated_at", "url"]
    assert found["status"] == {"indicator": "major", "description": "Partial System Outage"}
    names = [(each["name"], each["status"], each["group"], each["position"]) for each in found["components"]]
    assert names == [("Telephone", "operational", False, 1), ("Shop", "partial_outage", True, 2), ("Paying", "partial_outage", False, 3)]
    assert found["components"][1]["components"] == [found["components"][2]["id"]]
    assert found["components"][2]["group_id"] == found["components"][1]["id"]
    incident = found["incidents"][0]
    assert sorted(incident) == [
        "components", "created_at", "id", "impact", "incident_updates", "monitoring_at", "name", "page_id", "resolved_at",
        "shortlink", "started_at", "status", "updated_at",
    ]  # fmt: skip
    assert (incident["name"], incident["status"], incident["impact"]) == ("Cards are refused", "investigating", "major")
    update = incident["incident_updates"][-1]
    assert update["affected_components"][0]["new_status"] == "partial_outage"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", update["created_at"])
    planned = found["scheduled_maintenances"][0]
    assert (planned["name"], planned["status"], planned["impact"]) == ("Database upgrade", "scheduled", "maintenance")
    assert planned["scheduled_for"] < planned["scheduled_until"]


def test_each_json_file_has_its_part(public: Door):
    def ask(name: str):
        return public.ask("GET", f"/status/api/v2/{name}.json").json()

    assert len(ask("incidents")["incidents"]) == 2
    assert [each["status"] for each in ask("incidents/unresolved")["incidents"]] == ["investigating"]
    assert len(ask("scheduled-maintenances/upcoming")["scheduled_maintenances"]) == 1
    assert ask("scheduled-maintenances/active")["scheduled_maintenances"] == []
    assert set(ask("status")) == {"page", "status"}


def test_the_feeds_are_read_by_a_parser(public: Door):
    feed = ElementTree.fromstring(public.ask("GET", "/status/feed.atom").content)
    titles = [each.findtext(f"{ATOM}title") for each in feed.iter(f"{ATOM}entry")]
    assert "Investigating: Cards are refused" in titles and "Planned: Database upgrade" in titles
    assert "Resolved: Cards are refused" in titles
    ids = [each.findtext(f"{ATOM}id") for each in feed.iter(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    channel = ElementTree.fromstring(public.ask("GET", "/status/feed.rss").content).find("channel")
    assert channel is not None and channel.findtext("title") == "Example Status"
    assert len(list(channel.iter("item"))) == len(ids)


def test_the_same_status_has_the_same_bytes_and_nothing_is_written_twice(public: Door, tmp_path: Path):
    status, links = public.desk.public.status(), Links("", is_static=True)
    assert written(status, links) == written(status, links)
    folder = FolderOfFiles(str(tmp_path / "site"))
    assert folder.write(written(status, links)) == len(file_names(status))
    assert folder.write(written(status, links)) == 0
    assert json.loads((tmp_path / "site/api/v2/status.json").read_bytes())["status"]["indicator"] == "major"


def test_every_link_of_the_files_leads_to_a_file(public: Door, tmp_path: Path):
    FolderOfFiles(str(tmp_path)).write(written(public.desk.public.status(), Links("", is_static=True)))
    for page in tmp_path.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', page.read_text()):
            assert (page.parent / link).resolve().is_file(), f"{page.name}: {link}"


def test_what_an_update_says_of_a_component_is_chosen_in_its_form_and_reaches_the_page(tmp_path: Path):
    write_repository(tmp_path, PAGES)
    with opened(tmp_path) as door:
        happened(door, moment())
        me = door.session("admin")
        form = door.ask("GET", "/incidents/1/updates?audience=customers", headers=me).text
        assert 'name="component-1"' in form and "Telephone" in form
        fields = {"do": "draft", "audience": "customers", "body": "Nobody can call us.", "component-1": "major_outage"}
        assert door.ask("POST", "/incidents/1/updates", headers=me, data=fields).status_code in (200, 303)
        number = str(max(each.id for each in door.desk.incident_desk.incidents.find("1").updates))
        assert 'value="major_outage" selected' in door.ask("GET", f"/incidents/1/updates?update={number}", headers=me).text
        for did in ("approve", "publish"):
            answer = door.ask("POST", "/incidents/1/updates", headers=me, data={"do": did, "update": number})
            assert answer.status_code in (200, 303), answer.text[-2000:]
        states = {each.name: each.state for each in door.desk.public.status().components}
        assert states["Telephone"] == "major_outage"
