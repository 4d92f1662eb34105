"""What the verbs about senders share: inlets, bodies and heartbeats of the ledger, beside a running server. Knows no
verb."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared

if TYPE_CHECKING:
    from datetime import datetime

    from opsbook.usecases.bodies import Body
    from opsbook.usecases.inlets import Inlet
    from opsbook.usecases.senders import Senders


@contextmanager
def senders_of(shared: Shared) -> Iterator[Senders]:
    """The verbs over the ledger that the options name; it is closed at the end."""
    from opsbook.wire import build_ledger, build_senders

    config = shared.config()
    ledger = build_ledger(config)
    try:
        yield build_senders(config, ledger)
    finally:
        ledger.close()


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """FIELD=EXPRESSION of each; raises what click tells of one that has no `=`."""
    found = {}
    for pair in pairs:
        name, equals, expression = pair.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"'{pair}' is not FIELD=EXPRESSION, such as 'summary=message.title'.")
        found[name.strip()] = expression.strip()
    return found


def inlet_model(inlet: Inlet) -> dict[str, Any]:
    """An inlet as JSON has it."""
    return {
        "name": inlet.name, "kind": inlet.kind, "group": inlet.group, "mapping": inlet.mapping,
        "tokens": list(inlet.tokens), "is_paused": inlet.is_paused, "last_seen_at": inlet.last_seen_at,
        "received": inlet.received,
    }  # fmt: skip


def body_model(body: Body) -> dict[str, Any]:
    """A received body as JSON has it, without its bytes."""
    return {
        "id": body.id, "at": body.at, "inlet": body.source.name, "kind": body.source.kind, "group": body.source.group,
        "format": body.format, "signals": body.signals,
        "slips": [{"where": slip.where, "why": slip.why} for slip in body.slips], "headers": body.headers,
        "size": body.size, "is_held": body.is_held,
    }  # fmt: skip


def told_time(at: datetime | None) -> str:
    """A time as tables show it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else "never"
