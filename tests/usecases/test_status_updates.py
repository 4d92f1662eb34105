"""Status updates are composed from the page's templates, approved by who may, published once, corrected, withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usecases.told_world import START, ToldWorld

from opsbook.book.impact import Impact
from opsbook.ground.errors import NotPermitted, Refusal, Usage
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.telling import TELLING_VIEW, telling_of
from opsbook.usecases.incident_acts import FieldConflict
from opsbook.usecases.telling_owed import tellings

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path):
    """A ledger with a P1, by the policy page that `init` writes."""
    made = ToldWorld(tmp_path)
    made.declare()
    yield made
    made.ledger.close()


def test_a_teams_update_is_filled_from_the_incident_and_names_what_nobody_knows(world):
    made = world.updates.compose(world.incident, "team")
    assert made.body.splitlines() == [
        "**P1 Cards are refused by db-7** is Investigating.",
        "**Impact:** Nobody can pay by card; Payments does not work",
        "**Known:** [What we know]",
        "**Doing:** [What we do now, and who]",
        "**Next update:** 2026-11-26 03:40 UTC",
    ]
    assert made.unfilled == ("What we know", "What we do now, and who")
    assert made.template == "docs/operations/incidents/incident-response.md#internal-update@c0ffee"


def test_the_share_of_users_is_told_where_nobody_wrote_a_sentence(tmp_path):
    world = ToldWorld(tmp_path)
    world.declare(impact=Impact(users_pct=40.0))
    assert "**Impact:** About 40 % of the users are hindered\n" in world.updates.compose(world.incident, "team").body
    world.ledger.close()


def test_customers_are_told_in_their_words_and_nothing_of_ours(world):
    world.write(kinds.noted("SECRET host db-7 is down", "decision"))
    made = world.updates.compose(world.incident, "customers")
    assert made.body.splitlines() == [
        "We are investigating a problem with Paying.",
        "Since 2026-11-26 03:10 UTC, Payments does not work for about 40 % of the users.",
        "There is a way around part of it.",
        "We will write again by 2026-11-26 03:40 UTC.",
    ]
    assert made.unfilled == ()


def test_what_was_decided_last_or_pinned_is_what_is_done_and_known(world):
    world.write(kinds.noted("The primary is full", "note"))
    pinned = world.ledger.read("incident/one")[-1].number
    world.write(kinds.pinned(f"incident/one:{pinned}", True))
    world.write(kinds.noted("Fail over to db-8, Ben", "decision"))
    body = world.updates.compose(world.incident, "team").body
    assert "**Known:** The primary is full" in body
    assert "**Doing:** Fail over to db-8, Ben" in body


def test_a_struck_entry_is_not_told(world):
    world.write(kinds.noted("Fail over to db-8", "decision"))
    number = world.ledger.read("incident/one")[-1].number
    world.write(kinds.corrected(f"incident/one:{number}", "wrong", is_struck=True))
    assert "db-8" not in world.updates.compose(world.incident, "team").body


def test_what_is_over_is_not_told_in_words_of_what_goes_on(world):
    world.write(kinds.moved("resolved"))
    made = world.updates.compose(world.incident, "customers")
    assert made.template == "built-in"
    assert made.body.startswith("The problem with Paying is over since 2026-11-26 03:10 UTC.")
    assert "is Resolved." in world.updates.compose(world.incident, "team").body


def test_without_a_policy_page_there_are_built_in_templates_that_say_so(tmp_path):
    world = ToldWorld(tmp_path, policy="")
    world.declare()
    for audience in ("team", "executives", "customers"):
        assert world.updates.compose(world.incident, audience).template == "built-in"
    world.ledger.close()


def test_an_unknown_audience_is_refused_with_a_guess(world):
    with pytest.raises(Usage, match="Did you mean 'customers'"):
        world.updates.compose(world.incident, "customer")


@pytest.mark.parametrize("by", ["Ada", "@ada", "Ben"])
def test_who_commands_or_speaks_approves_what_customers_are_told(world, by):
    update = world.draft("customers", "Cards do not work.")
    made = world.updates.approve(world.incident, by, update)
    assert (made.updates[0].state, made.updates[0].approved_by) == ("approved", by)


def test_nobody_else_does_but_an_admin(world):
    update = world.draft("customers", "Cards do not work.")
    with pytest.raises(NotPermitted, match="the incident commander, the communications lead or an admin"):
        world.updates.approve(world.incident, "Chris", update)
    assert world.updates.approve(world.incident, "Chris", update, is_admin=True).updates[0].state == "approved"


def test_customers_are_not_told_what_nobody_approved(world):
    update = world.draft("customers", "Cards do not work.")
    with pytest.raises(Refusal, match="nobody approved it yet"):
        world.updates.publish(world.incident, "Ada", update)


def test_what_was_approved_and_then_edited_is_approved_again(world):
    update = world.draft("customers", "Cards do not work.")
    world.updates.approve(world.incident, "Ada", update)
    made = world.updates.draft(world.incident, "Ben", audience="customers", body="Cards and Giro.", update=update)
    assert (made.updates[0].state, made.updates[0].approved_by) == ("draft", "")
    with pytest.raises(Refusal, match="nobody approved"):
        world.updates.publish(world.incident, "Ada", update)


def test_a_slot_that_nobody_filled_never_goes_to_customers(world):
    update = world.draft("customers", "Since [Time] cards do not work.")
    with pytest.raises(Refusal, match=r"\[Time\]"):
        world.updates.approve(world.incident, "Ada", update)


def test_a_slot_goes_to_the_team_only_where_that_is_meant(world):
    update = world.draft("team", "Known: [What we know]")
    with pytest.raises(Refusal, match=r"\[What we know\]"):
        world.updates.publish(world.incident, "Ada", update)
    made = world.updates.publish(world.incident, "Ada", update, may_have_slots=True)
    assert made.updates[0].state == "published"


def test_an_update_is_published_once(world):
    update = world.published("team", "Cards do not work.")
    with pytest.raises(Refusal, match="is published already"):
        world.updates.publish(world.incident, "Ada", update)


def test_what_is_published_stays_as_it_was_read(world):
    update = world.published("team", "Cards do not work.")
    with pytest.raises(Refusal, match="Send a correction"):
        world.updates.draft(world.incident, "Ada", audience="team", body="Other.", update=update)


def test_what_is_published_is_owed_to_channels_and_subscribers_in_the_same_moment(world):
    world.subscribers = [("sub-1", "e…@example.org")]
    update = world.published("team", "Cards do not work.", channels=["#ops", "mail:team@example.org"])
    found = tellings(world.ledger, "one", update)
    assert sorted(each.shown for each in found) == ["#ops", "e…@example.org", "mail:team@example.org"]
    assert {f"telling/{each.id}" for each in found} == set(world.incident.updates[0].deliveries)
    assert {each.stream for each in world.ledger.due(10, "telling/")} == set(world.incident.updates[0].deliveries)


def test_a_drill_is_told_no_customer(world, tmp_path):
    (tmp_path / "drill").mkdir()
    drill = ToldWorld(tmp_path / "drill")
    drill.declare(is_drill=True)
    drill.subscribers = [("sub-1", "e…@example.org")]
    update = drill.published("customers", "Cards do not work.", channels=["#ops"])
    assert tellings(drill.ledger, "one", update) == []
    drill.ledger.close()


def test_a_correction_says_what_was_wrong_and_takes_the_place_of_the_other(world):
    wrong = world.published("team", "40 % cannot pay.")
    made = world.updates.compose(world.incident, "team", corrects=wrong)
    assert made.body.startswith("**Correction** of what we wrote at 2026-11-26 03:10 UTC: [What was wrong]")
    right = world.published("team", "Correction: 60 % cannot pay, not 40 %.", corrects=wrong)
    assert [(each.id, each.state) for each in world.incident.updates] == [(wrong, "corrected"), (right, "published")]


def test_a_correction_that_does_not_say_so_is_asked_to(world):
    wrong = world.published("team", "40 % cannot pay.")
    right = world.draft("team", "60 % cannot pay.", corrects=wrong)
    with pytest.raises(Refusal, match=r"\[What was wrong\]"):
        world.updates.publish(world.incident, "Ada", right)


def test_what_nobody_read_is_changed_and_not_corrected(world):
    update = world.draft("team", "40 % cannot pay.")
    with pytest.raises(Refusal, match="told nobody yet"):
        world.draft("team", "60 %", corrects=update)


def test_what_customers_read_is_taken_back_by_whoever_may_approve_it(world):
    update = world.published("customers", "Cards do not work.")
    with pytest.raises(NotPermitted, match="may not approve"):
        world.updates.withdraw(world.incident, "nobody-in-particular", update, "No more.")
    assert world.updates.withdraw(world.incident, "root", update, "No more.", is_admin=True).updates[0].state == "withdrawn"


def test_what_is_withdrawn_is_handed_to_nobody_any_more(world):
    update = world.published("team", "Cards do not work.", channels=["#ops"])
    with pytest.raises(Usage, match="Say why"):
        world.updates.withdraw(world.incident, "Ada", update, "")
    made = world.updates.withdraw(world.incident, "Ada", update, "It was about another product.")
    assert made.updates[0].state == "withdrawn"
    [telling] = tellings(world.ledger, "one", update)
    assert (telling.state, telling.why) == ("dropped", "The update was withdrawn.")
    assert world.ledger.due(10, "telling/") == []


def test_whoever_edits_what_somebody_changed_meanwhile_sees_both(world):
    update = world.draft("team", "Cards do not work.")
    seen = world.incident
    world.now += MINUTE
    world.updates.draft(world.incident, "Ada", audience="team", body="Ada's words", update=update)
    with pytest.raises(FieldConflict) as found:
        world.updates.draft(seen, "Ben", audience="team", body="Ben's words", update=update)
    assert (found.value.by, found.value.now, found.value.mine) == ("Ada", "Ada's words", "Ben's words")


def test_nobody_approves_what_they_have_not_seen(world):
    update = world.draft("customers", "Cards do not work.")
    seen = world.incident
    world.now += MINUTE
    world.updates.draft(world.incident, "Ben", audience="customers", body="Nothing works.", update=update)
    with pytest.raises(FieldConflict, match="Look at it first"):
        world.updates.approve(seen, "Ada", update)


def test_what_others_record_meanwhile_does_not_keep_an_update_from_being_sent(world):
    update = world.draft("team", "Cards do not work.")
    seen = world.incident
    world.write(kinds.noted("A note."))
    assert world.updates.publish(seen, "Ada", update).updates[0].state == "published"


def test_publishing_moves_the_time_of_the_next(world):
    world.now = START + 4 * MINUTE
    world.published("team", "Cards do not work.", channels=["#ops"])
    assert world.incident.update_due_at == START + 34 * MINUTE


def test_what_was_promised_counts_where_it_is_sooner(world):
    world.published("team", "Cards do not work.", next_due=START + 10 * MINUTE, channels=["#ops"])
    assert world.incident.update_due_at == START + 10 * MINUTE


def test_nothing_is_due_after_what_is_over_was_told(world):
    world.write(kinds.update_due(START + 5 * MINUTE, ""))
    world.write(kinds.moved("resolved"))
    world.published("team", "It is over.")
    assert world.incident.update_due_at is None


def test_values_with_brackets_look_like_no_slots(tmp_path):
    world = ToldWorld(tmp_path)
    world.declare(impact=Impact(users="[Everybody] <b> {{ x }}", functions=("Pay [card]",)))
    made = world.updates.compose(world.incident, "team")
    assert "(Everybody) ‹b› { x }; Pay (card) does not work" in made.body
    world.ledger.close()


def test_an_update_has_a_text_of_a_length(world):
    with pytest.raises(Usage, match="write its text"):
        world.draft("team", "  \n ")
    with pytest.raises(Usage, match="longer than"):
        world.draft("team", "x" * 20_001)


def test_who_gets_an_update_can_be_listed(world):
    world.published("team", "One.", channels=[f"#c{number}" for number in range(7)])
    assert len(world.ledger.rows(TELLING_VIEW.name)) == 7
    assert all(telling_of(kept).state == "owed" for kept in world.ledger.rows(TELLING_VIEW.name))


@pytest.mark.parametrize("channel", [
    "http://127.0.0.1:9926/x", "mail:anybody@elsewhere.example.com", "mail:a@b\r\nBcc: x@y", "file:///etc/passwd",
    "ntfy://ntfy.example.com/x", "teem@example.org",
])  # fmt: skip
def test_an_update_goes_nowhere_that_no_page_names(world, channel):
    with pytest.raises(Usage, match="cannot go to"):
        world.draft("team", "Cards do not work.", channels=[channel])


@pytest.mark.parametrize("components", [{"payment-api": "down"}, {"Paying": "zz"}, {"Nope": "degraded"}])
def test_an_update_tells_of_no_component_and_no_state_that_the_status_page_does_not_have(world, components):
    with pytest.raises(Usage):
        world.draft("customers", "Cards do not work.", components=components)
