"""What an incident's ledger knows stands in the words of the book's template, once, and as a proposal."""

from __future__ import annotations

import pytest
from tests.usecases.learn_world import ADA, BOOK, POLICY, START, World, book_in

from opsbook.book.impact import Impact
from opsbook.book.incidents import read_report
from opsbook.book.page import read_page
from opsbook.ground.errors import Refusal
from opsbook.ledger import incident_events
from opsbook.usecases.post_mortems import move_post_mortem

TOKEN = "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a"  # parted, since scanners look for whole ones
KEY = "AK" + "IAI44QH8DHBQZ7F2KA"
PATH = f"{BOOK}/incidents/2026-03-26-orders-fail.md"


@pytest.fixture
def world(tmp_path, needs):
    needs("git")
    book_in(tmp_path / "work")
    made = World(tmp_path / "work")
    yield made
    made.close()


def text(world, proposal) -> str:
    return world.proposals.content(proposal).decode()


GOLDEN = """\
# Incident Response: Orders fail

**Severity:** P1  
**Status:** Resolved  
**Started:** 2026-03-26 02:04 UTC  
**Resolved:** 2026-03-26 02:27 UTC

## Timeline

- 02:04 - ALERT
- 02:06 - DECLARED
- 02:07 - Acknowledged (@ada)
- 02:10 - The disk of \\*db-1\\* is full \\[really] (@ada)
- 02:12 - We fail over (@bo)
- 02:17 - MITIGATED
- 02:27 - RESOLVED

## Impact

- **Affected Services:** api-service, database
- **User Impact:** [Description]
- **Business Impact:** [Description]

## Root Cause

Nobody looked at the disk.

- It grew for weeks.

## Resolution

Failed over, then emptied it.

## Prevention

- [ ] Watch the disk (@bo, due 2026-04-03)
- [x] Write that down (owner: Platform Team)

## Lessons Learned

[What we learned and will do differently]
"""


def test_the_report_is_our_template_word_for_word_with_what_is_known(world):
    made = world.reports.report(world.night(), "ada", ADA)
    assert made.path == PATH
    said = text(world, made).split("\n")
    wanted = GOLDEN.split("\n")
    told = {"ALERT": "ApiDown", "DECLARED": "Declared as P1", "MITIGATED": "It works again", "RESOLVED": "esolved"}
    assert len(said) == len(wanted), text(world, made)
    for line, golden in zip(said, wanted, strict=True):
        word = golden.rpartition(" - ")[2]
        if word in told:
            assert line.startswith(golden[:10]) and told[word] in line
        else:
            assert line == golden


def test_what_was_declared_of_its_impact_stands_once(world):
    world.declare(impact=Impact(users_pct=60, functions=("checkout",), workaround="none"))
    said = text(world, world.reports.report(world.tell(incident_events.moved("resolved"), minutes=5), "ada", ADA))
    assert said.count("60 % of users could not use checkout") == 1
    assert "- **User Impact:** 60 % of users could not use checkout (no workaround)\n" in said


def test_the_timeline_reads_as_a_person_wrote_it(world):
    world.declare(
        title="checkout fails", impact=Impact(users_pct=60), severity="P0", by="terminal:root",
        severity_why="By docs/x.md:33 it is P0: 60 % of users (Users: > 50 %).",
    )  # fmt: skip
    world.tell(incident_events.acknowledged("terminal:root", "command line"), actor="terminal:root")
    world.tell(incident_events.edited("summary", "", "It is bad"))
    world.tell(incident_events.moved("mitigating", why="rolled back"), actor="terminal:bo")
    said = text(world, world.reports.report(world.tell(incident_events.moved("resolved"), minutes=5), "ada", ADA))
    bullets = [each.split(" - ", 1)[1] for each in said.split("## Timeline")[1].split("##")[0].split("\n") if " - " in each]
    assert bullets == [
        "Declared as P0: checkout fails for 60 % of users (@root)", "Acknowledged (@root)",
        "Mitigating: rolled back (@bo)", "Resolved (@ada)",
    ]  # fmt: skip


