"""What people do with incidents, on both real ledgers: declared, found, led, noted, moved; refused with a reason."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from tests.usecases.incident_world import BEGIN, POLICY, IncidentWorld, opened

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.event import Draft
from opsbook.ledger.incident_events import Members, update_drafted
from opsbook.ledger.views import VIEWS
from opsbook.usecases.incident_acts import Declaration, FieldConflict
from opsbook.usecases.incident_entries import media_type_of


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path) -> Iterator[IncidentWorld]:
    if request.param == "sqlite":
        ledger = opened(tmp_path)
    else:
        ledger = PostgresLedger(request.getfixturevalue("postgres_url"), views=VIEWS)
    with closing(ledger):
        yield IncidentWorld(ledger)


# -- declared and found ----------------------------------------------------------------------------------------------


def test_a_declared_incident_has_the_next_number_and_what_the_page_says_of_it(world):
    first, second = world.declare(severity="P1"), world.declare("Mail is late", "ben")
    assert [first.number, second.number] == [1, 2]
    assert (first.severity, second.severity, second.declared_by) == ("P1", "P2", "ben")
    assert (first.war_room, first.policy) == ("#war", "docs/incidents/incident-response.md")
    assert first.holders("operator") == ("cem",)
    assert [task.text for task in first.tasks] == ["Name the Communications Lead"]
    assert not second.tasks
    assert first.status == "Investigating"


def test_whoever_is_on_call_has_the_role_that_the_page_gives_to_them(world):
    world.with_policy(POLICY.replace("| Primary |", "| The on-call engineer |"))
    assert world.declare().holders("operator") == ("cem",)


def test_an_incident_is_found_by_number_name_id_and_the_beginning_of_the_id(world):
    made = world.declare()
    for named in (1, "1", "INC-1", "inc 1", "#1", "INC-001", made.id, made.id[:-2]):
        assert world.acts.find(named).id == made.id


@pytest.mark.parametrize(("named", "told"), [
    (7, "The last is INC-1."), ("INC-7", "The last is INC-1."), ("api is", "Did you mean INC-1 (The API is down)?"),
    ("", "Name an incident."),
])  # fmt: skip
def test_an_incident_that_is_not_there_is_guessed_at(world, named, told):
    world.declare()
    with pytest.raises(Usage) as refused:
        world.acts.find(named)
    assert told in str(refused.value)


def test_incidents_are_selected_live_ones_first_then_the_last_declared(world):
    for title, severity in (("The API", "P0"), ("Mail", "P1"), ("The disk is full", "P2"), ("Practice", "P1")):
        world.declare(title, severity=severity, is_drill=title == "Practice")
        world.forward(minutes=1)
    world.acts.move(3, "ada", "resolved")

    def numbers(**asked):
        return [each.number for each in world.acts.select(**asked)]

    assert numbers() == [4, 2, 1, 3]
    assert numbers(is_live=False) == numbers(statuses=["Resolved"]) == numbers(statuses=["fixed"]) == [3]
    assert numbers(severities=["sev1"]) == [4, 2]
    assert numbers(severities=["P1"], with_drills=False) == [2]
    assert numbers(words="DISK the") == [3]
    assert numbers(words="inc-4") == [4]
    assert numbers(before=3) == [2, 1]
    assert numbers(since=BEGIN + timedelta(minutes=1), until=BEGIN + timedelta(minutes=3)) == [2, 3]
    assert numbers(limit=1) == [4]


def test_incidents_are_selected_by_a_service_that_joined_later(world):
    world.declare()
    assert world.acts.select(service="api-service") == []
    world.acts.attach(1, "ada", Members(services=("API-Service",)))
    for name in ("api-service", "API-Service", "api"):
        assert [each.number for each in world.acts.select(service=name)] == [1]


def test_two_nodes_never_claim_one_number(world):
    other = world.another(world.ledger)
    mine, theirs = world.acts.declare.__self__._desk, other._desk
    mine.board.look(), theirs.board.look()
    assert [world.declare().number, other.declare(_said("Two"), "ben").number] == [1, 2]
    assert [world.declare().number, other.declare(_said("Four"), "ben").number] == [3, 4]


def _said(title):
    from opsbook.usecases.incident_acts import Declaration

    return Declaration(title)


# -- noted, moved, edited --------------------------------------------------------------------------------------------


def test_a_note_is_an_entry_and_one_of_the_same_key_is_one(world):
    world.declare()
    world.acts.note(1, "ada", "We look at it", key="a")
    made = world.acts.note(1, "ada", "We look at it", key="a")
    assert made.entries == 1


def test_a_file_of_a_note_is_kept_with_a_clean_name_and_an_honest_type(world):
    made = world.declare()
    files = [("../../graph\u202e.png", "image/png", b"\x89PNG\r\n\x1a\nrest"), ("x.svg", "image/png", b"<svg/>")]
    world.acts.note(1, "ada", "", files=files)
    facts = world.ledger.read(f"incident/{made.id}")[-1].facts
    assert [(each["name"], each["media_type"]) for each in facts["files"]] == [
        ("graph.png", "image/png"), ("x.svg", "application/octet-stream"),
    ]  # fmt: skip
    assert world.acts.file(facts["files"][1]["digest"]) == b"<svg/>"
    assert world.acts.file("../opsbook.db") is None


def test_a_file_that_is_too_large_is_refused(world):
    world.declare()
    with pytest.raises(Usage, match="at most 10 MB"):
        world.acts.note(1, "ada", "", files=[("a.bin", "", b"0" * (10 << 20) + b"1")])


def test_it_moves_by_the_words_of_people_and_keeps_when_it_happened(world):
    world.declare(started_at=BEGIN - timedelta(minutes=20))
    world.forward(minutes=30)
    made = world.acts.move(1, "ada", "Mitigated", happened_at=BEGIN + timedelta(minutes=10))
    assert (made.state, made.status, made.mitigated_at) == ("monitoring", "Mitigating", BEGIN + timedelta(minutes=10))
    made = world.acts.move(1, "ben", "fixed")
    assert (made.status, made.resolved_at) == ("Resolved", world.at)


@pytest.mark.parametrize(("minutes", "told"), [(-30, "before it began"), (20, "in the future")])
def test_a_time_that_cannot_be_is_refused(world, minutes, told):
    world.declare(started_at=BEGIN - timedelta(minutes=20))
    with pytest.raises(Usage, match=told):
        world.acts.move(1, "ada", "resolved", happened_at=BEGIN + timedelta(minutes=minutes))


def test_it_cannot_have_begun_after_it_was_resolved(world):
    world.declare()
    world.forward(minutes=30)
    world.acts.move(1, "ada", "resolved", happened_at=BEGIN + timedelta(minutes=10))
    with pytest.raises(Usage, match="after it was mitigated"):
        world.acts.edit(1, "ada", "started_at", (BEGIN + timedelta(minutes=20)).isoformat())
    assert world.acts.edit(1, "ada", "started_at", BEGIN).started_at == BEGIN


def test_of_two_who_change_one_field_the_second_sees_what_the_first_said(world):
    seen = world.declare().version
    world.acts.edit(1, "ada", "title", "The database is down", expected=seen)
    with pytest.raises(FieldConflict) as conflict:
        world.acts.edit(1, "ben", "title", "The cache is down", expected=seen)
    wrong = conflict.value
    assert (wrong.by, wrong.now, wrong.mine) == ("ada", "The database is down", "The cache is down")
    assert "ada changed the title of INC-1 meanwhile" in str(wrong)
    assert world.acts.edit(1, "ben", "summary", "Two fields do not meet", expected=seen).summary
    assert world.acts.edit(1, "ben", "title", "The database is down", expected=seen).version


def test_of_two_who_move_it_the_second_sees_where_it_is(world):
    seen = world.declare().version
    world.acts.move(1, "ada", "mitigating", expected=seen)
    with pytest.raises(FieldConflict, match="ada changed the state"):
        world.acts.move(1, "ben", "identified", expected=seen)


def test_an_entry_is_corrected_and_the_time_of_its_state_with_it(world):
    made = world.declare()
    world.forward(minutes=30)
    made = world.acts.move(1, "ada", "resolved")
    key = f"incident/{made.id}:{made.version}"
    made = world.acts.correct(1, "ben", key, "It was earlier", happened_at=BEGIN + timedelta(minutes=12))
    assert made.resolved_at == BEGIN + timedelta(minutes=12)
    with pytest.raises(Usage, match="has no entry"):
        world.acts.correct(1, "ben", f"incident/{made.id}:99", "What", text="No")


def test_a_reopened_incident_counts_as_worse_again_and_has_no_end(world):
    world.declare()
    world.acts.move(1, "ada", "resolved")
    made = world.acts.move(1, "ada", "investigating", why="It is back")
    assert (made.regressions, made.resolved_at, made.is_live) == (1, None, True)


def test_a_grave_one_is_closed_once_its_post_mortem_is_reviewed_or_waived(world):
    world.declare(severity="P1", started_at=BEGIN)
    world.acts.move(1, "ada", "resolved")
    with pytest.raises(Refusal, match="post-mortem is reviewed"):
        world.acts.move(1, "ada", "closed")
    world.acts.waive(1, "ada", "The same as INC-0")
    assert world.acts.move(1, "ada", "closed").state == "closed"


# -- rated -----------------------------------------------------------------------------------------------------------


def test_it_is_as_grave_as_somebody_says(world):
    world.declare()
    made = world.acts.rate(1, "ada", severity="critical", why="All of them call us")
    assert (made.severity, made.severity_why) == ("P0", "All of them call us")
    assert [task.text for task in made.tasks] == ["Name the Communications Lead"]


# -- led -------------------------------------------------------------------------------------------------------------


def test_whoever_acknowledges_leads_it_and_its_pages_are_acknowledged(world):
    alert = world.alert()
    page = world.page(alert)
    world.declare(members=Members(alerts=(alert,)))
    made = world.acts.acknowledge(1, "ada")
    assert made.holders("commander") == ("ada",)
    assert made.acknowledged_by == "ada"
    assert world.read_page(page).state == "acknowledged"
    assert world.read_alert(alert).acknowledged_by == "ada"
    assert world.acts.acknowledge(1, "ada").version == made.version


def test_a_commander_hands_over_and_there_is_one(world):
    world.declare()
    world.acts.acknowledge(1, "ada")
    made = world.acts.assign(1, "ada", "IC", "Ben Nevis", why="Ada sleeps")
    assert made.holders("commander") == ("ben",)
    assert [(held.person, held.until is None) for held in made.roles if held.role == "commander"] == [
        ("ada", False), ("ben", True),
    ]  # fmt: skip


def test_a_commander_who_is_the_expert_too_is_warned_of(world):
    made = world.declare()
    world.acts.assign(1, "ada", "expert", "@cem")
    world.acts.assign(1, "ada", "commander", "@cem")
    assert "Mind: cem is expert too" in world.ledger.read(f"incident/{made.id}")[-1].facts["why"]


def test_a_role_that_no_page_knows_is_guessed_at(world):
    world.declare()
    with pytest.raises(Usage, match="Did you mean 'commander'"):
        world.acts.assign(1, "ada", "comander", "@cem")


def test_a_task_is_added_done_and_dropped(world):
    world.declare()
    world.acts.add_task(1, "ada", "Call the provider", role="operator", owner="@ben")
    made = world.acts.set_task(1, "ben", 1, "done")
    assert [(task.text, task.state, task.owner, task.changed_by) for task in made.tasks] == [
        ("Call the provider", "done", "ben", "ben")
    ]
    with pytest.raises(Usage, match="no task 9"):
        world.acts.set_task(1, "ben", 9, "done")


def test_somebody_who_is_called_in_is_paged_for_that_incident(world):
    world.declare(severity="P1")
    made = world.acts.call(1, "ada", "@ben", "He knows the database")
    person, page = made.called[0]
    assert (person, made.pages) == ("ben", (page,))
    assert world.read_page(page).incident == 1
    assert "INC-1 (P1): The API is down – He knows the database" in world.read_page(page).subject
    with pytest.raises(Refusal, match="Nobody knows how to reach"):
        world.acts.call(1, "ada", "@stranger", "Who?")


# -- what belongs to it ----------------------------------------------------------------------------------------------


def test_what_belongs_to_it_knows_so(world):
    alert, run = world.alert(ago_s=300), world.run()
    page = world.page(alert)
    made = world.declare(members=Members(alerts=(alert,), runs=(run,)))
    assert (made.pages, made.services) == ((page,), ("api-service",))
    assert (made.started_at, made.detected_at) == (BEGIN - timedelta(seconds=300), BEGIN)
    assert (world.read_alert(alert).incident, world.read_page(page).incident) == (1, 1)
    assert world.ledger.row("runs", f"run/{run}").row.document["incident"] == 1


def test_an_alert_belongs_to_one_incident_at_a_time(world):
    alert = world.alert()
    world.declare(members=Members(alerts=(alert,)))
    world.declare("Another")
    made = world.acts.attach(2, "ada", Members(alerts=(alert,)), "It is of the database")
    assert made.alerts == (alert,)
    assert world.acts.find(1).alerts == ()
    assert world.read_alert(alert).incident == 2
    world.acts.detach(2, "ada", Members(alerts=(alert,)))
    assert world.read_alert(alert).incident is None
    with pytest.raises(Refusal, match="None of these"):
        world.acts.detach(2, "ada", Members(alerts=(alert,)))


def test_what_is_not_there_does_not_join(world):
    world.declare()
    with pytest.raises(Usage, match="There is no alert 'nothing'"):
        world.acts.attach(1, "ada", Members(alerts=("nothing",)))


def test_resolving_ends_its_pages_but_not_those_whose_alerts_still_fire(world):
    over, fires = world.alert("Over"), world.alert("StillFires")
    pages = [world.page(over), world.page(fires)]
    made = world.declare(members=Members(alerts=(over, fires)))
    world.ended(over)
    world.acts.move(1, "ada", "resolved")
    assert [world.read_page(page).state for page in pages] == ["done", "acknowledged"]
    assert "Mind: StillFires still fires." in world.ledger.read(f"incident/{made.id}")[-1].facts["why"]
    assert world.read_alert(fires).is_open


# -- one of two, two of one ------------------------------------------------------------------------------------------


def test_a_merged_one_gives_what_belongs_to_it_to_the_other(world):
    alert = world.alert()
    world.declare(severity="P2")
    world.declare("The same", severity="P1", members=Members(alerts=(alert,)))
    into = world.acts.merge(2, 1, "ada")
    merged = world.acts.find(2)
    assert (into.number, into.alerts, into.severity) == (1, (alert,), "P1")
    assert (merged.state, merged.alerts) == ("merged", ())
    assert world.read_alert(alert).incident == 1
    with pytest.raises(Refusal, match="It went into INC-1"):
        world.acts.merge(1, 2, "ada")
    with pytest.raises(Refusal, match="nothing joins it. It went into INC-1"):
        world.acts.attach(2, "ada", Members(services=("web",)))


def test_nobody_noticed_it_before_it_began(world):
    alert = world.alert(ago_s=300)
    world.forward(minutes=10)
    made = world.declare(members=Members(alerts=(alert,)), started_at=world.at)
    assert made.detected_at == made.started_at == world.at


def test_a_merged_one_gives_its_times_where_they_fit(world):
    alert = world.alert()
    world.declare(members=Members(alerts=(alert,)))
    world.declare("The same", started_at=BEGIN - timedelta(hours=1))
    assert world.acts.merge(2, 1, "ada").started_at == BEGIN - timedelta(hours=1)
    world.forward(minutes=10)
    world.declare("Also the same", started_at=BEGIN + timedelta(minutes=5))
    world.declare("It again", members=Members(alerts=(alert,)))
    made = world.acts.merge(4, 3, "ada")
    assert made.started_at == made.detected_at == BEGIN


def test_one_declared_twice_is_dismissed_and_says_of_which(world):
    world.declare()
    world.declare("Twice")
    made = world.acts.duplicate(2, 1, "ada")
    assert made.state == "dismissed"
    assert [(each.how, each.other) for each in made.relations] == [("duplicate of", 1)]


def test_a_drill_is_never_one_with_a_real_one(world):
    world.declare()
    world.declare("Practice", is_drill=True)
    with pytest.raises(Refusal, match="INC-2 is a drill"):
        world.acts.merge(2, 1, "ada")


def test_a_part_of_one_becomes_another(world):
    mine, theirs = world.alert(), world.alert("MailLate")
    world.declare(severity="P1", members=Members(alerts=(mine, theirs)))
    made = world.acts.split(1, "ada", Members(alerts=(theirs,)), title="Mail is late")
    assert (made.number, made.alerts, made.severity) == (2, (theirs,), "P1")
    assert world.acts.find(1).alerts == (mine,)
    assert [(each.how, each.other) for each in world.acts.find(1).relations] == [("split into", 2)]
    assert [(each.how, each.other) for each in made.relations] == [("split from", 1)]
    with pytest.raises(Refusal, match="does not belong to INC-1"):
        world.acts.split(1, "ada", Members(alerts=(theirs,)), title="Again")


# -- what is promised ------------------------------------------------------------------------------------------------


def test_an_action_item_is_somebodys_and_is_done_or_dropped_with_a_reason(world):
    world.declare()
    world.acts.promise(1, "ada", "Watch the disk", owner="Ben Nevis", due="2026-12-01", kind="detect")
    made = world.acts.set_promise(1, "ben", 1, "in progress", due="2026-12-08")
    assert [(each.owner, each.due, each.state) for each in made.actions] == [("ben", "2026-12-08", "in progress")]
    with pytest.raises(Usage, match="Say why"):
        world.acts.set_promise(1, "ben", 1, "dropped")


def test_nobody_changes_anything_without_a_name(world):
    world.declare()
    with pytest.raises(Usage, match="under somebody's name"):
        world.acts.note(1, " ", "Who is it?")


def test_the_view_keeps_what_the_events_say(world):
    made = world.declare()
    world.acts.acknowledge(1, "ada")
    world.acts.note(1, "ada", "We look at it")
    made = world.acts.move(1, "ada", "resolved")
    assert world.row(made) == world.refolded(made) == made




# -- declared twice ------------------------------------------------------------------------------------------------


def test_what_is_declared_twice_under_one_key_is_one_incident(world):
    first, again = world.declare(key="k1"), world.declare("Other words", "ben", key=" k1 ")
    assert (again.id, again.title) == (first.id, first.title)
    assert world.declare(key="k2").number == 2
    assert world.declare().number == 3


def test_a_declaration_that_races_with_itself_is_one_incident(world):
    both = [world.acts, world.another(world.ledger)]
    begin = threading.Barrier(8)

    def declare(number: int) -> str:
        begin.wait()
        return both[number % 2].declare(Declaration("The API is down", key="k"), "ada").id

    with ThreadPoolExecutor(8) as many:
        assert len(set(many.map(declare, range(8)))) == 1
    assert [each.number for each in world.acts.select()] == [1]


@pytest.mark.parametrize("words", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_nobody_can_mean_is_refused_and_nothing_is_recorded(world, words):
    made, at = world.declare(), datetime.fromisoformat(words)
    for verb in (
        lambda: world.declare("Another", started_at=at),
        lambda: world.acts.edit(1, "ada", "started_at", words),
        lambda: world.acts.edit(1, "ada", "detected_at", words),
        lambda: world.acts.move(1, "ada", "mitigated", happened_at=at),
        lambda: world.acts.note(1, "ada", "So it was.", happened_at=at),
        lambda: world.acts.correct(1, "ada", f"incident/{made.id}:1", "It was then.", happened_at=at),
    ):
        with pytest.raises(Usage):
            verb()
    assert world.acts.find(1) == made


# -- what is to be done -----------------------------------------------------------------------------------------------

LISTS = """
### Checklist: Scribe

