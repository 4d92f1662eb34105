"""Incidents recorded in a file while the ledger was away, brought into it: nothing lost, nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Refusal
from opsbook.ledger import incident_events as said
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, claim_of, incident_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.bringing import Bringing, Brought, also_called, keep_numbers_free
from opsbook.usecases.late_notes import keep_late, late_notes
from opsbook.usecases.ledger_check import check
from opsbook.usecases.ledger_ports import Write

NIGHT = datetime(2026, 3, 26, 2, 40, tzinfo=UTC)
MORNING = NIGHT + timedelta(hours=6)
ME = "terminal:ada"


def opened(path: Path) -> SqliteLedger:
    """A ledger in a file."""
    return SqliteLedger(str(path), views=VIEWS)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    """The ledger that was away."""
    with closing(opened(tmp_path / "ledger.db")) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteLedger]:
    """What was recorded into while it was away."""
    with closing(opened(tmp_path / "offline.db")) as made:
        yield made


def declare(ledger: SqliteLedger, id: str, number: int, *more: Draft, title: str = "Checkout fails") -> None:
    """An incident, declared at night, with more drafts a minute apart."""
    first = said.declared(number=number, title=title, state="investigating", severity="P1", severity_why="40 %.")
    writes = [Write(f"incident/{id}", [first], 0), Write(claim_of(number), [said.numbered(id)], 0)]
    ledger.record(writes, actor=ME, at=NIGHT)
    for minute, draft in enumerate(more, 1):
        ledger.append(f"incident/{id}", [draft], expected=None, actor=ME, at=NIGHT + timedelta(minutes=minute))


def bring(ledger: SqliteLedger, file: SqliteLedger) -> Brought:
    """Brings in the morning."""
    return Bringing(ledger, now=lambda: MORNING).bring(file, "ben")


def incident(ledger: SqliteLedger, id: str) -> Incident:
    """The incident as the view has it."""
    kept = ledger.row(INCIDENT_VIEW.name, f"incident/{id}")
    assert kept is not None
    return incident_of(kept)


def events(ledger: SqliteLedger, id: str) -> list[Event]:
    """What is recorded of it."""
    return ledger.read(f"incident/{id}")


def texts(ledger: SqliteLedger, id: str) -> list[str]:
    """Its notes."""
    return [event.facts["text"] for event in events(ledger, id) if event.kind == said.NOTED]


def test_an_incident_keeps_its_id_its_number_and_its_entries(ledger, file):
    declare(file, "i-1", 1, said.noted("Disk full."), said.moved("mitigating"))

    brought = bring(ledger, file)

    assert brought == Brought(((1, 1, "Checkout fails"),), 3)
    assert [(each.number, each.kind, each.actor) for each in events(ledger, "i-1")] == [
        (1, said.DECLARED, ME), (2, said.NOTED, ME), (3, said.MOVED, ME),
    ]  # fmt: skip
    assert incident(ledger, "i-1").status == "Mitigating"


def test_an_entry_happened_when_it_did_and_is_recorded_when_it_is_brought(ledger, file):
    declare(file, "i-1", 1, said.noted("Disk full."), said.acknowledged(ME, "command line"))

    bring(ledger, file)

    note = events(ledger, "i-1")[1]
    assert (note.at, note.facts["happened_at"]) == (MORNING, (NIGHT + timedelta(minutes=1)).isoformat())
    made = incident(ledger, "i-1")
    assert (made.declared_at, made.acknowledged_at) == (NIGHT, NIGHT + timedelta(minutes=2))


def test_what_was_told_of_when_it_happened_stays(ledger, file):
    before = NIGHT - timedelta(minutes=30)
    declare(file, "i-1", 1, said.noted("It began.", happened_at=before))

    bring(ledger, file)

    assert events(ledger, "i-1")[1].facts["happened_at"] == before.isoformat()


def test_who_brought_it_is_kept(ledger, file):
    declare(file, "i-1", 1)

    bring(ledger, file)

    assert events(ledger, "i-1")[0].facts["brought"]["by"] == "ben"


def test_every_kind_of_event_folds_as_it_did(ledger, file):
    declare(
        file, "i-1", 1, said.role_given("commander", "ada"), said.task_set(1, "Call the bank", "open"),
        said.action_set(1, "Alert", "open"), said.update_drafted(1, audience="team", body="We look."),
        said.role_released("commander", "ada"), said.written("report", "a.md", "p"), said.pinned("incident/i-1:2", True),
        said.edited("root_cause", "", "Disk."), said.reviewed("due"), said.rated("P0", "More."),
    )  # fmt: skip
    was = incident(file, "i-1")

    bring(ledger, file)

    now = incident(ledger, "i-1")
    assert [getattr(now, name) for name in was.__struct_fields__ if name != "changed_at"] == [
        getattr(was, name) for name in was.__struct_fields__ if name != "changed_at"
    ]


def test_a_second_bring_brings_nothing(ledger, file):
    declare(file, "i-1", 1, said.noted("Disk full."))
    bring(ledger, file)
    head = ledger.head()

    assert bring(ledger, file) == Brought()
    assert ledger.head() == head


def test_what_was_written_since_follows(ledger, file):
    declare(file, "i-1", 1, said.noted("One."))
    bring(ledger, file)
    file.append("incident/i-1", [said.noted("Two.")], expected=None, actor=ME, at=NIGHT)

    brought = bring(ledger, file)

    assert (brought.incidents, brought.entries, texts(ledger, "i-1")) == ((), 1, ["One.", "Two."])


def test_a_number_that_is_taken_becomes_another_and_leads_there(ledger, file):
    declare(ledger, "other", 1, title="Mail is late")
    declare(file, "i-1", 1, said.noted("One."))

    brought = bring(ledger, file)

    made = incident(ledger, "i-1")
    assert (brought.incidents, made.number, made.former_numbers) == (((2, 1, "Checkout fails"),), 2, (1,))
    assert ledger.latest("incidents", ["1"])["1"].stream == "incident/other"
    assert also_called(ledger, incident(ledger, "other")) == [2]


def test_only_who_has_to_gets_another_number(ledger, file):
    declare(ledger, "other", 1)
    declare(file, "i-1", 1)
    declare(file, "i-2", 2)

    bring(ledger, file)

    assert [incident(ledger, each).number for each in ("i-1", "i-2")] == [3, 2]


def test_incidents_that_name_one_another_do_so_by_their_new_numbers(ledger, file):
    declare(ledger, "other", 1)
    declare(ledger, "another", 2)
    declare(file, "i-1", 1, said.related("merged into", 2, "the same"))
    declare(file, "i-2", 2)

    bring(ledger, file)

    assert incident(ledger, "i-1").relations[0].other == incident(ledger, "i-2").number


def test_a_correction_names_the_entry_where_it_is_now(ledger, file):
    declare(file, "i-1", 1, said.noted("One."))
    bring(ledger, file)
    ledger.append("incident/i-1", [said.noted("In between.")], expected=None, actor="cy", at=MORNING)
    for draft in (said.noted("Tow."), said.corrected("incident/i-1:3", "a slip", text="Two.")):
        file.append("incident/i-1", [draft], expected=None, actor=ME, at=NIGHT)

    bring(ledger, file)

    correction = events(ledger, "i-1")[-1]
    assert (correction.facts["entry"], events(ledger, "i-1")[3].facts["text"]) == ("incident/i-1:4", "Tow.")


def test_files_come_along(ledger, file):
    kept = said.KeptFile("graph.png", "image/png", 3, digest_of(b"png"))
    declare(file, "i-1", 1)
    write = Write("incident/i-1", [said.noted("See.", files=(kept,))])
    file.record([write], actor=ME, at=NIGHT, attach={f"incident-file/{kept.digest}": b"png"})

    bring(ledger, file)

    assert ledger.attachment(f"incident-file/{kept.digest}") == b"png"


def test_a_late_note_comes_to_the_incident_of_its_number(ledger, file):
    declare(ledger, "i-14", 14)
    keep_late(file, 14, ME, "It was the disk.", now=NIGHT, files=[("a.txt", "text/plain", b"df")])

    brought = bring(ledger, file)

    note = events(ledger, "i-14")[-1]
    assert (brought.late, texts(ledger, "i-14"), note.actor) == ((14,), ["It was the disk."], ME)
    assert ledger.attachment(f"incident-file/{digest_of(b'df')}") == b"df"
    assert bring(ledger, file) == Brought()


def test_a_late_note_for_a_number_that_nobody_has_stays_and_is_told(ledger, file):
    keep_late(file, 99, ME, "Lost?", now=NIGHT)

    brought = bring(ledger, file)

    assert brought.left == ("Notes (1) for INC-99 wait: the ledger has no such incident.",)
    assert list(late_notes(file)) == [99]


def test_a_late_note_may_be_told_where_it_belongs(ledger, file):
    declare(ledger, "i-1", 1)
    keep_late(file, 99, ME, "Lost?", now=NIGHT)

    brought = Bringing(ledger, now=lambda: MORNING).bring(file, "ben", {99: 1})

    assert (brought.left, texts(ledger, "i-1")) == ((), ["Lost?"])


def test_an_empty_file_leaves_the_numbers_of_the_ledger_free(file):
    keep_numbers_free(file, 14, at=NIGHT)
    keep_numbers_free(file, 20, at=NIGHT)

    assert file.streams("incident-number/")[-1] == claim_of(9)
    assert (len(file.read(claim_of(14))), file.read(claim_of(15))) == (1, [])


def test_the_chain_holds(ledger, file):
    declare(ledger, "other", 1)
    declare(file, "i-1", 1, said.noted("One."))
    keep_late(file, 7, ME, "Late.", now=NIGHT)
    bring(ledger, file)

    assert check(ledger).faults == []


def test_a_file_that_was_changed_by_hand_is_refused_and_nothing_is_brought(ledger, file, tmp_path):
    declare(file, "i-1", 1, said.noted("One."))
    file.close()
    with closing(apsw.Connection(str(tmp_path / "offline.db"))) as raw:
        triggers = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            raw.execute(f'DROP TRIGGER "{name}"')
        raw.execute("UPDATE event SET actor = 'mallory' WHERE stream = 'incident/i-1' AND number = 2")
    with closing(opened(tmp_path / "offline.db")) as changed, pytest.raises(Refusal, match="was changed"):
        bring(ledger, changed)
    assert ledger.head() == 0


def test_a_copy_of_the_ledger_itself_brings_only_what_was_written_in_the_copy(ledger, tmp_path):
    declare(ledger, "i-1", 1, said.noted("One."))
    with closing(apsw.Connection(str(tmp_path / "ledger.db"))) as source:
        source.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    with closing(opened(tmp_path / "copy.db")) as copy:
        copy.append("incident/i-1", [said.noted("On the train.")], expected=None, actor=ME, at=NIGHT)

        assert bring(ledger, copy).entries == 1
    assert texts(ledger, "i-1") == ["One.", "On the train."]


class Killed:
    """A ledger whose process is killed at the given recording: before it, or right after it."""

    def __init__(self, ledger: SqliteLedger, at: int, *, is_before: bool) -> None:
        self._ledger = ledger
        self._left = at
        self._is_before = is_before

    def record(self, *told: Any, **more: Any) -> Any:
        """Records, and is killed."""
        self._left -= 1
        if self._left == 0 and self._is_before:
            os.kill(os.getpid(), signal.SIGKILL)
        made = self._ledger.record(*told, **more)
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    def append(self, stream: str, drafts: list[Draft], *, expected: int | None, **more: Any) -> Any:
        """As `record`."""
        return self.record([Write(stream, drafts, expected)], **more)

    def read(self, *told: Any) -> Any:
        """As it is."""
        return self._ledger.read(*told)

    def row(self, *told: Any) -> Any:
        """As it is."""
        return self._ledger.row(*told)

    def latest(self, *told: Any) -> Any:
        """As it is."""
        return self._ledger.latest(*told)


def _bring_and_die(folder: Path, at: int, is_before: bool) -> None:
    ledger: Any = Killed(opened(folder / "ledger.db"), at, is_before=is_before)
    Bringing(ledger, now=lambda: MORNING).bring(opened(folder / "offline.db"), "ben")


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
def test_a_kill_in_the_midst_neither_loses_nor_doubles(tmp_path, at, is_before):
    with closing(opened(tmp_path / "ledger.db")) as ledger, closing(opened(tmp_path / "offline.db")) as file:
        declare(ledger, "other", 1)
        declare(file, "i-1", 1, said.noted("One."), said.related("parent", 2, ""))
        file.append("incident/i-1", [said.noted("By ben.")], expected=None, actor="ben", at=NIGHT)
        declare(file, "i-2", 2, said.noted("Two."))
        keep_late(file, 1, ME, "Late.", now=NIGHT)
    child = multiprocessing.get_context("fork").Process(target=_bring_and_die, args=(tmp_path, at, is_before))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL

    with closing(opened(tmp_path / "ledger.db")) as ledger, closing(opened(tmp_path / "offline.db")) as file:
        bring(ledger, file)

        assert (texts(ledger, "i-1"), texts(ledger, "i-2")) == (["One.", "By ben."], ["Two."])
        assert texts(ledger, "other") == ["Late."]
        numbers = [incident(ledger, each).number for each in ("other", "i-1", "i-2")]
        assert (sorted(numbers), incident(ledger, "i-1").relations[0].other) == ([1, 2, 3], numbers[2])
        assert check(ledger).faults == []
