"""A small world of alerts: a ledger in a file, a book in memory, a clock that is moved. Nobody is paged in it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace
from tests.usecases.snapshots import snapshot

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.page import read_page
from opsbook.ground.errors import Usage
from opsbook.ledger.alert import Alert, alert_of
from opsbook.ledger.page import Page, page_of
from opsbook.ledger.signal import Batch, Signal, Source
from opsbook.ledger.silence import Silence
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.inhibiting import Inhibiting
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.matching import Matcher
from opsbook.usecases.receive import Receiving
from opsbook.usecases.routing import Router, Routes
from opsbook.usecases.silences import Silences

HOOK = Source("hook", "alertmanager", "am")
API = Source("prometheus", "alertmanager-api", "am")
PAGERDUTY = Source("agents", "pagerduty", "pd")
RESPONSE = """# Incident Response

| Name | Handle | E-Mail |
| --- | --- | --- |
| Ada Byron | @ada | ada@example.org |
| Ben Nevis | @ben | ben@example.org |

## Severity Levels

| Severity | Meaning | Labels |
| --- | --- | --- |
| P0 | All is down | critical |
| P1 | Some is down | high |
| P2 | It is slow | warning |
| P3 | It can wait | info |

## Inhibition

| While | Quiet | Same |
| --- | --- | --- |
| ClusterDown | `severity="warning"` | service |

## Escalation

### Urgent Escalation

- **Services:** all
- **Severities:** P0, P1

| Level | After | Contact |
| --- | --- | --- |
| 1 | 0 minutes | @ada |
| 2 | 5 minutes | @ben |

### Calm Escalation

- **Services:** all
- **Severities:** P2

| Level | After | Contact |
| --- | --- | --- |
| 1 | 0 minutes | @ben |
"""
WEB = """# Web Runbook

**Service:** web

## Overview

It serves.

## Troubleshooting

### Issue: nginx is down or will not start

**Symptoms:** `WebDown` fires. Port 80 refuses connections.

**Cause:** A file is wrong.

**Solution:**

1. Ask nginx which file it rejects.
   ```bash
   nginx -t
   ```
2. Put the last good copy back.

### Issue: web answers 502

**Symptoms:** Every path answers 502.

**Cause:** The upstream is gone.

**Solution:**

1. Look at the upstream.
   ```bash
   ls -l conf/upstream.conf
   ```
"""
BOOK = {
    "docs/operations/incidents/incident-response.md": RESPONSE,
    "docs/operations/runbooks/web.md": WEB,
}


class Shelf:
    """A library of pages in memory; every state of it has another number."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.number = 0
        self.put(pages)

    def put(self, pages: Mapping[str, str]) -> None:
        self.pages = dict(pages)
        self.number += 1
        self.book = replace(snapshot(dict(pages)), number=self.number)

    def snapshot(self):
        return self.book

    def around(self):
        return SimpleNamespace(book="docs/operations")

    def wait_whole(self, timeout_s: float) -> bool:
        return True

    def read(self, path: str) -> bytes:
        return self.pages[path].encode()

    def page(self, path: str):
        if path not in self.pages:
            raise Usage(f"There is no page '{path}'.")
        return read_page(path, self.pages[path].encode())


class AlertWorld:
    """Alerts over a ledger of their own; `at` is what the clock says."""

    def __init__(self, folder: Path, pages: Mapping[str, str] = BOOK, ledger: Any = None) -> None:
        self.at = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
        self.ledger = ledger or SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        self.library = Shelf(pages)
        self.matcher = Matcher(self.library, None, lambda: "c0ffee", {"https://wiki.example.org/ops": "docs/operations"})
        self.receiving = Receiving(self.ledger, now=lambda: self.at, chance=secrets.token_bytes)
        self.silences = Silences(self.ledger, now=lambda: self.at, chance=secrets.token_bytes)
        self.router = Router(
            self.ledger, self.matcher, self.silences, Routes(), now=lambda: self.at,
            chance=secrets.token_bytes, inhibiting=Inhibiting(self.ledger, self.library.snapshot),
        )  # fmt: skip

        self.verbs = Alerts(self.ledger, now=lambda: self.at, ack_timeout_s=1800)

    def later(self, **length: float) -> None:
        """The clock goes on, and what is due then is done, each at its time."""
        end = self.at + timedelta(**length)
        while (timer := min(self.timers("alert/", "silence/"), key=lambda each: each.due, default=None)) is not None:
            if timer.due > end:
                break
            self.at = max(self.at, timer.due)
            self.turn(timer)
        self.at = end

    def turn(self, timer: Timer) -> None:
        if timer.stream.startswith("alert/"):
            self.router.look([timer])
        else:
            self.router.turn([timer])

    def timers(self, *prefixes: str) -> list[Timer]:
        """All timers of such streams, due or not."""
        rows = self.ledger._rows("SELECT stream, name, due, facts FROM timer ORDER BY due", ())
        return [timer for timer in map(_timer, rows) if timer.stream.startswith(prefixes)]

    def hear(self, *signals: Signal, source: Source = HOOK) -> None:
        """A body with these signals comes in and is routed."""
        self.receive(*signals, source=source)
        self.route()

    def receive(self, *signals: Signal, source: Source = HOOK) -> None:
        self.receiving.receive(source, Batch("test", signals), b"{}")

    def route(self) -> None:
        self.router.route([timer.stream for timer in self.timers("batch/")])

    @property
    def alerts(self) -> list[Alert]:
        """All alerts, the first that began first."""
        return [alert_of(row) for row in reversed(self.ledger.rows("alerts", limit=100_000))]

    @property
    def alert(self) -> Alert:
        """The only alert."""
        (only,) = self.alerts
        return only

    @property
    def pages(self) -> list[Page]:
        """All pages, the first that was opened first."""
        return [page_of(row) for row in reversed(self.ledger.rows("pages", limit=100_000))]

    def kinds(self, stream: str) -> list[str]:
        return [event.kind for event in self.ledger.read(stream)]

    def silence(self, id: str) -> Silence:
        return self.silences.find(id)

    def fires(self, name: str = "WebDown", key: str = "k1", severity: str = "critical", **given) -> Signal:
        """A signal that an alert of the service web fires since now, unless told otherwise."""
        labels = {"alertname": name, "service": "web", "severity": severity, "instance": key, **given.pop("labels", {})}
        return Signal(key, "firing", labels, {"summary": f"{name} at {key}", **given.pop("annotations", {})},
                      starts_at=given.pop("starts_at", self.at), **given)  # fmt: skip

    def ends(self, signal: Signal) -> Signal:
        return replace(signal, action="resolved", ends_at=self.at)

    def close(self) -> None:
        self.ledger.close()


def _timer(row) -> Timer:
    import json

    stream, name, due, facts = row
    at = due if isinstance(due, datetime) else datetime.fromtimestamp(due / 1e6, UTC)  # as PostgreSQL keeps it, or SQLite
    return Timer(stream, name, at, json.loads(facts))