- [ ] Write down who said what

### P0 Checklist

- [ ] Call the board
"""


def texts(incident) -> list[str]:
    return [task.text for task in incident.tasks]


def test_tasks_of_a_role_that_the_page_says_since_are_given_with_the_role_and_once(world):
    made = world.declare()
    world.with_policy(POLICY + LISTS)
    assert texts(made) == []
    for person in ("ben", "cem"):
        made = world.acts.assign(made.number, "ada", "scribe", person)
    assert texts(made) == ["Write down who said what"]
    assert (made.tasks[0].role, made.tasks[0].state) == ("scribe", "open")


def test_tasks_of_a_severity_are_given_once_it_is_reached_and_once(world):
    world.with_policy(POLICY + LISTS)
    made = world.declare()
    for severity in ("P0", "P2", "P0"):
        made = world.acts.rate(made.number, "ada", severity=severity, why="It is")
    assert texts(made) == ["Write down who said what", "Call the board", "Name the Communications Lead"]


def test_what_is_not_done_of_a_merged_incident_goes_on_in_the_other(world):
    one, other = world.declare(), world.declare("Again", "ben")
    for text in ("Call the bank", "Call Ada"):
        world.acts.add_task(one.number, "ada", text)
    world.acts.set_task(one.number, "ada", 2, "done")
    world.acts.add_task(other.number, "ada", "Look")
    world.acts.promise(one.number, "ada", "Alert earlier", owner="@ben")
    draft = [update_drafted(1, audience="team", body="It is down.")]
    world.ledger.append(f"incident/{one.id}", draft, expected=None, actor="ada", at=world.at)
    made = world.acts.merge(one.number, other.number, "ada")
    assert [(task.id, task.text, task.state) for task in made.tasks] == [(1, "Look", "open"), (2, "Call the bank", "open")]
    assert [(each.text, each.owner, each.state) for each in made.actions] == [("Alert earlier", "ben", "open")]
    assert [(each.body, each.state) for each in made.updates] == [("It is down.", "draft")]
    left = world.acts.find(one.id)
    assert [task.state for task in left.tasks] == ["dropped", "done"]
    assert ([each.state for each in left.actions], [each.state for each in left.updates]) == (["dropped"], ["withdrawn"])


def test_a_change_that_was_told_among_others_can_be_pinned_and_corrected(world):
    made = world.declare()
    world.ledger.append("batch/b", [Draft("AlertsReceived", {})], expected=0, actor="ci", at=world.at)
    assert world.acts.pin(made.number, "ada", "batch/b:1.2").pins == ("batch/b:1.2",)
    assert world.acts.correct(made.number, "ada", "batch/b:1.2", "It was v4", text="v4").version == made.version + 2
    with pytest.raises(Usage, match="has no entry"):
        world.acts.pin(made.number, "ada", "batch/b:2.1")


@pytest.mark.parametrize(("media_type", "raw", "kept"), [
    ("image/avif", b"\0\0\0\x1cftypavif\0\0", "image/avif"), ("image/avif", b"<svg/>", "application/octet-stream"),
    ("image/webp", b"RIFF\0\0\0\0WEBPVP8", "image/webp"), ("image/webp", b"RIFFxxxxAVI ", "application/octet-stream"),
])  # fmt: skip
def test_a_picture_is_known_by_how_it_begins(media_type, raw, kept):
    assert media_type_of(media_type, raw) == kept
