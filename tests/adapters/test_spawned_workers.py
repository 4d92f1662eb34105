"""Work in fresh processes comes back part by part; one that dies takes nothing with it but its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from opsbook.adapters.spawned_workers import SpawnedWorkers
from opsbook.usecases.ports import PageFile

FILES = [PageFile(f"p{number}.md", 150_000, 1) for number in range(9)]


def names(files: Sequence[PageFile]) -> bytes:
    return ",".join(file.path for file in files).encode() + b" %d" % os.getpid()


def die_at_p4(files: Sequence[PageFile]) -> bytes:
    if any(file.path == "p4.md" for file in files):
        os.kill(os.getpid(), signal.SIGKILL)
    return names(files)


def split(answers: list[bytes]) -> tuple[list[str], set[str]]:
    told = [answer.decode().rpartition(" ") for answer in answers]
    return sorted(name for listed, _, _ in told for name in listed.split(",")), {number for _, _, number in told}


def test_together_the_answers_are_of_all_files_and_none_from_here():
    found, processes = split(list(SpawnedWorkers(2).answers(names, FILES)))
    assert found == [file.path for file in FILES]
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


def test_a_worker_that_dies_takes_its_own_parts_alone():
    found, _ = split(list(SpawnedWorkers(2).answers(die_at_p4, FILES)))
    assert "p4.md" not in found
    assert 0 < len(found) < len(FILES)


def test_of_no_files_there_is_no_answer_and_no_process():
    assert list(SpawnedWorkers(2).answers(names, [])) == []


def test_whoever_stops_listening_ends_the_workers():
    workers = SpawnedWorkers(2)
    answers = workers.answers(names, FILES)
    next(iter(answers))
    answers.close()  # type: ignore[attr-defined]
    assert not workers._running


def test_a_job_aside_is_done_when_it_returns(tmp_path):
    from functools import partial

    SpawnedWorkers().aside(partial(os.mkdir, tmp_path / "made"))
    assert (tmp_path / "made").is_dir()
