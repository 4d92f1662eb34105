"""What a run can do next, as values: record, start, attend, stop, wait. Decides and does nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from opsbook.ledger.event import Draft
from opsbook.ledger.run import Attempt
from opsbook.ledger.run_events import Purpose, Question


class Start(Struct, frozen=True):
    """An attempt to make: of which step, on which target, for what."""

    step: str
    target: str
    purpose: Purpose


class Wait(Struct, frozen=True):
    """What nothing but a person or the time can change: the step, the question, until when it counts."""

    kind: Literal["person", "time"]
    step: str = ""
    question: Question | None = None
    words: str = ""
    until: datetime | None = None


class Moves(Struct, frozen=True):
    """What to do, the first that is not empty: `record` these and ask again; `start` these attempts and `attend` to
    those that are open; `stop` what a run that is about to end has in the world, then `record` its end, or that it is
    cancelled where nothing else is to be recorded; wait. Where `gate` is a step, `record` asks for its approval or uses
    it: whoever has secrets and people at hand looks at them first."""

    record: tuple[Draft, ...] = ()
    start: tuple[Start, ...] = ()
    attend: tuple[tuple[str, Attempt], ...] = ()
    stop: tuple[tuple[str, Attempt], ...] | None = None
    wait: Wait | None = None
    gate: str = ""
