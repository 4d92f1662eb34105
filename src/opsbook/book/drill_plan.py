"""What a page wants practised, and how often: plain values. Reads nothing."""

from __future__ import annotations

from msgspec import Struct


class PlannedDrill(Struct, frozen=True, gc=False):
    """A procedure (`path`, `anchor`; no anchor where the page names only the page) that is to be practised `every` so
    often, on a host or group of the inventory, by these people. `values` are its parameters, as NAME and value; `fault`
    says in a sentence what could not be made out, and then nothing comes of it. Where it is written: `of`, `line`."""

    path: str
    anchor: str
    title: str
    every: str
    of: str
    line: int
    on: str = ""
    who: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    fix: str = ""
