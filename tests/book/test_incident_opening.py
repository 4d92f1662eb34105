"""What opens an incident is read from a label of a policy page."""

from __future__ import annotations

import pytest

from opsbook.book.incident_opening import Opening, read_openings
from opsbook.book.page import read_page

PATH = "docs/operations/incidents/incident-response.md"


def openings(*values: str, path: str = PATH):
    text = "# Incident Response\n\n" + "".join(f"- **Opens an Incident:** {value}\n" for value in values)
    return read_openings(read_page(path, text.encode()))


@pytest.mark.parametrize(("written", "read"), [
    ("alerts of P0 and P1", [Opening("alerts", 3, ("P0", "P1"))]),
    ("alerts", [Opening("alerts", 3)]),
    ("any alert", [Opening("alerts", 3)]),
    ("Alerts of P1 or graver.", [Opening("alerts", 3, ("P0", "P1"))]),
    ("alerts P0, P1", [Opening("alerts", 3, ("P0", "P1"))]),
    ("failed runs", [Opening("runs", 3)]),
    ("failed health checks after 10 minutes", [Opening("health", 3, after_s=600.0)]),
    ("unhealthy probes after 1h as P1", [Opening("health", 3, after_s=3600.0, severity="P1")]),
    ("alerts of P0 and P1, failed runs as P2 and failed health checks after 10 minutes", [
        Opening("alerts", 3, ("P0", "P1")), Opening("runs", 3, severity="P2"),
        Opening("health", 3, after_s=600.0)]),
    ("alerts of P0 and P1 for shop-api and web", [Opening("alerts", 3, ("P0", "P1"), services=("shop-api", "web"))]),
    ("alerts of P2 after 15 minutes for service web; failed runs", [
        Opening("alerts", 3, ("P2",), 900.0, ("web",)), Opening("runs", 3)]),
    ("failed runs of web", [Opening("runs", 3, services=("web",))]),
    ("alerts of P0 for all services", [Opening("alerts", 3, ("P0",))]),
    ("nothing", []),
    ("[what opens one]", []),
])  # fmt: skip
def test_it_is_read_as_people_write_it(written, read):
    assert openings(written) == (read, [])


@pytest.mark.parametrize("written", ["whenever somebody is worried", "alerts of P0 unless it is Sunday afternoon",
                                     "failed runs of P1", "bad alerts of P0"])  # fmt: skip
def test_what_cannot_be_read_opens_nothing_and_is_told(written):
    found, slips = openings(written)
    assert not found and len(slips) == 1 and slips[0].fix


def test_several_labels_add_up():
    found, slips = openings("alerts of P0", "failed runs")
    assert [each.subject for each in found] == ["alerts", "runs"] and not slips


def test_labels_that_contradict_each_other_are_told():
    _, slips = openings("failed health checks after 5 minutes", "failed health checks after 10 minutes", "nothing")
    assert [slip.message.split(",")[0] for slip in slips] == [
        "Here nothing opens an incident",
        "It says of the same failed health checks something else than line 3 does. The one that comes first counts.",
    ]


def test_only_policy_pages_say_it():
    assert openings("alerts", path="docs/operations/runbooks/web.md") == ([], [])


def test_an_opening_names_severities_and_services():
    opening = Opening("alerts", 1, ("P0", "P1"), services=("Shop-API",))
    assert opening.names("shop-api", "P1")
    assert not opening.names("shop-api", "P2")
    assert not opening.names("web", "P1")
    assert not opening.names(None, "P1")
