"""Alerts, pages and silences of a shop as a ledger holds them, for what shows them: firing, acknowledged, held, over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from opsbook.ledger import alert_events as alert
from opsbook.ledger import page_events as page
from opsbook.ledger.alert_events import Place
from opsbook.ledger.event import Draft
from opsbook.ledger.matchers import Matcher
from opsbook.ledger.page_events import FrozenPolicy, OwedNotification, PlannedLevel
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.silences import Silences

ALERT, PAGE = "261126-031000-aaaa", "261126-031001-paaa"  # the gravest, and the page that wakes people for it
RUNBOOKS = "docs/operations/runbooks"
POLICY = FrozenPolicy(
    "Urgent Escalation", "docs/operations/incidents/incident-response.md", 40, None,
    (
        PlannedLevel(1, 0.0, ("Primary On-Call",), "level 1"),
        PlannedLevel(2, 600.0, ("Shop team",), "level 2"),
        PlannedLevel(3, 1800.0, ("@jo",), "level 3"),
    ),
    catch_all=("#shop-alerts",), ack_timeout_s=1800.0, why="The escalation for P0 and P1.",
)  # fmt: skip


def fired(name: str, severity: str, at: datetime, *, service: str | None = None, summary: str = "",
          place: Place | None = None, **labels: str) -> Draft:  # fmt: skip
    """An alert's beginning, grouped by its name and service."""
    known = {"alertname": name, "severity": severity, **({"service": service} if service else {}), **labels}
    return alert.fired(
        key=",".join(f"{name}={value}" for name, value in sorted(known.items())), source="prometheus",
        source_group="prometheus", labels=known, annotations={"summary": summary} if summary else {},
        fingerprint=f"{abs(hash((name, *sorted(labels.items())))):016x}"[:16], starts_at=at, ends_at=None,
        severity=severity, severity_why=f"The label severity says {severity}.", service=service,
        group=f'{{alertname="{name}", service="{service or ""}"}}', place=place,
    )  # fmt: skip


def place(page_name: str, anchor: str, title: str, why: str) -> Place:
    """A section of a runbook of the shop."""
    return Place(f"{RUNBOOKS}/{page_name}.md", anchor, title, None, why)


def owed(id_: int, person: str, kind: str, at: datetime, *, level: int = 1, contact: str = "…0102", why: str = "",
         fallback_of: int = 0) -> OwedNotification:  # fmt: skip
    """A message to somebody who is on call."""
    told = why or "on call by the schedule 'Primary On-Call' until Monday 09:00"
    return OwedNotification(
        id_, person, person.split()[0].lower(), kind, contact, level, 1, told, at, fallback_of=fallback_of
    )


def opened(subject: str, severity: str, service: str, alerts: tuple[str, ...], where: Place | None) -> Draft:
    """The beginning of a page."""
    return page.page_opened(
        group=f'{{alertname="{subject}", service="{service}"}}', subject=f"{subject} · {service}", severity=severity,
        service=service, alerts=alerts, policy=POLICY, place=where,
    )  # fmt: skip


def lay_alerts(ledger: Any, now: datetime) -> None:
    """Fills a ledger: a page that wakes people, one that is acknowledged, one that nobody answered, and their alerts."""

    def record(stream: str, at: datetime, *drafts: Draft) -> None:
        ledger.record([Write(stream, drafts)], actor="pager", at=at)

    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    bank = place("payments", "issue-the-bank-refuses-connections", "Issue: The bank refuses connections",
                 "The alert is named below the heading.")  # fmt: skip
    _over(record, now, bank)
    first = (ALERT, "261126-031002-aaab", "261126-031004-aaac")
    for number, id_ in enumerate(first):
        record(f"alert/{id_}", ago(4 - number / 10), fired(
            "PaymentsDown", "P0", ago(5), service="payments", place=bank, instance=f"payments-{number + 1}",
            summary="No payment went through for five minutes.",
        ), alert.paged(PAGE))  # fmt: skip
    record(
        f"page/{PAGE}", ago(4), opened("PaymentsDown", "P0", "payments", first, bank),
        page.level_reached(1, 1, "The first level is paged at once."),
        page.owed(owed(1, "Kim Okafor", "push", ago(4), contact="push-1")), page.attempt_begun(1, 1),
        page.attempt_ended(1, 1, "failed", reason="The device is not registered any more.", latency_ms=212.0),
        page.owed(owed(2, "Kim Okafor", "sms", ago(4), fallback_of=1)), page.attempt_begun(2, 1),
        page.attempt_ended(2, 1, "delivered", latency_ms=1840.0),
    )  # fmt: skip
    slow = place("database", "", "Database Runbook", "The runbook of its service.")
    record("alert/261126-025100-baaa", ago(23), fired(
        "ReplicationLag", "P1", ago(24), service="database", place=slow, instance="db-2",
        summary="The replica is 95 s behind.",
    ), alert.paged("261126-025101-pbbb"), alert.acknowledged("Ana Sousa", now + timedelta(minutes=20), via="link"))  # fmt: skip
    record(
        "page/261126-025101-pbbb", ago(23),
        opened("ReplicationLag", "P1", "database", ("261126-025100-baaa",), slow), page.level_reached(1, 1, ""),
        page.owed(owed(1, "Ana Sousa", "email", ago(23), contact="a…@example.org")), page.attempt_begun(1, 1),
        page.attempt_ended(1, 1, "accepted", latency_ms=88.0),
    )  # fmt: skip
    record("page/261126-025101-pbbb", ago(20), page.page_acknowledged("Ana Sousa", "link", now + timedelta(minutes=20)))
    record("alert/261126-020000-caaa", ago(70), fired(
        "MailQueueLong", "P2", ago(71), service="mail", summary="4,100 mails wait.", queue="outgoing",
    ), alert.stale("Its sender fell silent at 02:30: nobody knows whether it still fires."))  # fmt: skip
    record("alert/261126-030500-daaa", ago(9), fired("DiskFillsUp", "P2", ago(10), instance="build-1", mount="/var",
                                                      summary="Full within four hours."))  # fmt: skip
    lay_silences(ledger, record, now)


