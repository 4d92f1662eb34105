"""The verbs of what sends, in one place: they need no book. Builds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from opsbook.usecases.bodies import Bodies
    from opsbook.usecases.heartbeats import Heartbeats
    from opsbook.usecases.inlets import Inlets
    from opsbook.usecases.receive import Receiving


class Senders(Struct, frozen=True):
    """What is received, from whom, what of it is kept, and what is to call."""

    receiving: Receiving
    inlets: Inlets
    bodies: Bodies
    heartbeats: Heartbeats
