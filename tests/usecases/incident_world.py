"""A small world for incidents: a real ledger, a book with a policy and a runbook, alerts, pages and runs as they come."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.ledger.planned import plan, started
from tests.usecases.snapshots import snapshot

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import alert_events, page_events
from opsbook.ledger.alert import Alert, alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.incident import Incident, folded, incident_of, stream_of
from opsbook.ledger.page import Page, page_of
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.run import stream_of as run_stream
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.incident_acts import Declaration, Incidents
from opsbook.usecases.ledger_ports import EngineLedger, Timer
from opsbook.usecases.library import Book
from opsbook.usecases.page_plan import BookAddresses
from opsbook.usecases.pages import Pages
from opsbook.usecases.waking import Waking

BEGIN = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
RUNBOOK = "# API Service Runbook\n\n**Service:** api-service\n\n## Emergency Contacts\n\n- **On-Call Engineer:** Primary\n"
POLICY = """# Incident Response

## Incident Classification

| Severity | Meaning | Status Updates |
| --- | --- | --- |
| P0 | All is lost | every 20 minutes |
| P1 | Much is lost | every 30 minutes |
| P2 | Some is lost | every working day |
| P3 | Nobody is hindered | when it is resolved |

- **Incident Channel:** #war

### Roles

| Role | Does | Taken by |
| --- | --- | --- |
| Incident Commander | Decides | Whoever acknowledges, until handed over |
| Operator | Carries out the runbook | Primary |
| Communications Lead | Writes | Named by the commander for P0 and P1 |

## People

| Name | Handle | E-Mail |
| --- | --- | --- |
| Ada Byron | @ada | ada@example.org |
| Ben Nevis | @ben | ben@example.org |
| Cem Kaya | @cem | cem@example.org |

## Escalation

- **Services:** all

| Level | After | Contact |
| --- | --- | --- |
| 1 | 0 minutes | @ada |
| 2 | 5 minutes | @ben |

### Primary

- **Time Zone:** Europe/Copenhagen

| Rotation | Start | Hand-Over | Participants | Hours |
| --- | --- | --- | --- | --- |
| weekly | 2026-11-02 | Monday 09:00 | @cem | always |
"""


class IncidentWorld:
    """Incidents over a ledger. `at` is what time it is; `book` may be replaced."""

    def __init__(self, ledger: EngineLedger, policy: str = POLICY) -> None:
        self.at = BEGIN
        self.ledger = ledger
        self.count = 0
        self.book = self.with_policy(policy)
        self.acts = self.another(ledger)

    def with_policy(self, policy: str) -> Book:
        self.book = snapshot({"docs/incidents/incident-response.md": policy, "docs/runbooks/api.md": RUNBOOK})
        return self.book

    def another(self, ledger: EngineLedger) -> Incidents:
        """The verbs of another process over the same incidents."""
        waking = Waking(lambda: self.book, BookAddresses(self.book), ("@ada",), 1800.0)
        alerts = Alerts(ledger, now=lambda: self.at, ack_timeout_s=1800.0)
        self.pages = Pages(
            ledger, now=lambda: self.at, chance=secrets.token_bytes, waking=waking, alerts=alerts, ack_timeout_s=1800.0
        )
        return Incidents(ledger, lambda: self.book, self.pages, now=lambda: self.at, chance=secrets.token_bytes)

    def forward(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at

    def declare(self, title: str = "The API is down", by: str = "ada", **said: object) -> Incident:
        return self.acts.declare(Declaration(title, **said), by)  # type: ignore[arg-type]

    def alert(
        self, name: str = "ApiDown", severity: str = "P1", *, page: str = "", ago_s: float = 0.0, id: str = ""
    ) -> str:
        """An alert that fires; gives its id."""
        self.count += 1
        id = id or f"{self.at:%y%m%d-%H%M%S}-al{self.count:02}"
        began = self.at - timedelta(seconds=ago_s)
        draft = alert_events.fired(
            key=id, source="am", source_group="am", labels={"alertname": name}, annotations={}, fingerprint=id,
            starts_at=began, ends_at=None, severity=severity, severity_why="its label says so", service="api-service",
            group="g", place=None, page=page,
        )  # fmt: skip
        self.ledger.append(alert_stream(id), [draft], expected=0, actor="router", at=self.at)
        return id

    def page(self, *alerts: str) -> str:
        """A page that wakes people for these; gives its id."""
        self.count += 1
        id = f"{self.at:%y%m%d-%H%M%S}-pg{self.count:02}"
        frozen = self.pages._waking.policy(["@ada"], None, "P1", self.at, by="router")
        opened = page_events.page_opened(
            group=f"g{self.count}", subject="It is down", severity="P1", service="api-service", alerts=alerts,
            policy=frozen, place=None,
        )  # fmt: skip
        stream = page_stream(id)
        timers = [Timer(stream, "level", self.at)]
        self.ledger.append(stream, [opened], expected=0, actor="router", at=self.at, set_timers=timers)
        for each in alerts:
            self.ledger.append(
                alert_stream(each), [alert_events.paged(id)], expected=None, actor="router", at=self.at
            )
        return id

    def run(self) -> str:
        """A run that began; gives its id."""
        self.count += 1
        id = f"{self.at:%y%m%d-%H%M%S}-rn{self.count:02}"
        self.ledger.append(run_stream(id), [started(plan())], expected=0, actor="ada", at=self.at)
        return id

    def ended(self, alert: str) -> None:
        """Its sender says that an alert is over."""
        over = alert_events.resolved("sender", self.at, "Its sender says that it is over.")
        self.ledger.append(alert_stream(alert), [over], expected=None, actor="router", at=self.at)

    def read_alert(self, id: str) -> Alert:
        kept = self.ledger.row("alerts", alert_stream(id))
        assert kept is not None
        return alert_of(kept)

    def read_page(self, id: str) -> Page:
        kept = self.ledger.row("pages", page_stream(id))
        assert kept is not None
        return page_of(kept)

    def refolded(self, incident: Incident) -> Incident:
        """The incident by its events alone."""
        made = folded(self.ledger.read(stream_of(incident.id)))
        assert made is not None
        return made

    def row(self, incident: Incident) -> Incident:
        """The incident as the view keeps it."""
        kept = self.ledger.row("incidents", stream_of(incident.id))
        assert kept is not None
        return incident_of(kept)


def opened(folder: Path, clock: Callable[[], datetime] | None = None) -> SqliteLedger:
    """A ledger in a file."""
    now = clock or (lambda: BEGIN)
    return SqliteLedger(str(folder / "opsbook.db"), views=VIEWS, clock=lambda: int(now().timestamp() * 1e6))


def opened_at(address: str) -> SqliteLedger | PostgresLedger:
    """The ledger at an address: of PostgreSQL, or a file."""
    if address.startswith("postgres"):
        return PostgresLedger(address, views=VIEWS)
    return SqliteLedger(address, views=VIEWS)
