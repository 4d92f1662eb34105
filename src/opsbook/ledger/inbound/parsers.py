"""Which parser reads the bodies of which kind of inlet: what doors do, and what a replay does again. Reads none itself.

A format is entered here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from opsbook.ledger.inbound import alertmanager, cloudevents, generic, grafana, mail
from opsbook.ledger.signal import Batch

# What a parser may need besides the body: the headers that were kept, and the mapping of the inlet.
Reads = Callable[[bytes, Mapping[str, str], Mapping[str, str]], Batch]
PARSERS: dict[str, Reads] = {
    "alertmanager": lambda body, _headers, _mapping: alertmanager.parse(body),
    "grafana": lambda body, _headers, _mapping: grafana.parse(body),
    "cloudevents": lambda body, headers, _mapping: cloudevents.parse(body, headers),
    "generic": lambda body, _headers, mapping: generic.parse(body, mapping),
    "email": lambda body, headers, _mapping: mail.parse(body, headers),
}


def parser_of(kind: str, headers: Mapping[str, str], mapping: Mapping[str, str]) -> Callable[[bytes], Batch] | None:
    """What reads a body of that kind of inlet; None for a kind whose bodies cannot be read again."""
    reads = PARSERS.get(kind)
    return partial(_read, reads, headers, mapping) if reads is not None else None


def _read(reads: Reads, headers: Mapping[str, str], mapping: Mapping[str, str], body: bytes) -> Batch:
    return reads(body, headers, mapping)
