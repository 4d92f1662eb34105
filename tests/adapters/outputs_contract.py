"""What every store of outputs must keep, as tests that an adapter's own file inherits.

An adapter's file gives the fixture `make`: it makes a store that keeps for 10 days, `most_bytes` together, and 1000 bytes
of each output.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsbook.usecases.run_ports import Outputs

KEY, OTHER = "261126-031000-abcd/2.1.1", "261126-031000-abcd/2.1.1@web-1"
MOST_OF_ONE = 1000
FRESH = itertools.count()
KEPT_FOR = timedelta(days=10)


class OutputsContract:
    @pytest.fixture
    def outputs(self, make: Callable[[int], Outputs]) -> Outputs:
        return make(1_000_000)

    def test_what_is_read_is_what_was_kept(self, outputs):
        for part in (b"one\n", b"\0\xff", b"three"):
            outputs.append(KEY, outputs.size(KEY), part)
        outputs.append(OTHER, 0, b"else")
        assert outputs.read(KEY, 0, 100) == b"one\n\0\xffthree"
        assert (outputs.read(KEY, 2, 3), outputs.read(KEY, 5, 2)) == (b"e\n\0", b"\xfft")
        assert (outputs.size(KEY), outputs.size(OTHER)) == (11, 4)

    def test_what_is_not_there_is_empty(self, outputs):
        assert (outputs.read("none/1.1", 0, 10), outputs.size("none/1.1")) == (b"", 0)
        outputs.append(KEY, 0, b"abc")
        assert (outputs.read(KEY, 3, 10), outputs.read(KEY, 0, 0)) == (b"", b"")

    def test_what_is_there_stays_as_it_is(self, outputs):
        outputs.append(KEY, 0, b"abcdef")
        outputs.append(KEY, 2, b"XYZ")
        outputs.append(KEY, 4, b"efgh")
        assert outputs.read(KEY, 0, 100) == b"abcdefgh"

    def test_what_is_beyond_the_most_is_dropped(self, outputs):
        outputs.append(KEY, 0, b"a" * 600)
        outputs.append(KEY, 600, b"b" * 600)
        outputs.append(KEY, 1200, b"c" * 600)
        assert outputs.size(KEY) == MOST_OF_ONE
        assert outputs.read(KEY, 0, 5000) == b"a" * 600 + b"b" * 400

    def test_what_is_too_old_is_forgotten(self, outputs):
        outputs.append(KEY, 0, b"abc")
        now = datetime.now(UTC)
        assert outputs.sweep(now + KEPT_FOR - timedelta(minutes=5)) == 0
        assert outputs.sweep(now + KEPT_FOR + timedelta(minutes=5)) == 1
        assert (outputs.size(KEY), outputs.read(KEY, 0, 10)) == (0, b"")

    def test_of_what_is_too_much_the_oldest_is_forgotten(self, make):
        outputs = make(1000)
        for number in range(4):
            outputs.append(f"r/{number}", 0, b"x" * 400)
        assert outputs.sweep(datetime.now(UTC)) == 2
        assert [outputs.size(f"r/{number}") for number in range(4)] == [0, 0, 400, 400]

    def test_what_was_forgotten_can_be_kept_anew(self, outputs):
        outputs.append(KEY, 0, b"x" * MOST_OF_ONE)
        outputs.append(KEY, MOST_OF_ONE, b"y")
        outputs.sweep(datetime.now(UTC) + 2 * KEPT_FOR)
        outputs.append(KEY, 0, b"new")
        assert outputs.read(KEY, 0, 100) == b"new"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(st.lists(st.binary(max_size=90), max_size=20), st.integers(0, 1100), st.integers(0, 1100))
    def test_however_it_is_cut_it_reads_as_one(self, outputs, parts, offset, limit):
        key, whole = f"fuzz/{next(FRESH)}", b""
        for part in parts:
            outputs.append(key, len(whole), part)
            whole += part
        kept = whole[:MOST_OF_ONE]
        assert outputs.size(key) == len(kept)
        assert outputs.read(key, offset, limit) == kept[offset : offset + limit]
