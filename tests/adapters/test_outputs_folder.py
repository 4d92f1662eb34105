"""Outputs are kept by place, up to a size, and forgotten by age and size, never of what still runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.outputs_contract import KEPT_FOR, MOST_OF_ONE, OutputsContract

from opsbook.adapters.outputs_folder import OutputsFolder
from opsbook.ground.errors import Failure, Usage

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def kept_in(folder, cap_bytes=100, days=10, total_bytes=1000) -> OutputsFolder:
    return OutputsFolder(str(folder), cap_bytes=cap_bytes, keep=timedelta(days=days), total_bytes=total_bytes)


@pytest.fixture
def outputs(tmp_path):
    return kept_in(tmp_path)


def test_a_part_is_kept_at_its_place_and_stays(outputs):
    outputs.append("run/1.1", 0, b"abc")
    outputs.append("run/1.1", 2, b"Cdef")
    outputs.append("run/1.1", 0, b"xxx")
    assert outputs.read("run/1.1", 0, 99) == b"abcdef"
    assert outputs.read("run/1.1", 2, 2) == b"cd"
    assert outputs.read("run/1.1", 50, 2) == b""
    assert outputs.size("run/1.1") == 6


@given(st.binary(min_size=1, max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=8))
def test_parts_of_one_output_in_any_overlap_are_that_output(tmp_path_factory, text, parts):
    outputs = kept_in(tmp_path_factory.mktemp("o"))
    for begin, size in sorted((min(begin, outputs.size("r/1")), size) for begin, size in parts):
        begin = min(begin, outputs.size("r/1"))
        outputs.append("r/1", begin, text[begin : begin + size])
    assert text.startswith(outputs.read("r/1", 0, 99))


def test_what_is_beyond_the_most_is_dropped(outputs):
    outputs.append("run/1.1", 0, b"a" * 99)
    outputs.append("run/1.1", 99, b"bbb")
    assert outputs.read("run/1.1", 90, 99) == b"a" * 9 + b"b"


def test_nothing_is_kept_of_what_is_not_there(outputs):
    assert outputs.read("run/1.1", 0, 9) == b""
    assert outputs.size("run/1.1") == 0
    assert outputs.sweep(NOW) == 0


@pytest.mark.parametrize("key", ["../x", "a/../b", "run", "/etc/passwd", "run/..", ".a/b", "a/b/c"])
def test_a_key_is_no_path(outputs, key):
    with pytest.raises(Usage):
        outputs.read(key, 0, 1)


def test_a_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "run").write_text("no folder")
    with pytest.raises(Failure, match="cannot be kept"):
        kept_in(tmp_path).append("run/1.1", 0, b"x")


def aged(tmp_path, outputs, key: str, days: float, size: int) -> None:
    outputs.append(key, 0, b"x" * size)
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(tmp_path / key / "out", (at, at))


def test_what_is_too_old_is_forgotten_then_the_oldest_of_too_much(tmp_path):
    outputs = kept_in(tmp_path, total_bytes=120)
    for key, days, size in (("a/1", 11, 10), ("b/1", 5, 50), ("b/2", 4, 50), ("c/1", 1, 50)):
        aged(tmp_path, outputs, key, days, size)
    assert outputs.sweep(NOW) == 2
    assert [outputs.size(key) for key in ("a/1", "b/1", "b/2", "c/1")] == [0, 0, 50, 50]


def test_what_still_runs_and_every_claim_stay(tmp_path, outputs):
    aged(tmp_path, outputs, "a/1", 11, 10)
    for name in ("claim", "pid", "cmd"):
        (tmp_path / "a" / "1" / name).write_text("x")
    assert outputs.sweep(NOW) == 0
    (tmp_path / "a" / "1" / "exit").write_text("{}")
    assert outputs.sweep(NOW) == 1
    assert sorted(path.name for path in (tmp_path / "a" / "1").iterdir()) == ["claim", "exit", "pid"]


class TestOutputsFolder(OutputsContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[int], OutputsFolder]:
        return lambda most_bytes: OutputsFolder(
            str(tmp_path / "runs"), cap_bytes=MOST_OF_ONE, keep=KEPT_FOR, total_bytes=most_bytes
        )
