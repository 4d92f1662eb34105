"""A small world of one incident: a ledger in a file, a clock that is moved, and what others would record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import alert_events, incident, incident_events, page_events
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.health import HEALTH_CHANGED
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import Members
from opsbook.ledger.page_events import FrozenPolicy, OwedNotification
from opsbook.ledger.views import VIEWS
from opsbook.usecases.incident_timeline import TimelineEntry, Timelines

START = datetime(2026, 3, 27, 3, 10, tzinfo=UTC)


class World:
    """What is recorded, minute by minute."""

    def __init__(self, place: Path) -> None:
        self.ledger = SqliteLedger(str(place / "ledger.db"), views=VIEWS)
        self.now = START
        self.timelines = Timelines(self.ledger, now=lambda: self.now)

    def forward(self, minutes: float) -> None:
        """Moves the clock."""
        self.now += timedelta(minutes=minutes)

    def put(self, stream: str, *drafts: Draft, actor: str = "ada") -> tuple[Event, ...]:
        """Records events of one stream."""
        return self.ledger.append(stream, list(drafts), expected=None, actor=actor, at=self.now)

    def declare(self, members: Members | None = None, number: int = 14, id: str = "i14", **more: object) -> Incident:
        """An incident with what belongs to it."""
        self.put(incident.stream_of(id), incident_events.declared(
            number=number, title="Web is down", state="investigating", severity="P1", severity_why="All users.",
            members=members, **more,  # type: ignore[arg-type]
        ))  # fmt: skip
        return self.find(id)

    def find(self, id: str = "i14") -> Incident:
        """The incident as it is."""
        found = incident.folded(self.ledger.read(incident.stream_of(id)))
        assert found is not None
        return found

    def tell(self, *drafts: Draft, id: str = "i14", actor: str = "ada") -> tuple[Event, ...]:
        """Records events of the incident."""
        return self.put(incident.stream_of(id), *drafts, actor=actor)

    def fire(self, alert: str = "a1", name: str = "WebDown", starts_at: datetime | None = None) -> tuple[Event, ...]:
        """An alert begins."""
        return self.put(f"alert/{alert}", alert_events.fired(
            key=alert, source="am", source_group="am", labels={"alertname": name}, annotations={"summary": "It is down"},
            fingerprint=alert, starts_at=starts_at or self.now, ends_at=None, severity="P1", severity_why="",
            service="web", group="web", place=None,
        ), actor="am")  # fmt: skip

    def page(self, page: str = "p1") -> tuple[Event, ...]:
        """People are paged, and one message is owed."""
        policy = FrozenPolicy("Urgent", "incidents/incident-response.md", 1, None, ())
        owed = OwedNotification(1, "Ada Byron", "ada", "sms", "…42", 1, 1, "", self.now)
        return self.put(
            f"page/{page}",
            page_events.page_opened(group="web", subject="WebDown · web", severity="P1", service="web", alerts=("a1",),
                                    policy=policy, place=None),
            page_events.level_reached(1, 1, "It begins."), page_events.owed(owed), actor="opsbook",
        )

    def health(self, to: str, probe: str = "k1", service: str = "web") -> tuple[Event, ...]:
        """A health check changes."""
        return self.put(f"probe/{probe}", Draft(HEALTH_CHANGED, {
            "probe": probe, "service": service, "address": "http://web/health", "name": "", "from": "healthy", "to": to,
            "why": "3 readings in a row failed.",
        }), actor="opsbook")  # fmt: skip

    def entries(self, id: str = "i14") -> Sequence[TimelineEntry]:
        """The timeline."""
        return self.timelines.entries(self.find(id))

    def words(self, id: str = "i14") -> list[str]:
        """What it says."""
        return [each.text for each in self.entries(id)]

    def fresh(self, id: str = "i14") -> Sequence[TimelineEntry]:
        """The timeline as somebody composes it who has seen nothing before."""
        return Timelines(self.ledger, now=lambda: self.now).entries(self.find(id))
