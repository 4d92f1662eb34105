"""The events of an alert: their kinds, and a draft of each. Folds nothing, and decides nothing.

Each episode of an alert, from its first signal to its end, has a stream of its own, `alert/ID`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from opsbook.ledger.event import Draft

AlertStatus = Literal["firing", "acknowledged", "suppressed", "resolved", "stale"]
# How an alert ended: its sender said so, its time was over and nobody sent it again, a person said so.
End = Literal["sender", "expired", "person", "duplicate"]

ALERT_FIRED = "AlertFired"
ALERT_REOPENED = "AlertReopened"
ALERT_CHANGED = "AlertChanged"
ALERT_ACKNOWLEDGED = "AlertAcknowledged"
ALERT_UNACKNOWLEDGED = "AlertUnacknowledged"
ALERT_SUPPRESSED = "AlertSuppressed"
ALERT_RELEASED = "AlertReleased"
ALERT_STALE = "AlertStale"
ALERT_RESOLVED = "AlertResolved"
ALERT_NOTED = "AlertNoted"
ALERT_PAGED = "AlertPaged"
ALERT_ATTACHED = "AlertAttached"
ALERTS = "alert/"


class Place(Struct, frozen=True):
    """The section that an alert leads to, at the commit at which it was matched: `anchor` is empty for the page as a
    whole; `why` is a sentence; `kind` is how it was found, and `score` how sure a search was (1 for all else)."""

    path: str
    anchor: str
    title: str
    commit: str | None
    why: str
    kind: Literal["url", "named", "heading", "label", "service", "search"] = "named"
    score: float = 1.0


def fired(
    *, key: str, source: str, source_group: str, labels: dict[str, str], annotations: dict[str, str],
    fingerprint: str, starts_at: datetime, ends_at: datetime | None, severity: str, severity_why: str,
    service: str | None, group: str, place: Place | None, generator: str = "",
    links: tuple[tuple[str, str], ...] = (), batch: str = "", is_drill: bool = False, why_not_paged: str = "",
    page: str = "",
) -> Draft:  # fmt: skip
    """An alert began. `group` is the key of its group by our own labels; `batch` the delivery that told of it;
    `page` the page that it belongs to from the first (whoever opens an incident for it adds `incident`, its number),
    `why_not_paged` a sentence where nobody is paged for it."""
    return Draft(ALERT_FIRED, {
        "key": key, "source": source, "source_group": source_group, "labels": labels, "annotations": annotations,
        "fingerprint": fingerprint, "starts_at": starts_at.isoformat(), "ends_at": _time(ends_at),
        "severity": severity, "severity_why": severity_why, "service": service, "group": group,
        "place": msgspec.to_builtins(place), "generator": generator, "links": [list(link) for link in links],
        "batch": batch, "is_drill": is_drill, "why_not_paged": why_not_paged, "page": page,
    })  # fmt: skip


def reopened(why: str, *, starts_at: datetime, ends_at: datetime | None, batch: str = "") -> Draft:
    """It fires again within the flap window, or although a person had said that it is over."""
    return Draft(ALERT_REOPENED, {"why": why, "starts_at": starts_at.isoformat(), "ends_at": _time(ends_at),
                                  "batch": batch})  # fmt: skip


def changed(what: dict[str, Any], why: str = "") -> Draft:
    """Some of `labels`, `annotations`, `severity`, `severity_why`, `service`, `place`, `ends_at`, `why_not_paged` are
    others now; plain JSON values."""
    return Draft(ALERT_CHANGED, {"what": what, "why": why})


def acknowledged(
    by: str, until: datetime | None, why: str = "", via: str = "", *, is_snooze: bool = False
) -> Draft:
    """Somebody takes care of it, until it is asked again; `is_snooze` where it only is to be quiet until then. `via` is
    by what: web, command line, link, chat, sender."""
    told = {"is_snooze": True} if is_snooze else {}
    return Draft(ALERT_ACKNOWLEDGED, {"by": by, "until": _time(until), "why": why, "via": via, **told})


def unacknowledged(why: str, by: str = "") -> Draft:
    """Nobody takes care of it any more: the time is over, it got worse, or a person says so."""
    return Draft(ALERT_UNACKNOWLEDGED, {"why": why, "by": by})


def suppressed(by: tuple[str, ...], why: str) -> Draft:
    """It wakes nobody for now: `by` are `silence/ID`s and `alert/ID`s that inhibit it. It is recorded all the same."""
    return Draft(ALERT_SUPPRESSED, {"by": list(by), "why": why})


def released(why: str) -> Draft:
    """Nothing suppresses it any more."""
    return Draft(ALERT_RELEASED, {"why": why})


def stale(why: str) -> Draft:
    """Its sender fell silent: nobody knows whether it still fires. It is never taken for resolved."""
    return Draft(ALERT_STALE, {"why": why})


def resolved(how: End, at: datetime, why: str, by: str = "") -> Draft:
    """It is over since `at`."""
    return Draft(ALERT_RESOLVED, {"how": how, "at": at.isoformat(), "why": why, "by": by})


def noted(text: str, by: str) -> Draft:
    """Somebody wrote something to it."""
    return Draft(ALERT_NOTED, {"text": text, "by": by})


def paged(page: str) -> Draft:
    """It belongs to a page that wakes people."""
    return Draft(ALERT_PAGED, {"page": page})


def attached(incident: int | None, why: str = "") -> Draft:
    """It belongs to the incident of that number from now on; None: to none any more."""
    return Draft(ALERT_ATTACHED, {"incident": incident, "why": why})


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
