"""Any JSON as a batch: by a mapping where somebody wrote one, else by the shapes that are common. Never raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsbook.ledger.inbound import loose, mapping, shapes
from opsbook.ledger.signal import Batch


def parse(body: bytes, by: Mapping[str, str] | None = None) -> Batch:
    """The batch that a body says; `by` is a mapping that has no problems."""
    value, why = loose.read_json(body)
    return loose.nothing_read("json", why) if why else read(value, by)


def read(value: Any, by: Mapping[str, str] | None = None) -> Batch:
    """The batch of a value that was read already."""
    return mapping.read(value, by) if by else shapes.read(value)
