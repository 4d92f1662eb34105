"""A book and a ledger full of marked secrets, with what customers may know among them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.entrypoints.door import Door

from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.health import Reading
from opsbook.usecases.ledger_ports import Write

# Whatever begins so must not be on a public page.
MARK = "zqsecret"
PAGES = {
    "docs/operations/README.md": f"# Operations {MARK}-readme\n\n- [The API](runbooks/{MARK}-api.md)\n",
    f"docs/operations/runbooks/{MARK}-api.md": f"""# Runbook: {MARK}-service

**Service:** {MARK}-service
**Owner:** {MARK}-owner

## Overview
Runs on {MARK}-host.internal.

## Health Checks
- **Health Check URL:** http://127.0.0.1:9/{MARK}-health
- **Expected Response:** 200 OK {MARK}-body
""",
    f"docs/operations/runbooks/{MARK}-hidden.md": f"# Runbook: {MARK}-hidden\n\n**Service:** {MARK}-hidden\n",
    "docs/operations/incidents/incident-response.md": f"""# Incident Response {MARK}-title

**Owner:** {MARK}-policy-owner

- **Incident Channel:** #{MARK}-channel

## Status Page

{MARK}-prose of the section is for us.

- **Title:** Example Status
- **Introduction:** How the shop is.
- **Contact:** help@example.org

| Component | Services | Description | Group |
| --- | --- | --- | --- |
| Paying | {MARK}-service | Cards & <invoices> | Shop |
| Telephone | | | |

## People

| Name | Handle | Phone | E-Mail |
| --- | --- | --- | --- |
| Ada {MARK}-ada | @{MARK}ada | +45 5550 0101 | {MARK}@example.org |
""",
}
BODY = "**Cards are refused**\n\nSome cards are <b>refused</b> & we look at it.\nSee https://example.org/help?a=1&b=2."


def happened(door: Door, at: datetime) -> dict[str, str]:
    """Records incidents, planned work and readings, the secrets marked; the ids of the incidents by what they are."""
    known = {}
    for number, name in enumerate(("live", "over", "drill", "quiet"), 1):
        known[name] = f"261126-10000{number}-{MARK}"
        drafts = _incident(name, number, at)
        door.desk.ledger.record(
            [Write(f"incident/{known[name]}", drafts, 0), Write(f"incident-number/{number}", [events.numbered(known[name])], 0)],
            actor=f"{MARK}-commander", at=at - timedelta(hours=1),
        )  # fmt: skip
    door.desk.maintenances.announce(
        "Database upgrade", f"{MARK}-planner", starts_at=at + timedelta(hours=5), ends_at=at + timedelta(hours=6),
        body="Paying may be slow.", components=["paying"], silence=f"{MARK}-silence",
    )  # fmt: skip
    cancelled = door.desk.maintenances.announce(
        f"{MARK}-cancelled", f"{MARK}-planner", starts_at=at + timedelta(hours=5), ends_at=at + timedelta(hours=6)
    )
    door.desk.maintenances.end(cancelled.id, f"{MARK}-planner")
    probe = next(iter(door.desk.library.snapshot().facts[f"docs/operations/runbooks/{MARK}-api.md"].probes))
    door.desk.samples.add([
        Reading(probe.key, at - timedelta(days=1, minutes=n), "ok" if n else "refused", f"{MARK}-why", 3.0) for n in range(9)
    ])  # fmt: skip
    return known


def _incident(name: str, number: int, at: datetime) -> list[Draft]:
    drafts = [
        events.declared(
            number=number, title=f"{MARK}-internal-title", state="investigating", severity="P1",
            severity_why=f"{MARK}-severity", members=events.Members((f"{MARK}-alert",), services=(f"{MARK}-service",)),
            summary=f"{MARK}-summary", is_drill=name == "drill", policy=f"{MARK}-policy.md",
        ),
        events.noted(f"{MARK}-note"),
        events.update_drafted(1, audience="team", body=f"{MARK}-team", channels=(f"#{MARK}",)),
        events.update_published(1, (f"{MARK}-delivery",)),
        events.update_drafted(2, audience="customers", body=f"{MARK}-draft", components={"Paying": "major_outage"}),
    ]  # fmt: skip
    if name == "quiet":
        return drafts
    body = f"{MARK}-drilled" if name == "drill" else BODY
    components = {"paying": "partial_outage", f"{MARK}-unlisted": "major_outage"}
    drafts += [
        events.update_drafted(3, audience="customers", body=body, components=components, template=f"{MARK}.md#x"),
        events.update_approved(3, f"{MARK}-approver"),
        events.update_published(3, ()),
        events.update_drafted(4, audience="customers", body=f"{MARK}-wrong words"),
        events.update_published(4, ()),
        events.update_drafted(5, audience="customers", body="Some cards work again.", corrects=4),
        events.update_published(5, ()),
        events.update_drafted(6, audience="customers", body=f"{MARK}-withdrawn"),
        events.update_published(6, ()),
        events.update_withdrawn(6, f"{MARK}-reason"),
    ]
    if name == "over":
        drafts += [events.moved("resolved", f"{MARK}-moved"), events.edited("root_cause", "", f"{MARK}-cause")]
    return drafts


def moment() -> datetime:
    """Now, in whole minutes."""
    return datetime.now(UTC).replace(second=0, microsecond=0)
