"""What is deployed, looked for beside whoever asks; and the services among it that have no runbook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event

from opsbook.book.discovery.found import Found
from opsbook.ground.errors import Failure, Span
from opsbook.usecases.coverage import ServiceCoverage
from opsbook.usecases.deployed import Deployed, without_runbook
from opsbook.usecases.gathering import Gathered

START = datetime(2030, 5, 6, 7, 8, tzinfo=UTC)


def service(name: str, *, is_job: bool = False) -> Found:
    return Found(name=name, origin="compose", place=Span("compose.yaml", 3, 3), is_job=is_job)


def test_services_without_a_runbook_lack_everything_and_jobs_need_none() -> None:
    covered = [ServiceCoverage("Web Shop", "w.md", (), (), 1.0, names=("webshop",))]
    rows = without_runbook([service("web_shop"), service("db"), service("migrate", is_job=True)], covered)
    assert [(row.service, row.runbook, row.score, len(row.missing), row.deployed) for row in rows] == [
        ("db", None, 0.0, 8, "compose.yaml:3")
    ]


def test_who_asks_first_does_not_wait_for_a_long_look() -> None:
    may_end = Event()

    def look() -> Gathered:
        may_end.wait(10)
        return Gathered((service("db"),))

    deployed = Deployed(look, lambda: START)
    assert deployed.known(0.0).found == ()
    may_end.set()
    assert [each.name for each in deployed.known(10.0).found] == ["db"]
    assert deployed.looks == 1


def test_what_is_known_is_looked_for_again_after_some_minutes_alone() -> None:
    looks, now = [Gathered((service("a"),)), Gathered((service("b"),))], [START]
    done = Event()

    def look() -> Gathered:
        found = looks.pop(0)
        if not looks:
            done.set()
        return found

    deployed = Deployed(look, lambda: now[0])
    assert [each.name for each in deployed.known(10.0).found] == ["a"]
    deployed.known(0.0)
    assert len(looks) == 1
    now[0] = START + timedelta(minutes=6)
    deployed.known(0.0)
    assert done.wait(10)


def test_a_look_that_fails_leaves_what_was_known() -> None:
    def look() -> Gathered:
        raise Failure("away")

    assert Deployed(look, lambda: START).known(10.0) == Gathered()
