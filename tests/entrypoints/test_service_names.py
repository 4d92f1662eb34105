"""A service is found by every name that it has, by the pages and by the API alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.entrypoints.door import Door, opened, write_repository

FOLDER = "docs/operations/runbooks"
PAGES = {
    f"{FOLDER}/gateway.md": "# Gateway Runbook\n\n**Service:** api/v2\n\n## Overview\n\nWords.\n",
    f"{FOLDER}/first.md": "# First Runbook\n\n**Service:** dup\n\n## Overview\n\nWords.\n",
    f"{FOLDER}/second.md": "# Second Runbook\n\n**Service:** Dup\n\n## Overview\n\nWords.\n",
}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    root = tmp_path_factory.mktemp("named")
    write_repository(root, PAGES)
    with opened(root) as door:
        yield door


@pytest.mark.parametrize("written", ["api%2Fv2", "api/v2", "API%2fV2", "gateway", "Gateway.md", "APIV2"])
@pytest.mark.parametrize("start", ["/services", "/runbooks"])
def test_a_page_leads_to_the_service_however_it_is_written(named, start, written):
    answer = named.ask("GET", f"{start}/{written}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/services/apiv2")


@pytest.mark.parametrize("written", ["api%2Fv2", "api/v2", "API%2fV2", "gateway", "Gateway.md", "APIV2", "apiv2"])
@pytest.mark.parametrize("end", ["", "/contacts"])
def test_the_api_finds_the_service_however_it_is_written(named, written, end):
    answer = named.ask("GET", f"/api/v1/services/{written}{end}")
    assert answer.status_code == 200
    assert answer.json().get("service", "apiv2") == "apiv2"


@pytest.mark.parametrize(("written", "name"), [("dup", "dup"), ("Dup", "dup-second"), ("DUP", "dup")])
def test_of_two_that_differ_in_letter_case_each_is_found_by_its_own_words(named, written, name):
    assert named.ask("GET", f"/api/v1/services/{written}").json()["service"] == name
    assert named.ask("GET", f"/runbooks/{written}").headers["location"] == f"/services/{name}"


@pytest.mark.parametrize("start", ["/services", "/runbooks", "/api/v1/services"])
def test_a_name_that_nothing_has_is_told_as_it_was_written(named, start):
    answer = named.ask("GET", f"{start}/api%2Fv3")
    assert answer.status_code == 404
    assert "api/v3" in answer.text
