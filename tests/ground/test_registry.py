"""Extensions come in by one door: by name, once, in the order of their names."""

from __future__ import annotations

import pytest

from opsbook.ground.errors import Span
from opsbook.ground.registry import Registry


def test_entries_are_kept_in_the_order_of_their_names():
    registry: Registry[int] = Registry("numbers")
    assert registry.add("two", 2) == 2
    registry.add("one", 1)
    assert (registry.names(), list(registry), len(registry)) == (["one", "two"], [1, 2], 2)
    assert (registry.get("one"), registry.get("three")) == (1, None)


def test_a_name_is_taken_once():
    registry: Registry[int] = Registry("numbers")
    registry.add("one", 1)
    with pytest.raises(ValueError, match="two entries named 'one' in the registry of numbers"):
        registry.add("one", 2)
    assert list(registry) == [1]


def test_a_place_is_written_as_editors_read_it():
    assert str(Span("docs/a.md", 3, 14, 20, 25)) == "docs/a.md:3:14"
