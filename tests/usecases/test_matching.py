"""An alert leads to the section that speaks of it, by the best reason there is, and to nothing rather than to a guess."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.usecases.alert_world import BOOK, Shelf

from opsbook.adapters.search_index import SearchIndex
from opsbook.book.page import default_reading
from opsbook.ledger.alert_events import Place
from opsbook.usecases.first_steps import first_steps
from opsbook.usecases.matching import Matcher
from opsbook.usecases.search import bring_up

RUNBOOKS = "docs/operations/runbooks"
PAGES = {
    **BOOK,
    f"{RUNBOOKS}/alerts/NodeGone.md": "# NodeGone\n\n## Meaning\n\nA node is gone.\n\n## Impact\n\nLess room.\n\n## Diagnosis\n\n"
    "Look at the console of the node.\n\n## Mitigation\n\n1. Drain the node.\n   ```bash\n   kubectl drain \"$NODE\"\n   ```\n2. Order another.\n",
    f"{RUNBOOKS}/db.md": "# Database Runbook\n\n**Service:** database\n\n## Overview\n\nIt keeps rows.\n\n## Common Operations\n\n"
    "### Restart Service\n\n1. Restart it.\n   ```bash\n   pg_ctl restart\n   ```\n\n## Troubleshooting\n\n"
    "### Issue: Replication lags behind\n\n**Symptoms:** The replica is late.\n\n**Solution:** Wait for it.\n",
    "docs/operations/people.md": "# People\n\n## Escalation\n\n### CRM Escalation\n\n- **Services:** crm\n\n"
    "| Level | After | Contact |\n| --- | --- | --- |\n| 1 | 0 minutes | @ada |\n",
}
REPLICA_LATE = {"summary": "replica is late, replication lags"}
WEB, DB = f"{RUNBOOKS}/web.md", f"{RUNBOOKS}/db.md"
DOWN, ANSWERS_502 = "issue-nginx-is-down-or-will-not-start", "issue-web-answers-502"


@pytest.fixture(scope="module")
def shelf():
    return Shelf(PAGES)


@pytest.fixture(scope="module")
def matcher(shelf):
    return Matcher(shelf, None, lambda: "c0ffee", {"https://wiki.example.org/ops": "docs/operations"}, {"meltdown": "P0"})


@pytest.mark.parametrize(
    ("url", "path", "anchor"),
    [
        ("http://127.0.0.1:21800/runbooks/web", WEB, ""),
        ("http://127.0.0.1:21800/runbooks/web#issue-502", WEB, ANSWERS_502),
        ("https://ops.example.org/runbooks/web#issue-web-answers-502", WEB, ANSWERS_502),
        ("https://ops.example.org/runbooks/web#troubleshooting", WEB, "troubleshooting"),
        ("https://ops.example.org/runbooks/web#web-runbook", WEB, ""),
        ("https://ops.example.org/runbooks/web#nothing-of-the-kind", WEB, ""),
        ("https://ops.example.org/runbooks/Database", DB, ""),
        ("/runbooks/web#issue-502", WEB, ANSWERS_502),
        (f"https://ops.example.org/book/{DB}#restart-service", DB, "restart-service"),
        ("https://ops.example.org/book/runbooks/db.md#restart-service", DB, "restart-service"),
        ("https://ops.example.org/r/NodeGone", f"{RUNBOOKS}/alerts/NodeGone.md", ""),
        ("https://wiki.example.org/ops/runbooks/web#issue-502", WEB, ANSWERS_502),
        ("docs/operations/runbooks/db.md", DB, ""),
    ],
)
def test_the_address_of_a_runbook_is_followed_whatever_the_host(matcher, url, path, anchor):
    place = matcher.match({"alertname": "Any"}, {"runbook_url": url}).place
    assert (place.path, place.anchor, place.kind, place.score, place.commit) == (path, anchor, "url", 1.0, "c0ffee")


def test_an_anchor_that_is_not_there_is_told(matcher):
    place = matcher.match({}, {"runbook_url": "http://x/runbooks/web#nothing-of-the-kind"}).place
    assert "it has no section '#nothing-of-the-kind'" in place.why
    assert "comes nearest" in matcher.match({}, {"runbook_url": "http://x/runbooks/web#issue-502"}).place.why


def test_an_anchor_that_is_not_there_gives_way_to_the_section_that_names_the_alert(matcher):
    place = matcher.match({"alertname": "WebDown"}, {"runbook_url": "http://x/runbooks/web#nothing-of-the-kind"}).place
    assert (place.path, place.anchor, place.kind) == (WEB, DOWN, "url")
    assert "it has no section '#nothing-of-the-kind'. This one names the alert." in place.why


@pytest.mark.parametrize(
    ("labels", "annotations", "found"),
    [
        ({"alertname": "NodeGone"}, {}, (f"{RUNBOOKS}/alerts/NodeGone.md", "", "heading")),
        ({"alertname": "WebDown", "service": "web"}, {}, (WEB, DOWN, "named")),
        ({"alertname": "ReplicationLag", "service": "database"}, {"summary": "Replication lags 95 s behind"}, (DB, "issue-replication-lags-behind", "heading")),
        ({"alertname": "Odd", "service": "web"}, {}, (WEB, "", "service")),
        ({"alertname": "Odd", "job": "web"}, {}, (WEB, "", "label")),
        ({"alertname": "Odd", "app": "Database"}, {}, (DB, "", "label")),
        ({"alertname": "Odd", "service": "unheard-of"}, {}, None),
        ({"alertname": "Odd"}, {"runbook_url": "https://elsewhere.example.org/wiki/Odd"}, None),
        ({}, {}, None),
    ],
)  # fmt: skip
def test_without_an_address_the_best_reason_counts(matcher, labels, annotations, found):
    place = matcher.match(labels, annotations).place
    assert (place and (place.path, place.anchor, place.kind)) == found
    assert place is None or place.why.endswith(".") or place.why.endswith(").")


def test_an_address_elsewhere_leaves_the_other_reasons(matcher):
    match = matcher.match({"alertname": "WebDown", "service": "web"}, {"runbook_url": "https://elsewhere.example.org/x"})
    assert (match.place.anchor, match.service) == (DOWN, "web")


@pytest.mark.parametrize(
    ("labels", "word", "severity", "why"),
    [
        ({"severity": "critical"}, "", "P0", "label severity"),
        ({"severity": "warning"}, "", "P2", "label severity"),
        ({"priority": "P1"}, "", "P1", "label priority"),
        ({"severity": "high"}, "info", "P3", "sender says 'info'"),
        ({"severity": "meltdown"}, "", "P0", "meltdown"),
        ({"severity": "purple"}, "", "P2", "no severity that is known"),
        ({}, "", "P2", "Nothing tells"),
    ],
)
def test_a_severity_comes_with_its_reason(matcher, labels, word, severity, why):
    match = matcher.match(labels, {}, word)
    assert match.severity == severity and why in match.severity_why


@pytest.fixture(scope="module")
def searched(shelf, tmp_path_factory):
    index = SearchIndex(str(tmp_path_factory.mktemp("search") / "index.db"))
    pages = SimpleNamespace(pages=lambda: list(shelf.book.files.values()), reading=default_reading(), read=shelf.read)
    bring_up(pages, index)
    yield Matcher(shelf, index, lambda: None)
    index.close()


def test_a_search_comes_last_and_shows_its_score(searched):
    place = searched.match({"alertname": "ReplicaLate"}, REPLICA_LATE).place
    assert place is not None and place.path == DB and place.kind == "search"
    assert 0 < place.score < 1 and f"{place.score:.2f}" in place.why
    assert searched.match({"alertname": "Zebra"}, {"summary": "quagga in the kitchen"}).place is None
    crash = {"summary": "Pod default/foo is crash looping"}
    assert searched.match({"alertname": "KubePodCrashLooping"}, crash).place is None


def test_a_service_that_an_escalation_alone_knows_is_the_one_of_the_label(searched):
    match = searched.match({"alertname": "ReplicaLate", "service": "crm", "job": "web"}, REPLICA_LATE)
    assert (match.service, match.place) == ("crm", None)


def test_a_search_never_says_another_service_than_the_label(searched):
    match = searched.match({"alertname": "ReplicaLate", "service": "unheard-of"}, REPLICA_LATE)
    assert (match.service, match.place) == ("unheard-of", None)


def test_a_search_says_where_to_read_and_never_whom_to_page(searched):
    match = searched.match({"alertname": "ReplicaLate"}, REPLICA_LATE)
    assert (match.service, match.place.path) == (None, DB)


@pytest.mark.parametrize("name", ["R", "Re", "A1"])
def test_a_letter_or_two_are_not_searched_for(searched, name):
    assert searched.match({"alertname": name}, {}).place is None


def test_other_labels_do_not_say_otherwise_than_the_label_service(matcher):
    assert matcher.match({"alertname": "Odd", "service": "unheard-of", "job": "web"}, {}).service == "unheard-of"


def test_the_runbook_of_its_own_service_is_nearer_than_what_a_search_finds(searched):
    place = searched.match({"alertname": "ReplicaLate", "service": "web"}, REPLICA_LATE).place
    assert (place.path, place.kind) == (WEB, "service")


def test_the_address_of_a_runbook_tells_the_service_that_no_page_knows_otherwise(matcher):
    labels = {"alertname": "Odd", "service": "web-headless"}
    assert matcher.match(labels, {"runbook_url": "http://x/runbooks/web"}).service == "web"


def test_an_address_tells_the_place_and_the_label_the_service(matcher):
    match = matcher.match({"alertname": "Odd", "service": "crm"}, {"runbook_url": "http://x/runbooks/web"})
    assert (match.service, match.place.path) == ("crm", WEB)


def test_of_two_runbooks_that_list_an_alert_its_own_service_has_the_right_one():
    listed = "**Service:** {0}\n\n## Monitoring\n\n### Alerts\n\n| Alert | Meaning |\n| --- | --- |\n| HighErrorRate | {0} fails |\n"
    shelf = Shelf({f"{RUNBOOKS}/{name}.md": f"# {name} Runbook\n\n{listed.format(name)}" for name in ("auth", "billing")})
    matcher = Matcher(shelf, None, lambda: None)
    for name in ("auth", "billing"):
        place = matcher.match({"alertname": "HighErrorRate", "service": name}, {}).place
        assert (place.path, place.kind) == (f"{RUNBOOKS}/{name}.md", "named")


def test_a_book_that_has_changed_is_matched_anew():
    shelf = Shelf(BOOK)
    matcher = Matcher(shelf, None, lambda: None)
    assert matcher.match({"alertname": "NodeGone"}, {}).place is None
    shelf.put(PAGES)
    assert matcher.match({"alertname": "NodeGone"}, {}).place is not None


@given(st.dictionaries(st.sampled_from(["alertname", "service", "job", "severity"]), st.text(max_size=30)),
       st.text(max_size=60) | st.sampled_from(["http://[", "a://[/r/x", "//", "/runbooks/", "/r/%00", "/book/../../etc/passwd#x", "#"]))  # fmt: skip
def test_nothing_that_an_alert_carries_breaks_it(matcher, labels, url):
    match = matcher.match(labels, {"runbook_url": url, "summary": url}, url)
    assert match.severity in ("P0", "P1", "P2", "P3")


def place_of(path: str, anchor: str) -> Place:
    return Place(path, anchor, "", None, "")


@pytest.mark.parametrize(
    ("path", "anchor", "steps"),
    [
        (WEB, DOWN, ("1. Ask nginx which file it rejects.", "$ nginx -t", "2. Put the last good copy back.")),
        (DB, "issue-replication-lags-behind", ("1. Wait for it.",)),
        (DB, "restart-service", ("1. Restart it.", "$ pg_ctl restart")),
        (f"{RUNBOOKS}/alerts/NodeGone.md", "", ("1. Drain the node.", '$ kubectl drain "$NODE"', "2. Order another.")),
        (f"{RUNBOOKS}/alerts/NodeGone.md", "diagnosis", ("1. Look at the console of the node.",)),
        (DB, "", ("It keeps rows.",)),
        ("gone.md", "x", ()),
    ],
)
def test_the_first_steps_of_a_section_are_plain_lines(shelf, path, anchor, steps):
    assert first_steps(shelf, place_of(path, anchor)) == steps


def test_no_more_steps_are_told_than_fit(shelf):
    assert len(first_steps(shelf, place_of(WEB, DOWN), 2)) == 2
