"""Action items are one list, of the book and of the ledger; a tick is a commit of the page, and undone by another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.ledger.planned import command, plan, started
from tests.usecases.learn_world import ADA, BOOK, START, World, book_in

from opsbook.alert_parts import build_pages
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import incident_events as kinds
from opsbook.ledger import run_events
from opsbook.ledger.health import Reading
from opsbook.ledger.run_events import State
from opsbook.usecases.action_items import Wanted
from opsbook.usecases.action_marking import ActionItems
from opsbook.usecases.action_proving import Proving
from opsbook.usecases.edit import BookEditing
from opsbook.usecases.incident_acts import Incidents
from opsbook.wire import build_repository

PAGE = f"{BOOK}/incidents/2026-03-01-orders.md"
REPORT = """# Incident Response: Orders fail

**Severity:** P1
**Status:** Resolved
**Started:** 2026-03-01 10:00 UTC
**Resolved:** 2026-03-01 11:00 UTC
**Incident Commander:** @ada

## Root Cause

The disk was full.

## Prevention

- [ ] Alert at 80 % of the disk (@ada, due 2026-03-10)
- [ ] Verify the backups (@ben, due 2026-05-01), proven by [Verify](../runbooks/db.md#verify-backups)
- [x] Order a larger disk (@ada), proven by https://shop.example.org/disk
- [ ] Clean up, proven by `rm -rf /`
"""
RUNBOOK = "# Database Runbook\n\n## Verify backups\n\n1. Look.\n\n   ```sh\n   true\n   ```\n"


class Answering:
    """Answers for an address as it is told to."""

    def __init__(self) -> None:
        self.is_well = True
        self.asked: list[str] = []

    def ask(self, probes, tell) -> None:
        for probe in probes:
            self.asked.append(probe.address)
            outcome = "ok" if self.is_well else "status"
            tell(probe, Reading(probe.key, START, outcome, "It answered so.", 3.0))


class Promised(World):
    """The world with the verbs of action items."""

    def __init__(self, root) -> None:
        super().__init__(root)
        editing = BookEditing(self.library, build_repository(self.config), self.ledger, self.clock)
        pages = build_pages(self.config, self.ledger, self.library.snapshot)
        self.incidents = Incidents(self.ledger, self.library.snapshot, pages, now=self.clock, chance=lambda n: b"x" * n)
        self.prober = Answering()
        proving = Proving(self.ledger, self.prober, now=self.clock)
        self.actions = ActionItems(self.ledger, editing, self.incidents, proving, now=self.clock)

    def key(self, words: str) -> str:
        return next(each.item.key for each in self.actions.select() if words in each.item.text)

    def state(self, words: str) -> str:
        return self.actions.find(self.key(words)).state

    def page(self) -> str:
        return (self.root / PAGE).read_text()


@pytest.fixture
def world(tmp_path):
    git = book_in(tmp_path, **{"incidents__2026-03-01-orders": REPORT, "runbooks__db": RUNBOOK})
    made = Promised(tmp_path)
    made.git = git
    yield made
    made.close()


def test_all_are_one_list_with_the_late_first_and_what_is_done_last(world):
    found = [(each.item.text.split(" (")[0].split(",")[0], each.state, each.item.owner) for each in world.actions.select()]
    assert found == [
        ("Alert at 80 % of the disk", "open", "@ada"), ("Verify the backups", "open", "@ben"), ("Clean up", "open", ""),
        ("Order a larger disk", "done", "@ada"),
    ]  # fmt: skip
    assert world.actions.select()[0].item.is_late(world.now.date())


@pytest.mark.parametrize(
    ("wanted", "count"),
    [(Wanted(owner="ada"), 2), (Wanted(owner="nobody"), 1), (Wanted(is_late=True), 1), (Wanted(state="left"), 3), (Wanted(state="done"), 1)],
)
def test_the_list_is_narrowed(world, wanted, count):
    assert len(world.actions.select(wanted)) == count


def test_a_tick_is_a_commit_of_the_page_alone_and_is_undone_by_another(world):
    key = world.key("Alert at 80")
    made = world.actions.mark(key, "ada", ADA, is_done=True, why="Merged in #12.")
    assert made.item.state == "done"
    assert "- [x] Alert at 80 % of the disk" in world.page()
    assert world.git("log", "-1", "--format=%an %s").strip() == "Ada Done: Alert at 80 % of the disk (@ada, due 2026-03-10)"
    assert world.git("show", "--stat", "--format=", "HEAD").count("|") == 1
    world.actions.mark(key, "ada", ADA, is_done=False)
    assert world.page() == REPORT


def test_an_item_that_is_ticked_already_is_left_alone(world):
    before = world.git("rev-parse", "HEAD")
    world.actions.mark(world.key("Order a larger"), "ada", ADA, is_done=True)
    assert world.git("rev-parse", "HEAD") == before


def test_words_that_changed_meanwhile_are_not_ticked(world):
    key = world.key("Alert at 80")
    (world.root / PAGE).write_text(REPORT.replace("80 %", "90 %"))
    with pytest.raises((Refusal, Usage)):
        world.actions.mark(key, "ada", ADA, is_done=True)
    assert "[x] Alert" not in world.page()


def test_what_an_incident_promised_is_listed_until_its_page_says_it(world):
    world.declare(number=14)
    world.tell(kinds.action_set(1, "Buy a spare", "open", owner="@ada", due="2026-04-01"))
    assert world.actions.find("INC-14-1").item.path == ""
    world.tell(kinds.written("report", PAGE, "p1"))
    (world.root / PAGE).write_text(REPORT + "- [ ] Buy a spare (@ada, due 2026-04-01)\n")
    world.library.look()
    (found,) = world.actions.select(Wanted(words="spare"))
    assert (found.item.path, found.item.incident, found.item.promise) == (PAGE, 14, 1)


def test_a_tick_of_an_item_that_both_know_is_made_in_both(world):
    test_what_an_incident_promised_is_listed_until_its_page_says_it(world)
    world.git.commit("more")
    world.actions.mark(world.key("spare"), "ada", ADA, is_done=True)
    assert "- [x] Buy a spare" in world.page()
    assert world.find().actions[0].state == "done"


def test_what_was_dropped_with_a_reason_is_left_no_more(world):
    test_what_an_incident_promised_is_listed_until_its_page_says_it(world)
    world.incidents.set_promise(14, "ada", 1, "dropped", why="The disk is gone.")
    assert world.state("spare") == "dropped"


def test_an_address_that_answers_well_proves_what_is_ticked(world):
    key = world.key("Order a larger")
    assert world.actions.prove(key, "ada").state == "verified"
    assert world.prober.asked == ["https://shop.example.org/disk"]


def test_what_is_ticked_while_its_proof_says_otherwise_is_shown_so(world):
    world.prober.is_well = False
    made = world.actions.prove(world.key("Order a larger"), "ada")
    assert (made.state, made.is_doubtful) == ("done", True)
    assert [each.item.text for each in world.actions.select(Wanted(state="doubtful"))] == [made.item.text]


def test_a_command_out_of_a_report_is_never_run_and_a_person_says_what_it_printed(world):
    key = world.key("Clean up")
    with pytest.raises(Refusal, match="runs no command out of a report"):
        world.actions.prove(key, "ada")
    assert world.actions.prove(key, "ada", why="It printed nothing.").standing.evidence == "It printed nothing."


def test_a_procedure_proves_it_once_a_run_of_it_has_succeeded_since(world):
    key = world.key("Verify the backups")
    with pytest.raises(Refusal, match=r"opsbook run docs/operations/runbooks/db\.md#verify-backups"):
        world.actions.prove(key, "ben")


def ran(world: Promised, state: State, *, days: int = 0, id: str = "r1", is_dry: bool = False) -> None:
    """A run of the procedure that proves the backups has ended so, days after the world begins."""
    at = world.now + timedelta(days=days)
    procedure = replace(plan(command("1", "true")), path=f"{BOOK}/runbooks/db.md", anchor="verify-backups")
    drafts = [started(procedure, is_dry=is_dry), run_events.run_ended(state, "")]
    world.ledger.append(f"run/{id}", drafts, expected=None, actor="ben", at=at)


def test_a_run_that_succeeded_proves_what_is_ticked_and_one_that_failed_later_makes_it_doubtful(world):
    key = world.key("Verify the backups")
    world.actions.mark(key, "ben", ADA, is_done=True)
    ran(world, "succeeded")
    found = world.actions.find(world.key("Verify the backups"))
    assert (found.state, found.standing.run, found.is_doubtful) == ("verified", "r1", False)
    assert world.actions.prove(found.item.key, "ben").standing.evidence == "The run r1 of Deploy succeeded."

    ran(world, "failed", days=1, id="r2")
    found = world.actions.find(found.item.key)
    assert (found.state, found.standing.run, found.is_doubtful) == ("done", "r2", True)


@pytest.mark.parametrize("how", [{"is_dry": True}, {"days": -60}])
def test_a_dry_run_and_one_from_before_the_incident_prove_nothing(world, how):
    world.actions.mark(world.key("Verify the backups"), "ben", ADA, is_done=True)
    ran(world, "succeeded", **how)
    assert world.actions.find(world.key("Verify the backups")).standing.is_proven is None


def test_what_a_proof_came_to_stands_in_the_timeline_of_its_incident(world):
    world.declare(number=14)
    world.tell(kinds.written("report", PAGE, "p1"), minutes=1)
    world.actions.prove(world.key("Order a larger"), "ada")
    last = world.ledger.read("incident/i14")[-1]
    assert (last.kind, last.actor) == (kinds.NOTED, "ada")
    assert last.facts["text"].startswith("Action item is proven: Order a larger disk")


def test_a_key_that_nobody_knows_is_refused(world):
    with pytest.raises(Usage, match="no action item 'nope'"):
        world.actions.mark("nope", "ada", ADA, is_done=True)