def test_it_lints_clean_but_for_what_nobody_knows(world):
    made = world.reports.report(world.night(), "ada", ADA)
    found = world.library.findings_in(PATH, world.proposals.content(made))
    known = {"placeholder", "orphan-page", "unknown-person"}  # @bo is on no page
    by_day = {"action-overdue", "missing-post-mortem"}  # the night of the test is long ago
    assert {finding.rule for finding in found} <= known | by_day
    assert [finding.rule for finding in found].count("placeholder") >= 1


def test_what_is_read_back_is_what_was_known(world):
    made = world.reports.report(world.night(), "ada", ADA)
    report = read_report(read_page(PATH, world.proposals.content(made)))
    assert report is not None
    assert (report.severity, report.state, report.services) == ("P1", "over", ("api-service", "database"))
    assert report.started.at == START.replace(second=0)
    assert report.duration_s == 23 * 60
    assert report.has_root_cause
    assert [(each.state, each.owner, each.due) for each in report.actions] == [
        ("open", "@bo", "2026-04-03"), ("done", "Platform Team", "")
    ]


def test_what_nobody_wrote_stays_an_honest_slot(world):
    world.declare()
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    said = text(world, world.reports.report(incident, "ada", ADA))
    assert "[Description of root cause]" in said
    assert "- [Action item 1]" in said


def test_the_timeline_tells_days_where_there_are_several(world):
    world.declare()
    world.tell(incident_events.noted("Still slow"), minutes=60 * 30)
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    said = text(world, world.reports.report(incident, "ada", ADA))
    assert "- 2026-03-27 08:04 - Still slow (@ada)" in said


def test_struck_entries_are_left_out_and_pins_are_kept(world):
    world.declare()
    world.tell(incident_events.noted("Wrong"))
    world.tell(incident_events.noted("Chatter", "chat"))
    world.tell(incident_events.corrected("incident/i14:2", "It was another.", is_struck=True))
    world.tell(incident_events.pinned("incident/i14:3", True))
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    said = text(world, world.reports.report(incident, "ada", ADA))
    assert "Wrong" not in said
    assert "Chatter" in said


def test_what_reminded_the_commander_is_no_part_of_what_happened(world):
    world.declare()
    world.tell(incident_events.noted("The alert of it is over. Resolve INC-14 if nobody is hindered."), actor="router")
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    assert "if nobody is hindered" not in text(world, world.reports.report(incident, "ada", ADA))


def test_an_address_in_the_title_is_none_in_the_name_of_the_page(world):
    world.declare(title="WebDown: nginx does not answer http://127.0.0.1:22080/health")
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    made = world.reports.report(incident, "ada", ADA)
    assert made.path == f"{BOOK}/incidents/2026-03-26-webdown-nginx-does-not-answer.md"


def test_secrets_are_left_out(world):
    world.declare(title="Token " + TOKEN)
    world.tell(incident_events.noted("It said https://ops:Wq7zXv93kk@db.acme.io/x"))
    world.tell(incident_events.edited("root_cause", "", f"{KEY} leaked"))
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    made = world.reports.report(incident, "ada", ADA)
    said = text(world, made)
    for secret in (TOKEN, TOKEN.lower(), "Wq7zXv93kk", KEY):
        assert secret not in said + made.path + made.title


def test_what_is_resolved_gets_its_report_once_by_whoever_looks(world):
    world.night()
    (made,) = world.reports.write_due().proposed
    assert (made.kind, made.path, made.incident) == ("report", PATH, 14)
    assert world.reports.write_due().proposed == ()
    assert [each.what for each in world.find().writings] == ["report"]


def test_two_that_look_at_once_write_one(world, tmp_path):
    world.night()
    other = World(tmp_path / "work")
    try:
        found = [*world.reports.write_due().proposed, *other.reports.write_due().proposed]
        assert len({each.id for each in found}) == 1
    finally:
        other.close()


def test_a_drill_gets_none_by_itself(world):
    world.declare(is_drill=True)
    incident = world.tell(incident_events.moved("resolved"), minutes=5)
    assert world.reports.write_due().proposed == ()
    assert "# Incident Response: Drill: Orders fail" in text(world, world.reports.report(incident, "ada", ADA))


def test_one_that_was_worse_again_is_written_anew_while_nobody_took_it(world):
    world.night()
    world.reports.write_due()
    world.tell(incident_events.moved("investigating"), minutes=5)
    world.tell(incident_events.noted("Full again"))
    world.tell(incident_events.moved("resolved"), minutes=5)
    (made,) = world.reports.write_due().proposed
    assert "Full again" in text(world, made)
    assert [each.state for each in world.proposals.select(is_open=None)] == ["open", "superseded"]


