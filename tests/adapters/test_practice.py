"""What a ledger tells of practice: the last success of each procedure, whatever lies there, and nothing is touched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.ledger.planned import manual, plan, started

from opsbook.config import Config, load
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger import run_events as events
from opsbook.ledger.views import VIEWS
from opsbook.wire_ledger import build_ledger, practised

FIRST = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A configuration whose ledger is not there yet."""
    (tmp_path / "a.md").write_text("# A\n")
    url = f"sqlite:///{tmp_path}/ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return load(book=str(tmp_path), db=url, environ={})


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[Config]:
    """One whose ledger is a file that holds a run."""
    (tmp_path / "a.md").write_text("# A\n")
    made = load(book=str(tmp_path), db=f"sqlite:///{tmp_path}/kept/ledger.db", environ={})
    ran(made, ("deploy", 0, "succeeded"))
    yield made


def ran(config: Config, *runs: tuple[str, int, str | None], is_dry: bool = False) -> None:
    """Runs of procedures of a.md, each so many days after the first, and how it ended, if it did."""
    with closing(build_ledger(config)) as ledger:
        for anchor, days, state in runs:
            at = FIRST + timedelta(days=days)
            planned = replace(plan(manual("1")), anchor=anchor)
            end = [] if state is None else [events.run_ended(state, "")]
            stream = f"run/{anchor}-{days}-{is_dry:d}"
            ledger.append(stream, [started(planned, is_dry=is_dry), *end], expected=0, actor="zoe", at=at)


def test_the_last_success_of_each_procedure_counts(config):
    ran(config, ("deploy", 0, "succeeded"), ("deploy", 9, "succeeded"), ("deploy", 4, "succeeded"))
    ran(config, ("restore", 2, "succeeded"))
    assert practised(config) == {"a.md#deploy": date(2026, 3, 10), "a.md#restore": date(2026, 3, 3)}


def test_what_failed_or_is_under_way_or_was_only_shown_is_no_practice(config):
    ran(config, ("deploy", 0, "failed"), ("deploy", 1, "rolled-back"), ("deploy", 2, None), ("deploy", 3, "cancelled"))
    ran(config, ("deploy", 4, "succeeded"), is_dry=True)
    assert practised(config) == {}


def test_without_a_ledger_there_is_none_afterwards(config):
    assert practised(config) == {}
    assert [path.name for path in Path(config.root).iterdir()] == ["a.md"]


def test_a_ledger_that_nobody_has_open_is_left_as_it_was(in_file):
    folder = Path(in_file.state)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert practised(in_file) == {"a.md#deploy": date(2026, 3, 1)}
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_what_was_written_last_counts_while_the_ledger_is_open(in_file):
    with closing(build_ledger(in_file)):
        ran(in_file, ("deploy", 30, "succeeded"))
        assert practised(in_file) == {"a.md#deploy": date(2026, 3, 31)}


def test_who_writes_at_the_moment_keeps_nobody_from_it(in_file):
    with closing(build_ledger(in_file)), closing(sqlite3.connect(Path(in_file.state) / "ledger.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        assert practised(in_file) == {"a.md#deploy": date(2026, 3, 1)}


@pytest.mark.parametrize("change", ["PRAGMA user_version = 99", "UPDATE view SET version = 99 WHERE name = 'runs'"])
def test_a_ledger_of_a_newer_opsbook_is_refused(in_file, change):
    with closing(sqlite3.connect(Path(in_file.state) / "ledger.db")) as other:
        other.execute(change)
        other.commit()
    with pytest.raises(Refusal, match="newer Opsbook"):
        practised(in_file)


def test_a_shared_ledger_of_a_newer_opsbook_is_refused(config, monkeypatch):
    ran(config, ("deploy", 0, "succeeded"))
    monkeypatch.setattr("opsbook.ledger.run_view.RUNS", replace(VIEWS[0], name="runs", version=0))
    with pytest.raises(Refusal, match="newer Opsbook"):
        practised(config)


def test_a_ledger_from_before_runs_tells_nothing(in_file):
    with closing(sqlite3.connect(Path(in_file.state) / "ledger.db")) as other:
        other.executescript("DROP TABLE view_row; DROP TABLE view; PRAGMA user_version = 1;")
    assert practised(in_file) == {}


def test_an_empty_file_tells_nothing(in_file):
    os.truncate(Path(in_file.state) / "ledger.db", 0)
    assert practised(in_file) == {}


def test_a_file_that_is_no_ledger_is_told(in_file):
    (Path(in_file.state) / "ledger.db").write_text("no ledger, whatever its name says\n" * 40)
    with pytest.raises(Failure, match="not a SQLite file"):
        practised(in_file)


def test_a_database_that_is_away_is_told(tmp_path):
    (tmp_path / "a.md").write_text("# A\n")
    with pytest.raises(Failure, match="cannot be reached"):
        practised(load(book=str(tmp_path), db=f"postgresql://nobody@/none?host={tmp_path}", environ={}))
