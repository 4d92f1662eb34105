"""An incident in a ledger with a policy page, for tests of what people are told; and a clock that is moved."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.usecases.snapshots import snapshot

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.impact import Impact
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident, incident_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerting_ports import Handed, Message
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.kept_subscribers import KeptSubscribers
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.status_updates import StatusUpdates
from opsbook.usecases.telling import Teller
from opsbook.usecases.telling_owed import owed_to
from opsbook.usecases.telling_parcels import Parcels
from opsbook.usecases.telling_words import TellingWords

START = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
SEED = Path(__file__).parents[2] / "src/opsbook/seed/incidents/incident-response.md"
CHANNELS = """

## Communication Templates

### To Partners

- **Channels:** mail:team@example.org, mail:list@example.org, mail:gone@example.org

```
Something happened.
```

## Public Status Page

| Component | Services |
| --- | --- |
| Paying | payment-api |
"""
IMPACT = Impact(users_pct=40, functions=("Payments",), workaround="partial", users="Nobody can pay by card")


class ToldWorld:
    """A ledger with one incident, and its status updates. `subscribers` are who gets what is published."""

    def __init__(self, folder: Path, policy: str | None = None, ledger: EngineLedger | None = None) -> None:
        self.now = START
        self.ledger = ledger or SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        text = SEED.read_text() if policy is None else policy
        self.book = snapshot({"docs/operations/incidents/incident-response.md": text + CHANNELS} if text else {})
        self.subscribers: list[tuple[str, str]] = []
        self.components: tuple[str, ...] = ("Paying",)
        self.updates = StatusUpdates(
            self.ledger, lambda: self.book, now=lambda: self.now, chance=random.Random(7).randbytes,
            components=lambda book, incident: self.components,
            owed=owed_to(lambda incident, update: self.subscribers),
        )  # fmt: skip

    def declare(self, *, severity: str = "P1", is_drill: bool = False, impact: Impact = IMPACT) -> Incident:
        """An incident that Ada commands and Ben speaks for."""
        self.write(kinds.declared(
            number=14, title="Cards are refused by db-7", state="investigating", severity=severity, severity_why="",
            impact=impact, members=kinds.Members(services=("payment-api",)), is_drill=is_drill,
        ))  # fmt: skip
        self.write(kinds.role_given("Incident Commander", "Ada"))
        self.write(kinds.role_given("Communications Lead", "Ben"))
        return self.incident

    def write(self, draft: Draft, by: str = "Ada") -> None:
        """Records something of the incident."""
        self.ledger.append("incident/one", (draft,), expected=None, actor=by, at=self.now)

    @property
    def incident(self) -> Incident:
        """The incident as it is now."""
        kept = self.ledger.row("incidents", "incident/one")
        assert kept is not None
        return incident_of(kept)

    def draft(self, audience: str, body: str, **more) -> int:
        """A draft by Ben; gives its id."""
        made = self.updates.draft(self.incident, "Ben", audience=audience, body=body, **more)
        return made.updates[-1].id

    def published(self, audience: str, body: str, **more) -> int:
        """An update that was approved where that is needed, and published."""
        update = self.draft(audience, body, **more)
        if audience == "customers":
            self.updates.approve(self.incident, "Ada", update)
        self.updates.publish(self.incident, "Ben", update)
        return update


class Receivers:
    """A notifier that keeps what it was handed, and answers as it is told; nothing is answered while `is_silent`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Message]] = []
        self.answer: Callable[[str], Handed] = lambda address: Handed("accepted", "250")
        self.is_silent = False

    def send(self, message: Message, address: str, tell: Callable[[Handed], None]) -> None:
        """Keeps it, and tells at once what became of it."""
        self.got.append((address, message))
        if not self.is_silent:
            tell(self.answer(address))

    def why_not(self, kind: str) -> str:
        """Everything works."""
        return ""

    def close(self) -> None:
        """There is nothing to end."""


def teller(world: ToldWorld, receivers: Receivers) -> Teller:
    """A new engine over the world's ledger, as after a start."""
    contacts = ContactBook(world.ledger, lambda: world.book, now=lambda: world.now, chance=random.Random(3).randbytes)
    kept = KeptSubscribers(world.ledger, now=lambda: world.now, chance=random.Random(4).randbytes)
    words = TellingWords("https://ops.example.org", now=lambda: world.now)
    guard = Guarded(lambda words: None)
    return Teller(
        world.ledger, receivers, Parcels(contacts, kept, words), now=lambda: world.now, guard=guard, attempt_s=40
    )
