"""The first page: services by health, what is missing of them, what happened, and what to do next."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.usecases.snapshots import AT, snapshot

from opsbook.book.probe import Probe
from opsbook.ledger.event import Event
from opsbook.ledger.health import Health
from opsbook.usecases.activity import activity_model, recent_activity
from opsbook.usecases.library import Book
from opsbook.usecases.now import Watched, now, now_model
from opsbook.usecases.serving_ports import Change

PAGE = "# {0} Runbook\n\n**Service:** {0}  \n**Owner:** Team {0}\n\n## Emergency Contacts\n\n- **On-Call Engineer:** @ada\n"
PEOPLE = "# People\n\n| Name | Handle | Phone |\n|-|-|-|\n| Ada Byron | @ada | +45 5550 0101 |\n"
NAMES = ("api", "db", "web", "cache")


def probe(service: str, number: int = 0) -> Probe:
    return Probe(
        f"{service}-{number}", f"runbooks/{service}.md", 7 + number, 0, 0, service, "http", f"http://{service}/{number}"
    )


def watched(**states: str) -> Watched:
    """Probes with their states: `api="healthy unhealthy"` is two probes."""
    probes, healths = {}, {}
    for service, words in states.items():
        for number, state in enumerate(words.split()):
            each = probe(service, number)
            probes[each.key] = each
            healths[each.key] = Health(each.key, state, AT - timedelta(minutes=number), f"It is {state}.")
    return Watched(probes, healths)


@pytest.fixture(scope="module")
def book() -> Book:
    return snapshot({"policies/people.md": PEOPLE, **{f"runbooks/{name}.md": PAGE.format(name) for name in NAMES}})


def test_what_is_unhealthy_comes_first_and_what_has_no_check_last_of_the_unknown(book):
    found = now(book, watched(api="healthy", web="unhealthy", db="unknown"), AT)
    assert [(service.service, service.state) for service in found.services] == [
        ("web", "unhealthy"), ("db", "unknown"), ("cache", "unknown"), ("api", "healthy"),
    ]  # fmt: skip
    assert found.counts == {"unhealthy": 1, "unknown": 2, "healthy": 1}
    assert found.without_check == ("runbooks/cache.md",)


def test_of_several_probes_the_worst_counts_and_says_which(book):
    service = now(book, watched(api="healthy unhealthy unknown"), AT).services[0]
    assert (service.state, service.worst.probe.address) == ("unhealthy", "http://api/1")
    assert [each.health.state for each in service.probes] == ["unhealthy", "unknown", "healthy"]
    assert now_model(now(book, watched(api="healthy unhealthy"), AT))["services"][0]["why"] == "It is unhealthy."


def test_a_service_has_its_runbook_owner_and_whoever_is_on_call(book):
    service = now(book, watched(), AT).services[0]
    assert (service.path, service.slug, service.owner) == ("runbooks/api.md", "api", "Team api")
    assert [person.name for meant in service.on_call for person in meant.people] == ["Ada Byron"]


def test_what_is_missing_stale_and_found_is_counted(book):
    stale = PAGE.format("old").replace("\n\n## E", "  \n**Last Updated:** 2020-01-01\n\n## E")
    found = now(snapshot({"runbooks/old.md": stale}), Watched(), AT)
    (service,) = found.services
    assert service.stale.rule == "stale" and [finding.span.line for finding in found.stale] == [5]
    assert "overview" in service.missing and service.score == 0.125
    assert service.findings["warning"] >= 1 and found.findings["warning"] == service.findings["warning"]


def event(kind: str, minutes: int, **facts: object) -> Event:
    return Event("s", 1, 1, AT - timedelta(minutes=minutes), "opsbook", kind, facts, "", "")


def test_what_happened_is_told_in_words_the_newest_first(book):
    events = [
        event("PageSaved", 9, path="runbooks/api.md", message="Mend the port\n\nlong", commit="c1"),
        event("HealthChanged", 3, path="runbooks/db.md", service="db", state="unhealthy", why="It answered 500."),
        event("AccountAdded", 1, name="x"),
    ]
    commits = [
        Change("c1", "Ada", AT - timedelta(minutes=9), "Mend the port"),
        Change("c0", "Ben", AT - timedelta(days=1), "Begin"),
    ]
    found = recent_activity(book, events, commits)
    assert [(each.kind, each.text) for each in found] == [
        ("health", "db is unhealthy: It answered 500"), ("save", "api Runbook: Mend the port"), ("commit", "Begin"),
    ]  # fmt: skip
    assert activity_model(found)["activity"][0]["path"] == "runbooks/db.md"


def test_only_so_many_services_are_told_and_all_are_counted(book):
    found = now(book, watched(api="healthy", web="unhealthy"), AT, most=1)
    assert ([service.service for service in found.services], found.total) == (["web"], 4)
    healthy = now(book, watched(api="healthy", web="unhealthy"), AT, states=("healthy",))
    assert ([service.service for service in healthy.services], healthy.total) == (["api"], 1)
    assert healthy.counts == found.counts == {"unhealthy": 1, "unknown": 2, "healthy": 1}


@pytest.mark.parametrize("address", ["http://u:pw@host/", "ftp://host/", "api:8080"])
def test_a_health_check_that_cannot_be_asked_is_not_told_as_missing(address):
    page = f"# Api Runbook\n\n**Service:** api\n\n## Health Checks\n\n- **Health Check URL:** {address}\n"
    found = now(snapshot({"runbooks/api.md": page}), Watched(), AT)
    assert (found.without_check, found.hints) == ((), ())
    assert [(each.rule, each.span.path, each.span.line) for each in found.unasked] == [("unprobeable-address", "runbooks/api.md", 7)]
    model = now_model(found)
    assert model["services"][0]["why"].startswith("Its health check cannot be asked. ")
    assert (model["unasked"][0]["line"], "pw" in model["services"][0]["why"]) == (7, False)


def test_a_page_with_a_check_that_is_asked_is_not_told_as_unasked():
    page = "# Api Runbook\n\n**Service:** api\n\n## Health Checks\n\n- **Readiness:** http://a/\n- **Liveness:** http://u:pw@a/\n"
    found = now(snapshot({"runbooks/api.md": page}), Watched(), AT)
    assert (found.unasked, found.services[0].unasked) == ((), None)


def test_a_book_without_a_runbook_says_what_was_found_and_how_to_call_it_one():
    pages = {f"docs/services/{name}.md": f"# {name}\n" for name in "abc"} | {"docs/x.md": "# X\n"}
    hints = now(snapshot(pages), Watched(), AT).hints
    assert [(hint.text, hint.address) for hint in hints[:2]] == [
        ("4 pages were found (by kind: page 4)", "/book"),
        ("None of them is read as a service's runbook, which is what is watched", "/coverage"),
    ]
    assert hints[2].command == '[kinds]\n"docs/services/*.md" = "runbook"'
    assert hints[3].command == "opsbook new runbook my-service"


def test_a_page_that_lies_in_no_folder_is_named_alone():
    hints = now(snapshot({"a.md": "# A\n"}), Watched(), AT).hints
    assert hints[0].text == "1 page was found (by kind: page 1)"
    assert hints[2].command == '[kinds]\n"a.md" = "runbook"'


def test_an_empty_book_says_what_to_do_next(book):
    assert [hint.command for hint in now(Book(1, None, {}), Watched(), AT).hints] == [
        "opsbook init",
        "opsbook new runbook my-service",
    ]
    assert "Health Check URL" in now(book, Watched(), AT).hints[0].command
    check = "# Api Runbook\n\n**Service:** api\n\n## Health Checks\n\n- **Health Check URL:** http://api.example/healthz\n"
    checked = snapshot({"runbooks/api.md": check})
    assert (now(checked, Watched(), AT).hints, now(checked, Watched(), AT).without_check) == ((), ())
    assert now(msgspec.structs.replace(snapshot({"a.md": "# A\n"}), is_whole=False), Watched(), AT).hints == ()


def test_the_model_is_plain_json(book):
    model = now_model(now(book, watched(api="healthy unhealthy"), AT))
    assert msgspec.json.decode(msgspec.json.encode(model)) == model


def test_four_thousand_pages_take_less_than_a_moment():
    from time import process_time

    page = snapshot({"runbooks/api.md": PAGE.format("api"), "policies/people.md": PEOPLE})
    facts = {
        f"runbooks/{n}.md": msgspec.structs.replace(page.facts["runbooks/api.md"], path=f"runbooks/{n}.md")
        for n in range(4000)
    }
    many = msgspec.structs.replace(page, facts={**page.facts, **facts})
    began = process_time()
    assert now_model(now(many, Watched(), AT))["total"] == 4001
    assert process_time() - began < 1
