"""Work is spread over forked copies of the process, and no part of it is ever lost in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import opsbook
from opsbook.adapters.workers import ForkedWorkers
from opsbook.usecases.ports import PageFile

SOURCE = Path(opsbook.__file__).parents[1]


def test_a_small_book_is_read_by_this_process_alone():
    files = [PageFile("a.md", 10, 0), PageFile("b.md", 10, 0)]
    assert ForkedWorkers(4).spread(lambda part: str(os.getpid()).encode(), files) == [str(os.getpid()).encode()]


def test_no_page_at_all_is_one_part():
    assert ForkedWorkers(4).spread(lambda part: b"%d" % len(part), []) == [b"0"]


# A fork belongs to a process without threads, which a test runner may not be.
PROGRAM = """
import os, sys
from opsbook.adapters.workers import ForkedWorkers
from opsbook.ground.errors import Failure
from opsbook.usecases.ports import PageFile
files = [PageFile(f"{n}.md", 1000 * n, 0) for n in range(100)]
here = os.getpid()
def job(part):
    if os.getpid() != here and sys.argv[1] == "dies":
        os.kill(os.getpid(), 9)
    if os.getpid() != here and sys.argv[1] == "raises":
        raise ValueError("no")
    return b"".join(file.path.encode() + b" " for file in part) * (1 if sys.argv[1] != "large" else 10_000)
try:
    parts = ForkedWorkers(4).spread(job, files)
except Failure as wrong:
    print("Failure", wrong)
else:
    print(len(parts), sorted(set(b"".join(parts).split())) == sorted({file.path.encode() for file in files}))
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("well", "4 True"), ("large", "4 True"), ("dies", "Failure A worker ended early (-9); run the command again."),
        ("raises", "Failure A worker ended early (1); run the command again."),
    ],
)  # fmt: skip
def test_every_page_comes_back_once_or_the_whole_fails(how, said):
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, timeout=60)
    assert done.stdout.strip() == said, done.stderr
