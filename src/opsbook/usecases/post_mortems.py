"""How far the post-mortem of an incident is, as people say. Writes none."""

from __future__ import annotations

from datetime import datetime

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.incident import Incident, stream_of
from opsbook.ledger.incident_events import reviewed
from opsbook.usecases.incident_reports import PageSays
from opsbook.usecases.ledger_ports import EngineLedger

STATES = ("due", "draft", "in review", "reviewed")


def move_post_mortem(
    ledger: EngineLedger, incident: Incident, by: str, state: str, *, why: str, now: datetime, owner: str = "",
    due: str = "", page: PageSays | None = None,
) -> None:  # fmt: skip
    """Says how far it is; what is not told anew stays. Raises Usage for what is no state, Refusal where the incident
    goes on, or where its `page` says another state: what is written there counts."""
    before = incident.post_mortem
    if state not in STATES:
        raise Usage(f"A post-mortem is {', '.join(STATES)}; not '{state[:40]}'.")
    if incident.is_live:
        raise Refusal(f"{incident.name} is {incident.state}: it is resolved first, and learned from then.")
    if before is not None and before.state == state and not (owner or due):
        raise Refusal(f"The post-mortem of {incident.name} is {state} already.")
    if page is not None and page.state != state:
        raise Refusal(
            f"{page.path} says '{page.status}', and what is written there counts. Write another Status on the page, and"
            " the state follows it."
        )
    if state == "reviewed" and page is None and not why.strip():
        raise Usage(f"Say what came of reviewing the post-mortem of {incident.name}: who read it, what was decided.")
    draft = reviewed(
        state, owner=owner or (before.owner if before else ""), due=due or (before.due if before else ""), why=why
    )
    ledger.append(stream_of(incident.id), [draft], expected=None, actor=by, at=now)
