"""Which probes `opsbook probe` asks, and what it answers about them."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest
from tests.book.whole_reading import Shelf

from opsbook.entrypoints.shown.probes import as_lines, as_text
from opsbook.entrypoints.shown.terminal import columns
from opsbook.ground.errors import Usage
from opsbook.ledger.health import Reading
from opsbook.usecases.probe import Asked, ask_once, probe_model, probes_in

AT = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
SHELF = Shelf({
    "runbooks/api-service.md": b"# API Runbook\n\n**Service:** API Service\n\n- **Health Check URL:** https://api/h\n- **Readiness:** https://api/r\n",
    "runbooks/db.md": b"# Database Runbook\n\n**Service:** database\n\n## Health Checks\n\n- **Probe:** tcp://db:5432\n",
    "runbooks/mail.md": b"# Mail Runbook\n\n**Service:** mail\n\n## Overview\n\nSends.\n",
    "templates/x.md": b"# X Runbook\n\n- **Health Check URL:** https://x/h\n",
})  # fmt: skip


def addresses(*services: str) -> list[str]:
    return [probe.address for probe in probes_in(SHELF, services, lambda probe: probe)]


@pytest.mark.parametrize(
    ("services", "asked"),
    [
        ((), ["https://api/h", "https://api/r", "tcp://db:5432"]), (("database",), ["tcp://db:5432"]), (("DB",), ["tcp://db:5432"]),
        (("api-service",), ["https://api/h", "https://api/r"]), (("API Service",), ["https://api/h", "https://api/r"]),
        (("runbooks/db.md", "api-service"), ["https://api/h", "https://api/r", "tcp://db:5432"]),
    ],
)  # fmt: skip
def test_a_service_is_named_as_people_call_it(services, asked):
    assert addresses(*services) == asked


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("databse", "Did you mean 'database'?"), ("zzz", "The book has API Service, database, mail."),
        ("mail", "'runbooks/mail.md' names no health check"),
    ],
)  # fmt: skip
def test_a_service_that_cannot_be_asked_is_refused_with_a_guess(service, said):
    with pytest.raises(Usage, match="."):
        addresses(service)
    with pytest.raises(Usage) as wrong:
        addresses("database", service)
    assert said in str(wrong.value)


class World:
    """A prober to which everything answers but the database."""

    def ask(self, probes, tell):
        for probe in reversed(probes):
            is_up = probe.kind != "tcp"
            why = "It answered 200 in 12 ms." if is_up else "db:5432 refuses the connection: nothing listens there."
            tell(probe, Reading(probe.key, AT, "ok" if is_up else "refused", why, 12.34, 200 if is_up else None))


def asked() -> list[Asked]:
    return ask_once(World(), probes_in(SHELF, (), lambda probe: probe), lambda _asked: None)


def test_the_model_has_every_reading_in_the_order_of_the_pages():
    model = probe_model(asked())
    assert model["summary"] == {"healthy": 2, "unhealthy": 1}
    assert [each["state"] for each in model["probes"]] == ["healthy", "healthy", "unhealthy"]
    last = model["probes"][-1]
    assert (last["service"], last["line"], last["outcome"], last["latency_ms"]) == ("database", 7, "refused", 12.3)
    assert (last["expected"], last["looked_at"], last["name"]) == ("a connection", "a connection", None)


def test_the_text_says_what_is_unhealthy_why_and_where():
    lines = [click.unstyle(line) for line in as_text(asked(), 100)]
    assert lines == [
        "healthy    API Service              12 ms  https://api/h",
        "healthy    API Service · Readiness  12 ms  https://api/r",
        "unhealthy  database                        tcp://db:5432",
        "           db:5432 refuses the connection: nothing listens there.",
        "           runbooks/db.md:7",
        "3 probes: 2 healthy, 1 unhealthy.",
    ]


@pytest.mark.parametrize("width", [40, 60, 100])
def test_what_is_redrawn_fits_its_line(width):
    rows = [*asked(), *(Asked(each.probe) for each in asked())]
    lines = list(as_lines(rows, width))
    assert len(lines) == len(rows)
    assert max(map(columns, lines)) <= width


def test_a_book_without_probes_says_how_to_write_one():
    assert "- **Health Check URL:** https://host/health" in "\n".join(as_text([]))


def test_nothing_of_an_answer_is_obeyed_by_the_terminal():
    probe = asked()[0].probe
    evil = Asked(probe, Reading(probe.key, AT, "status", "It said \x1b[2J\x07.", 1.0, 500))
    assert "\x1b[2J" not in "".join([*as_text([evil]), *as_lines([evil], 80)])
