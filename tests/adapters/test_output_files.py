"""What steps printed, kept in files."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from opsbook.adapters import output_files
from opsbook.adapters.output_files import OutputFiles

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def outputs(tmp_path):
    kept = OutputFiles(str(tmp_path / "outputs"), timedelta(days=30), 1000)
    yield kept
    kept.close()


def test_parts_are_kept_in_their_places(outputs):
    outputs.append("r/1.1", 0, b"abc")
    outputs.append("r/1.1", 3, b"def")
    assert (outputs.read("r/1.1", 2, 3), outputs.size("r/1.1")) == (b"cde", 6)


def test_what_is_told_again_changes_nothing(outputs):
    outputs.append("r/1.1", 0, b"abcd")
    outputs.append("r/1.1", 2, b"XXef")
    assert outputs.read("r/1.1", 0, 100) == b"abcdef"


def test_what_is_not_there_is_empty(outputs):
    assert (outputs.read("r/9.1", 0, 10), outputs.size("r/9.1")) == (b"", 0)


def test_what_is_beyond_the_most_is_dropped(outputs, monkeypatch):
    monkeypatch.setattr(output_files, "MOST_BYTES", 5)
    outputs.append("r/1.1", 0, b"abc")
    outputs.append("r/1.1", 3, b"defgh")
    outputs.append("r/1.1", 8, b"ijk")
    assert outputs.read("r/1.1", 0, 100) == b"abcde"


@pytest.mark.parametrize("key", ["../../etc/passwd", "r/../../x", "r/1.1@host/../../x", "/etc/passwd", ".."])
def test_no_key_leads_out_of_the_folder(outputs, tmp_path, key):
    outputs.append(key, 0, b"x")
    found = [os.path.join(place, name) for place, _, names in os.walk(tmp_path) for name in names]
    assert len(found) == 1
    assert os.path.realpath(found[0]).startswith(str(tmp_path / "outputs"))
    assert outputs.read(key, 0, 1) == b"x"


def aged(tmp_path, run: str, days: float) -> None:
    folder = tmp_path / "outputs" / run
    for name in os.listdir(folder):
        os.utime(folder / name, times=((NOW - timedelta(days=days)).timestamp(),) * 2)


def test_what_is_too_old_is_forgotten_and_then_the_oldest_of_too_much(outputs, tmp_path):
    for run, days, size in (("old", 40, 10), ("older", 20, 600), ("newer", 10, 600)):
        outputs.append(f"{run}/1.1", 0, b"x" * size)
        aged(tmp_path, run, days)
    assert outputs.sweep(NOW) == 2
    assert [outputs.size(f"{run}/1.1") for run in ("old", "older", "newer")] == [0, 0, 600]
