"""A small world of alerts whose policy page says that some of them open an incident by themselves."""

from __future__ import annotations

from tests.usecases.alert_world import BOOK, RESPONSE, AlertWorld

from opsbook.ledger.incident import Incident, incident_of

POLICY = "docs/operations/incidents/incident-response.md"
LINE = "- **Opens an Incident:** alerts of P0 and P1\n"


def saying(*lines: str) -> dict[str, str]:
    """The book with these lines on its policy page."""
    said = "\n".join(lines)
    return {**BOOK, POLICY: RESPONSE.replace("## Inhibition", f"{said}\n\n## Inhibition", 1)}


class OpeningWorld(AlertWorld):
    """Alerts that open incidents."""

    def __init__(self, folder, *lines: str, pages=None, **more) -> None:
        super().__init__(folder, {**saying(*(lines or (LINE,))), **(pages or {})}, **more)

    @property
    def incidents(self) -> list[Incident]:
        """All incidents, the first that was declared first."""
        return [incident_of(row) for row in reversed(self.ledger.rows("incidents", limit=100_000))]

    @property
    def incident(self) -> Incident:
        """The only incident."""
        (only,) = self.incidents
        return only

    def record(self, stream: str, *drafts, by: str = "ada") -> None:
        """What a person records."""
        self.ledger.append(stream, drafts, expected=None, actor=by, at=self.at)
