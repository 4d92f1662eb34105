"""What the proofs of action items come to: an address is asked, a procedure's last run is looked at, and of a command
people say what it printed.

**Nothing is run here.** A procedure is started as a run by a person who may run; a command out of a report is text that
anybody who may edit a page could have written, so it is shown and never executed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opsbook.book.probe import Probe
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import action_events
from opsbook.ledger.health import Reading
from opsbook.ledger.run_events import ENDED
from opsbook.ledger.run_view import group_of
from opsbook.usecases.action_items import Item
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.serving_ports import Prober

_RUNS = 20  # of the procedure, the newest
_TIMEOUT_S = 10.0


class Standing(Struct, frozen=True):
    """What a proof comes to now: `is_proven` is None while nothing tells. `evidence` is a sentence, `run` the id of
    the run that it tells of."""

    is_proven: bool | None = None
    evidence: str = ""
    at: datetime | None = None
    run: str = ""


class Proving:
    """Looks at proofs. `prober` asks addresses, within what the configuration lets it reach."""

    def __init__(self, ledger: EngineLedger, prober: Prober, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._prober = prober
        self._now = now

    def standing(self, item: Item) -> Standing:
        """What the proof of an item comes to by what is recorded; asks nothing."""
        if item.proof is None:
            return Standing()
        if item.proof.kind == "procedure":
            return self._last_run(item)
        events = self._ledger.read(action_events.ITEMS + item.key)
        last = next((each for each in reversed(events) if each.kind == action_events.PROVEN), None)
        if last is None or last.facts["how"] != item.proof.value:
            return Standing()  # nobody looked, or it was another proof
        return Standing(last.facts["is_proven"], last.facts["evidence"], last.at, last.facts["run"])

    def look(self, item: Item, why: str) -> Standing:
        """What it comes to now: asks its address, or looks at the last run of its procedure; `why` is what a person
        says of a command or of words. Raises Refusal where nothing can be said yet."""
        if item.proof is None:
            raise Usage(f"'{item.text[:80]}' says nothing that proves it. Write 'proven by' and an address or a link.")
        if item.proof.kind == "address":
            return self._asked(item.proof.value)
        if item.proof.kind == "procedure":
            found = self._last_run(item)
            if found.is_proven is None:
                path, _, anchor = item.proof.value.partition("#")
                raise Refusal(
                    f"No run of '{item.proof.words}' has ended since {item.since or 'then'}. Start it:"
                    f" opsbook run {path}#{anchor}"
                )
            return found
        if not why.strip():
            told = "Run it yourself, and say what it printed" if item.proof.kind == "command" else "Say what shows it"
            raise Refusal(f"Opsbook runs no command out of a report. {told}: '{item.proof.words[:80]}'.")
        return Standing(True, why.strip(), self._now())

    def record(self, item: Item, standing: Standing, by: str) -> None:
        """Keeps what a look came to."""
        assert item.proof is not None
        draft = action_events.proven(
            item.text, is_proven=bool(standing.is_proven), how=item.proof.value, evidence=standing.evidence,
            incident=item.incident, path=item.path, run=standing.run,
        )  # fmt: skip
        stream = action_events.ITEMS + item.key
        self._ledger.append(stream, [draft], expected=None, actor=by, at=self._now())

    def _last_run(self, item: Item) -> Standing:
        assert item.proof is not None
        path, _, anchor = item.proof.value.partition("#")
        for kept in self._ledger.rows("runs", group=group_of(path, anchor), limit=_RUNS):
            run = kept.row.document
            if run["is_dry"] or run["state"] not in ENDED or run["started_at"][:10] < item.since:
                continue
            at = datetime.fromisoformat(run["ended_at"] or run["started_at"])
            is_proven = run["state"] == "succeeded"
            return Standing(is_proven, f"The run {run['id']} of {run['title']} {_came[run['state']]}.", at, run["id"])
        return Standing()

    def _asked(self, address: str) -> Standing:
        probe = Probe("proof", "", 0, 0, 0, None, "http", address, timeout_s=_TIMEOUT_S)
        told: list[Reading] = []
        self._prober.ask([probe], lambda _probe, reading: told.append(reading))
        if not told:
            raise Refusal(f"{address} was asked, and nothing came of it. Try again.")
        reading = told[0]
        return Standing(reading.is_ok, f"{address}: {reading.why}", self._now())


_came = {"succeeded": "succeeded", "failed": "failed", "rolled-back": "was rolled back",
         "rollback-failed": "failed, and so did its rollback", "cancelled": "was cancelled"}  # fmt: skip
