"""The folder of the status page: whole files at any moment, nothing foreign touched; and the program that takes it away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsbook.adapters.pushing_program import PushingProgram
from opsbook.adapters.site_folder import MARK, FolderOfFiles
from opsbook.ground.errors import Failure, Refusal
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.public_site.words import Links
from opsbook.usecases.public_status import PublicStatus
from opsbook.usecases.status_export import Exporting

AT = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def test_what_was_written_before_and_is_no_more_is_removed(tmp_path: Path):
    folder = FolderOfFiles(str(tmp_path / "site"))
    assert folder.write([("incidents/a.html", b"a"), ("index.html", b"1")]) == 2
    (tmp_path / "site/CNAME").write_text("status.example.org")
    assert folder.write([("index.html", b"2")]) == 2
    assert sorted(path.name for path in (tmp_path / "site").rglob("*") if path.is_file()) == [MARK, "CNAME", "index.html"]


def test_a_page_that_somebody_else_wrote_is_left_alone(tmp_path: Path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(Refusal, match="did not write"):
        FolderOfFiles(str(tmp_path)).write([("index.html", b"ours")])
    assert (tmp_path / "index.html").read_text() == "mine"


def test_the_list_of_what_was_written_leads_to_nothing_outside(tmp_path: Path):
    site, outside = tmp_path / "site", tmp_path / "outside"
    site.mkdir()
    outside.write_text("kept")
    (site / MARK).write_text(f"../outside\n{outside}\n\n")
    FolderOfFiles(str(site)).write([("index.html", b"1")])
    assert outside.read_text() == "kept"


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="cannot be written"):
        FolderOfFiles(str(tmp_path / "file")).write([("index.html", b"1")])


WRITES = """
import sys
from opsbook.adapters.site_folder import FolderOfFiles
folder = FolderOfFiles(sys.argv[1])
print("ready", flush=True)
n = 0
while True:
    n += 1
    folder.write([(f"f{k}.html", (str(n % 10) * 200_000).encode()) for k in range(5)])
"""


def test_one_that_is_killed_leaves_no_half_page(tmp_path: Path):
    for _ in range(4):
        running = subprocess.Popen([sys.executable, "-c", WRITES, str(tmp_path)], stdout=subprocess.PIPE)
        assert running.stdout is not None and running.stdout.readline() == b"ready\n"
        for _ in range(200):
            for page in tmp_path.glob("f*.html"):
                content = page.read_bytes()
                assert len(content) == 200_000 and len(set(content)) == 1
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stdout.close()
        for page in tmp_path.glob("f*.html"):
            assert len(set(page.read_bytes())) == 1 and page.stat().st_size == 200_000


# -- the program ----------------------------------------------------------------------------------------------------


def program(folder: Path, script: str, limit_s: float = 20) -> PushingProgram:
    file = folder / "push"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return PushingProgram([str(file)], str(folder), {"PATH": os.environ["PATH"]}, limit_s=limit_s, here=str(folder))


def test_the_program_gets_the_folder_and_no_more_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPSBOOK_SECRET_X", "hidden")
    program(tmp_path, 'env > "$1/seen"; echo "$#" >> "$1/seen"').push()
    seen = (tmp_path / "seen").read_text()
    assert "hidden" not in seen and seen.endswith("1\n")


def test_one_that_fails_tells_what_it_said_last(tmp_path: Path):
    with pytest.raises(Failure, match="failed with 3. It said last: no such bucket"):
        program(tmp_path, "echo no such bucket >&2; exit 3").push()


def test_one_that_takes_too_long_is_ended_with_its_children(tmp_path: Path):
    with pytest.raises(Failure, match="did not finish within"):
        program(tmp_path, 'sleep 600 & echo $! > "$1/child"; wait', limit_s=0.5).push()
    child = int((tmp_path / "child").read_text())
    for _ in range(500):
        if not os.path.exists(f"/proc/{child}") or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return
        threading.Event().wait(0.01)
    pytest.fail("its child goes on")


def test_one_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(Failure, match="cannot be started"):
        PushingProgram(["/no/such/program"], ".", {}, limit_s=1, here=str(tmp_path)).push()


# -- when it is written ----------------------------------------------------------------------------------------------


class Pushed:
    """Counts; fails as often as is wanted."""

    def __init__(self) -> None:
        self.count = self.failures = 0

    def push(self) -> None:
        self.count += 1
        if self.failures:
            self.failures -= 1
            raise Failure("It is away.", retryable=True)


def test_it_is_written_when_something_changed_and_every_few_minutes_and_pushed_until_that_works(tmp_path: Path):
    at, title, pushed = [AT], ["One"], Pushed()
    exporting = Exporting(
        lambda: PublicStatus(at[0], title[0], "", "", "operational"), FolderOfFiles(str(tmp_path)), pushed,
        links=Links(is_static=True), every=timedelta(minutes=2), now=lambda: at[0], guard=Guarded(lambda words: None),
    )  # fmt: skip
    assert [exporting.export(), exporting.export()] == [True, False]
    at[0] += timedelta(minutes=1)
    assert (exporting.export(), pushed.count) == (False, 1)
    title[0], pushed.failures = "Two", 1
    with pytest.raises(Failure):
        exporting.export()
    assert "Two" in (tmp_path / "index.html").read_text()
    assert (exporting.export(), pushed.count) == (False, 3)
    at[0] += timedelta(minutes=2)
    assert exporting.export()
