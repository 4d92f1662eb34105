"""Long lists in parts: which part an address asks for. Knows no list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from litestar import Request
from msgspec import Struct

T = TypeVar("T")


class Turn(Struct, frozen=True, gc=False):
    """One part of a list: its number of `count`, and which items it holds, counted from 1."""

    number: int
    count: int
    first: int
    last: int
    total: int


def turned(request: Request[Any, Any, Any], whole: Sequence[T], most: int) -> tuple[Sequence[T], Turn]:
    """The part of a list that the address asks for by `page`, the nearest there is where it asks for none of them."""
    count = max(1, -(-len(whole) // most))
    asked = request.query_params.get("page", "1")
    number = min(max(int(asked), 1), count) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    start = (number - 1) * most
    part = whole[start : start + most]
    return part, Turn(number, count, start + 1 if part else 0, start + len(part), len(whole))
