"""Two goes over pages give the same however many processes do them, and one that dies is told."""

from __future__ import annotations

import os

import pytest

from opsbook.adapters.forked_goes import ForkedGoes
from opsbook.ground.errors import Failure
from opsbook.usecases.ports import PageFile

FILES = [PageFile(f"{number:02}.md", 100_000, 0) for number in range(20)]


def begin(files):
    """The first go says which files it has, the second what it was told, and large answers pass."""
    names = " ".join(file.path for file in files).encode()
    return names + b"x" * 300_000, lambda told: names + b" heard %d" % len(told)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_parts_are_runs_of_neighbours_and_keep_what_they_read(most):
    told = []
    answers = ForkedGoes(most).twice(begin, lambda parts: told.append(len(parts)) or b"y" * 500_000, FILES)
    assert told == [most]
    assert all(answer.endswith(b" heard 500000") for answer in answers)
    named = b" ".join(answer.removesuffix(b" heard 500000") for answer in answers).decode().split()
    assert named == [file.path for file in FILES]


def test_a_copy_that_dies_is_a_failure_and_no_part_left_out():
    mine = os.getpid()

    def dies(files):
        return b"", lambda told: b"" if os.getpid() == mine else os._exit(3)

    with pytest.raises(Failure, match="ended early"):
        ForkedGoes(2).twice(dies, lambda parts: b"", FILES)


def test_no_pages_at_all_are_one_part():
    assert ForkedGoes(2).twice(begin, lambda parts: b"", []) == [b" heard 0"]