def _over(record: Any, now: datetime, bank: Place) -> None:
    """What was in the days before."""
    for day in range(1, 25):
        for number in range(1 + day * 7 % 4):
            at = now - timedelta(days=day, hours=number * 5 % 24)
            stem = f"2611{26 - day:02d}-{number:02d}1500" if day < 26 else "x"
            name, service = (("PaymentsDown", "payments"), ("ReplicationLag", "database"), ("MailQueueLong", "mail"))[
                (day + number) % 3
            ]
            ended = at + timedelta(minutes=3 if name == "MailQueueLong" else 40)
            woke = name != "MailQueueLong"
            record(f"alert/{stem}-e{number}", at, fired(name, "P1", at, service=service, place=bank if woke else None),
                   *([alert.paged(f"{stem}-p{number}")] if woke else []))  # fmt: skip
            if woke:
                who = ("Kim Okafor", "Ana Sousa", "Jo Lind")[day // 7 % 3]
                record(
                    f"page/{stem}-p{number}", at, opened(name, "P1", service, (f"{stem}-e{number}",), bank),
                    page.level_reached(1, 1, ""), page.owed(owed(1, who, "sms", at)), page.attempt_begun(1, 1),
                    page.attempt_ended(1, 1, "delivered", latency_ms=900.0 + 37 * day),
                )  # fmt: skip
                answered = at + timedelta(minutes=1 + day % 9)
                record(f"alert/{stem}-e{number}", answered, alert.acknowledged(who, None, via="link"))
                record(f"page/{stem}-p{number}", answered, page.page_acknowledged(who, "link", None))
                record(f"page/{stem}-p{number}", ended, page.page_done("resolved", "All of its alerts are over."))
            record(f"alert/{stem}-e{number}", ended, alert.resolved("sender", ended, "Its sender says that it is over."))


def lay_silences(ledger: Any, record: Any, now: datetime) -> None:
    """A silence that holds an alert, one that comes again every night, one that is to come."""
    counter = iter(range(1, 100))
    silences = Silences(ledger, now=lambda: now, chance=lambda many: bytes([next(counter)] * many))
    held = silences.add(
        (Matcher("alertname", "BackupLate"),), starts_at=now, ends_at=now + timedelta(hours=6), by="jo",
        comment="The backup host is being replaced; it is late until the morning.",
    )  # fmt: skip
    silences.add(
        (Matcher("instance", "build-.*", is_regex=True), Matcher("severity", "P3")), starts_at=now,
        ends_at=now + timedelta(hours=3), by="kim", comment="Builds run at night.", rule="FREQ=DAILY",
        time_zone="Europe/Copenhagen",
    )  # fmt: skip
    silences.add(
        (Matcher("service", "database"),), starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=2, hours=2),
        by="ana", comment="PostgreSQL is upgraded.", kind="maintenance",
    )  # fmt: skip
    at = now - timedelta(minutes=50)
    record("alert/261126-022500-faaa", at, fired("BackupLate", "P2", at, summary="The last backup is 31 h old."),
           alert.suppressed((f"silence/{held.id}",), "A silence of jo holds it."))  # fmt: skip
