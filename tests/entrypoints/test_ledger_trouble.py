"""When the ledger's disk is full or its file is gone: pages go on, changes are answered 503,
and then all is well again without a hand."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests.entrypoints.door import Door, opened, write_repository

from opsbook.usecases.ledger_check import check


@pytest.fixture
def small_disk(tmp_path: Path, needs: Callable[[str], str]) -> Iterator[Path]:
    """A disk of one megabyte, which takes the rights of root."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        [needs("mount"), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip("ABSENT: a-disk-to-fill (mounting one takes root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def door(tmp_path: Path, small_disk: Path) -> Iterator[Door]:
    write_repository(tmp_path)
    with opened(tmp_path, db=f"sqlite:///{small_disk}/opsbook.db", state=str(tmp_path / "state")) as door:
        yield door


def fill(disk: Path) -> Path:
    """Fills the disk to its last byte."""
    file = disk / "filler"
    with open(file, "ab", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
    return file


def ready(door: Door) -> tuple[int, str]:
    door.desk.trial.next_at = 0.0  # as if some seconds had passed
    answer = door.ask("GET", "/readyz")
    return answer.status_code, answer.json()["ledger"]


def ask_for_token(door: Door, headers: dict[str, str]) -> httpx.Response:
    return door.ask("POST", "/api/v1/tokens", headers=headers, json={"acts": ["read"], "days": 1})


def tokens(door: Door) -> set[str]:
    return {token.id for token in door.desk.accounts.tokens(None)}


def is_refused_for_now(answer: httpx.Response, words: str) -> bool:
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    return words in answer.json()["detail"]


def test_on_a_full_disk_pages_go_on_and_changes_are_refused_until_there_is_room(door, small_disk):
    headers = door.session("admin")
    assert ready(door) == (200, "ready")
    filler = fill(small_disk)
    answers = [ask_for_token(door, headers)]
    while answers[-1].status_code == 201:  # what is left of the last pages takes some
        answers.append(ask_for_token(door, headers))
    assert is_refused_for_now(answers[-1], "nothing was written: the disk is full. Free some space")
    assert ready(door) == (503, "not answering")
    assert "the disk is full" in door.ask("GET", "/").text
    assert door.ask("GET", "/book/docs/operations/runbooks/api.md").status_code == 200
    assert door.ask("GET", "/api/v1/accounts", headers=headers).status_code == 200
    filler.unlink()
    assert ready(door) == (200, "ready")
    answers.append(ask_for_token(door, headers))
    assert tokens(door) == {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert check(door.desk.ledger).faults == []


def test_where_its_file_is_gone_nothing_is_written_elsewhere_until_it_is_back(door, small_disk):
    headers = door.session("admin")
    before = tokens(door)
    (small_disk / "opsbook.db").rename(small_disk / "elsewhere.db")
    assert is_refused_for_now(ask_for_token(door, headers), "the file was taken away or replaced")
    assert ready(door) == (503, "not answering")
    assert door.ask("GET", "/").status_code == 200
    assert tokens(door) == before
    (small_disk / "elsewhere.db").rename(small_disk / "opsbook.db")
    assert ready(door) == (200, "ready")
    assert ask_for_token(door, headers).status_code == 201
