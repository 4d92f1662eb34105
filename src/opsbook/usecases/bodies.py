"""The verbs of what inlets received: bodies as they came, what was understood of each, and to receive one again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.event import Event
from opsbook.ledger.inbound.parsers import parser_of
from opsbook.ledger.signal import BATCHES, Batch, Slip, Source, batch_of, source_of, was_cut
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.receive import CHANGES, RAW, Receipt, Receiving

OF_ITS_TIME = "alertmanager-api"  # the kind whose bodies have a meaning only when they come
MOST_LOOKED_AT = 5_000  # bodies, where only some are wanted
MOST_OF_A_DAY = 1_000_000
MOST_FORGOTTEN = 10_000  # at a time
CHANGES_DAYS = 400  # at the least: deploys are looked up for incidents long after their bodies went, and are small
FORGOTTEN_AT_ONCE = 1_000  # in one transaction


class Body(Struct, frozen=True):
    """A body as it was received; `raw` is None where it is not kept any more."""

    id: str
    at: datetime
    source: Source
    format: str
    signals: int
    slips: tuple[Slip, ...]
    headers: dict[str, str]
    size: int | None
    raw: bytes | None = None
    is_held: bool = False  # its inlet was paused, so nothing of it was routed
    is_cut: bool = False  # nothing of it could be read, and only its beginning is kept


class Bodies:
    """What the inlets of a ledger received."""

    def __init__(
        self, ledger: EngineLedger, inlets: Inlets, receiving: Receiving, *, now: Callable[[], datetime],
        keep_days: int, keep_bytes: int,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._inlets = inlets
        self._receiving = receiving
        self._now = now
        self._keep_days = keep_days
        self._keep_bytes = keep_bytes

    def latest(self, *, inlet: str = "", slips_only: bool = False, limit: int = 50) -> list[Body]:
        """Those that are kept, the last received first: of one inlet, or those alone that could not be read whole."""
        found: list[Body] = []
        looked_at = 0
        for day in range(self._keep_days + 2):
            prefix = f"{RAW}{self._now() - timedelta(days=day):%y%m%d}-"
            for name in reversed(self._ledger.attachments(prefix, limit=MOST_OF_A_DAY)):
                looked_at += 1
                if len(found) >= limit or looked_at > MOST_LOOKED_AT:
                    return found
                body = self._body(name.removeprefix(RAW))
                if body is not None and _is_wanted(body, inlet, slips_only=slips_only):
                    found.append(body)
        return found

    def find(self, id: str) -> Body:
        """One, with its bytes; raises Usage where there is none of that id."""
        body = self._body(id.removeprefix(BATCHES).partition(".")[0])
        if body is None:
            raise Usage(f"Nothing was received as '{id[:64]}'. 'opsbook inlet raw' lists what was.")
        return body

    def replay(self, id: str) -> Receipt:
        """Receives one again, as its inlet reads it now. Raises Refusal where its bytes are not kept any more, or
        cannot be read again."""
        body = self.find(id)
        if body.raw is None:
            raise Refusal(f"The bytes of {body.id} are not kept any more (alerts.keep_days); nothing is left to read.")
        if body.source.kind == OF_ITS_TIME:
            raise Refusal(
                f"{body.id} was posted to Alertmanager's API, and that tells what fires at the moment and for minutes"
                " alone: received now it would tell of then. Whatever fires still is posted again by its sender within"
                " a minute or two."
            )
        if body.is_cut:
            raise Refusal(f"Only the beginning of {body.id} is kept, which cannot be read; its sender sends it again.")
        self._inlets.all()  # so that the mapping is the one of now
        parse = parser_of(body.source.kind, body.headers, self._inlets.mapping_of(body.source.name))
        # Where an address told as well as a body, as Opsgenie's do, what was understood is all that is left.
        batch = parse(body.raw) if parse is not None else self._understood(body.id)
        source = replace(body.source, is_paused=False)  # whoever wants it again wants it routed
        for signal in batch.signals:  # that it was told before is what is wanted here
            self._receiving.forget(source.group, signal.key)
        return self._receiving.receive(source, batch, body.raw, body.headers)

    def forget_old(self) -> int:
        """Forgets the bytes of what is older than it is to be kept, then the oldest of what is more than is to be kept,
        some thousands of each at the most; how many those were."""
        days = {RAW: self._keep_days, CHANGES: max(self._keep_days, CHANGES_DAYS)}
        old = [
            name for prefix, keep_days in days.items()
            for name in self._ledger.attachments(
                prefix, before=self._now() - timedelta(days=keep_days), limit=MOST_FORGOTTEN
            )
        ]  # fmt: skip
        self._forget(old)
        beyond = self._ledger.attachments_beyond(RAW, self._keep_bytes, limit=MOST_FORGOTTEN)
        self._forget(beyond)
        return len(old) + len(beyond)

    def _forget(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), FORGOTTEN_AT_ONCE):
            some = names[start : start + FORGOTTEN_AT_ONCE]
            self._ledger.record([], actor="opsbook", at=self._now(), detach=some)

    def _body(self, id: str) -> Body | None:
        events = [event for event in self._ledger.read(BATCHES + id) if "batch" in event.facts]
        if not events:
            return None
        raw = self._ledger.attachment(RAW + id)
        return _shown(id, events[0], raw, self._signals(id, events[0]))

    def _understood(self, id: str) -> Batch:
        """What was understood of a body when it came, of all its parts."""
        streams = [BATCHES + id, *sorted(self._ledger.streams(f"{BATCHES}{id}."))]
        parts = [batch_of(event) for name in streams for event in self._ledger.read(name) if "batch" in event.facts]
        return replace(parts[0], signals=tuple(signal for part in parts for signal in part.signals))

    def _signals(self, id: str, first: Event) -> int:
        count = len(batch_of(first).signals)
        for stream in self._ledger.streams(f"{BATCHES}{id}."):
            count += sum(len(batch_of(event).signals) for event in self._ledger.read(stream) if "batch" in event.facts)
        return count


def _shown(id: str, event: Event, raw: bytes | None, signals: int) -> Body:
    batch = batch_of(event)
    return Body(
        id, event.at, source_of(event), batch.format, signals, batch.slips, dict(event.facts.get("headers", {})),
        len(raw) if raw is not None else None, raw, source_of(event).is_paused, was_cut(event),
    )  # fmt: skip


def _is_wanted(body: Body, inlet: str, *, slips_only: bool) -> bool:
    return (not inlet or body.source.name == inlet) and (not slips_only or bool(body.slips))
