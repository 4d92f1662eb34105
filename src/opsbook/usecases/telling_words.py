"""What the receivers of a status update get: its text as it was published, with what tells where it comes from, and how
to get no more. Adds nothing to what somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.maintenance import Maintenance
from opsbook.ledger.telling import Telling
from opsbook.usecases.alerting_ports import Message
from opsbook.usecases.kept_subscribers import Beside
from opsbook.usecases.public_incidents import public_id
from opsbook.usecases.telling_planned import planned_body, planned_facts, planned_title

AGAIN = "You may have got this already: nobody knows whether it came through the first time."
_MARKS = re.compile(r"\*\*|__|^#{1,6}\s+", re.M)


class TellingWords:
    """Writes messages. `address` is how people reach this server, `status` the path of the public status page."""

    def __init__(self, address: str, *, now: Callable[[], datetime], status: str = "/status") -> None:
        self._address = address.rstrip("/")
        self._now = now
        self._status = status

    def update(
        self, telling: Telling, incident: Incident, update: StatusUpdate, *, kind: str, beside: Beside | None = None
    ) -> Message:
        """An update of an incident, for one receiver; `beside` where that is a subscription."""
        body = _MARKS.sub("", update.body).strip()
        leave = self._leave(telling.name, beside) if beside is not None else ""
        url = self._url(incident, update)
        lines = [body, "", *([AGAIN] if telling.may_have_come else ()), url]
        lines += [f"To get no more of these: {leave}"] if leave else ()
        title = _title(incident, update)
        return Message(
            key=_key(telling, update), kind=kind, title=title,
            body="\n".join(lines), severity=_severity(incident, update),
            html=_html(title, body, lines[2:]), page_url=url,
            facts={**self._facts(telling, incident, update),
                   **({"unsubscribe": leave} if kind == "email" and leave else {})},
        )  # fmt: skip

    def planned(self, telling: Telling, maintenance: Maintenance, *, kind: str, beside: Beside) -> Message:
        """What tells a subscriber of planned work."""
        title, body, leave = planned_title(maintenance), planned_body(maintenance), self._leave(telling.name, beside)
        url = f"{self._address}{self._status}#m-{maintenance.id}"
        lines = [_MARKS.sub("", body), "", *([AGAIN] if telling.may_have_come else ()), url]
        lines.append(f"To get no more of these: {leave}")
        facts: dict[str, object] = {
            "purpose": "planned-work", "maintenance": planned_facts(maintenance), "url": url,
            "is_duplicate": telling.may_have_come, "thread": f"planned.{maintenance.id}",
            "sent_at": self._now().isoformat(), **({"unsubscribe": leave} if kind == "email" else {}),
        }  # fmt: skip
        return Message(
            key=key_of(telling), kind=kind, title=title, body="\n".join(lines), severity="P3", page_url=url,
            html=_html(title, lines[0], lines[2:]), facts=facts,
        )  # fmt: skip

    def confirmation(self, telling: Telling, beside: Beside, kind: str, topics: tuple[str, ...]) -> Message:
        """What asks whoever reads at an address whether they want a subscription."""
        link = f"{self._address}{self._status}/subscribe/{quote(telling.name)}/confirm?{_secret(beside.confirm)}"
        about = ", ".join(topics) or "everything"
        body = (
            f"Somebody, probably you, asked to be told here of incidents and maintenance of: {about}.\n\n"
            f"If you want that, open this link within two days:\n{link}\n\n"
            "If not, do nothing: you are told nothing, and this address is forgotten."
        )
        return Message(
            key=key_of(telling), kind=kind, title="Confirm that you want status updates", body=body, severity="P3",
            page_url=link, facts={"purpose": "confirm", "confirm_url": link, "about": list(topics),
                                  "sent_at": self._now().isoformat()},
        )  # fmt: skip

    def _facts(self, telling: Telling, incident: Incident, update: StatusUpdate) -> dict[str, object]:
        """The same for machines; for customers nothing of what is only ours."""
        at = update.published_at or update.drafted_at
        told: Mapping[str, object] = {
            "id": update.id, "body": update.body, "published_at": at.astimezone(UTC).isoformat(),
            "corrects": update.corrects or None, "components": update.components,
            "next_update_at": update.next_due.astimezone(UTC).isoformat() if update.next_due else None,
        }  # fmt: skip
        ours = {"number": incident.number, "title": incident.title, "severity": incident.severity,
                "services": list(incident.services), "is_drill": incident.is_drill}  # fmt: skip
        shown = {"status": incident.status, **(ours if update.audience != "customers" else {})}
        return {
            "purpose": "status-update", "audience": update.audience, "incident": shown, "update": told,
            "is_duplicate": telling.may_have_come, "url": self._url(incident, update),
            "thread": f"update.{_shown_id(telling, update)}.{update.audience}", "sent_at": self._now().isoformat(),
        }  # fmt: skip

    def _url(self, incident: Incident, update: StatusUpdate) -> str:
        path = self._status if update.audience == "customers" else f"/incidents/{incident.number}"
        return f"{self._address}{path}"

    def _leave(self, subscription: str, beside: Beside) -> str:
        return f"{self._address}{self._status}/subscribe/{quote(subscription)}/leave?{_secret(beside.leave)}"


def key_of(telling: Telling) -> str:
    """What the attempt that is about to be made is called for ever."""
    return f"{telling.id}.{len(telling.attempts) + 1}"


def _shown_id(telling: Telling, update: StatusUpdate) -> str:
    """The incident's id; for customers the one that is made for everybody."""
    return public_id("incident", telling.incident) if update.audience == "customers" else telling.incident


def _key(telling: Telling, update: StatusUpdate) -> str:
    """As `key_of`; for customers without what is used inside."""
    if update.audience != "customers":
        return key_of(telling)
    return f"{public_id('telling', telling.id)}.{len(telling.attempts) + 1}"


def _secret(secret: str) -> str:
    return f"key={quote(secret, safe='')}"


def _title(incident: Incident, update: StatusUpdate) -> str:
    drill = "[DRILL] " if incident.is_drill else ""
    corrects = "Correction: " if update.corrects else ""
    if update.audience != "customers":
        return f"{drill}{corrects}[{incident.severity}] {incident.name} {incident.title}: {incident.status}"[:200]
    about = ", ".join(update.components) or "Status update"
    return f"{drill}{corrects}{about}: {incident.status}"[:200]


def _severity(incident: Incident, update: StatusUpdate) -> str:
    return incident.severity if update.audience != "customers" else ""


def _html(title: str, body: str, footer: list[str]) -> str:
    paragraphs = "".join(f"<p>{escape(each).replace(chr(10), '<br>')}</p>" for each in re.split(r"\n{2,}", body))
    foot = "<br>".join(_linked(each) for each in footer if each)
    return f"<h1 style=\"font-size:1.2em\">{escape(title)}</h1>{paragraphs}<p><small>{foot}</small></p>"


def _linked(line: str) -> str:
    lead, found, rest = line.partition("http")
    return f'{escape(lead)}<a href="{escape(found + rest)}">{escape(found + rest)}</a>' if found else escape(line)