def test_a_merged_one_has_none(world):
    world.declare()
    incident = world.tell(incident_events.moved("merged"), incident_events.related("merged into", 13, ""))
    with pytest.raises(Refusal, match="merged into INC-13"):
        world.reports.report(incident, "ada", ADA)


def test_a_second_of_the_same_day_and_title_has_another_name(world):
    first = world.reports.report(world.night(), "ada", ADA)
    world.declare(number=15, id="i15")
    world.tell(incident_events.moved("resolved"), id="i15")
    second = world.reports.report(world.find("i15"), "ada", ADA)
    assert (first.path, second.path) == (PATH, PATH.replace(".md", "-inc-15.md"))


def test_the_post_mortem_is_due_by_the_policys_words_and_is_the_commanders(world):
    world.night()
    world.reports.write_due()
    due = world.find().post_mortem
    assert (due.state, due.owner, due.due) == ("due", "@ada", "2026-04-02")


def test_holidays_of_the_page_are_no_working_days(world):
    page = (world.root / POLICY).read_text().replace("| Date | Holiday |\n| --- | --- |",
                                                     "| Date | Holiday |\n| --- | --- |\n| 2026-04-01 | A day |")
    (world.root / POLICY).write_text(page)
    world.library.look()
    world.night()
    world.reports.write_due()
    assert world.find().post_mortem.due == "2026-04-03"


def test_the_post_mortem_is_the_users_template_with_links_and_its_factors(world):
    world.night()
    world.reports.write_due()
    world.tell(incident_events.edited("factors", [], ["No alert on the disk"]))
    world.tell(incident_events.edited("went_well", [], ["The standby was there"]))
    world.tell(incident_events.edited("lucky", [], ["It was night"]))
    made = world.reports.post_mortem(world.find(), "ada", ADA)
    said = text(world, made)
    assert made.path == PATH.replace(".md", "-post-mortem.md")
    assert "# Post-Mortem: Orders fail\n" in said
    assert "**Status:** Draft" in said
    assert "**Owner:** @ada" in said
    assert "**Incident:** [INC-14](2026-03-26-orders-fail.md)" in said
    for heading, words in (("Contributing Factors", "No alert on the disk"), ("What Went Well", "The standby was there"),
                           ("Where We Got Lucky", "It was night")):  # fmt: skip
        assert f"{heading}\n\n- {words}\n" in said
    assert "- [What hindered]" in said
    assert "- [ ] Watch the disk (@bo, due 2026-04-03)" in said
    assert world.find().post_mortem.state == "draft"


@pytest.mark.parametrize(("status", "state"), [("In Review", "in review"), ("Reviewed", "reviewed"),
                                               ("Closed", "reviewed")])
def test_how_far_it_is_follows_the_status_of_the_page(world, status, state):
    world.night()
    world.reports.write_due()
    made = world.reports.post_mortem(world.find(), "ada", ADA)
    said = text(world, made).replace("**Status:** Draft", f"**Status:** {status}")
    world.proposals.accept(made.id, "ada", ADA, text=said)
    world.library.wait_whole(20)
    world.reports.write_due()
    assert world.find().post_mortem.state == state


def test_what_a_person_says_of_it_does_not_go_against_its_page(world):
    world.night()
    world.reports.write_due()
    made = world.reports.post_mortem(world.find(), "ada", ADA)
    assert world.reports.page_says(world.find()) is None  # nothing is in the book yet
    world.proposals.accept(made.id, "ada", ADA)
    world.library.wait_whole(20)
    page = world.reports.page_says(world.find())
    with pytest.raises(Refusal, match="says 'Draft', and what is written there counts"):
        move_post_mortem(world.ledger, world.find(), "ada", "reviewed", why="", now=world.now, page=page)


def test_accepted_it_is_an_incident_of_the_book(world):
    made = world.reports.report(world.night(), "ada", ADA)
    world.proposals.accept(made.id, "ada", ADA)
    world.library.wait_whole(20)
    report = world.library.snapshot().facts[PATH].report
    assert report is not None
    assert report.title == "Incident Response: Orders fail"
