"""Which escalation holds for a service at a severity, whom it pages when, and why: read off a whole book."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.usecases.snapshots import snapshot

from opsbook.ground.errors import Usage
from opsbook.ledger.page_events import FrozenPolicy
from opsbook.usecases.alerting_ports import Contact, ContactRule, Reachable
from opsbook.usecases.library import Book
from opsbook.usecases.on_duty import duty_model, on_duty
from opsbook.usecases.page_plan import BookAddresses, PlannedStep, page_plan, people_of, policy_for

PEOPLE = """# On-Call

## People

| Name | Handle | Phone | E-Mail |
|-|-|-|-|
| Ada Byron | @ada | +45 5550 0101 | ada@example.org |
| Ben Nevis | @ben | +44 5550 0102 | |
| Cem Kaya | @cem | | cem@example.org |

| Team | Members |
|-|-|
| Databases | @ben, @cem |

## Primary

- **Time Zone:** Europe/Copenhagen

| Rotation | Start | Hand-Over | Participants | Hours |
|-|-|-|-|-|
| weekly | 2026-11-02 | Monday 09:00 | @ada, @ben | always |
"""
LEVELS = "| Level | After | Contact |\n|-|-|-|\n"
URGENT = f"## Urgent\n\n- **Severities:** P0, P1\n\n{LEVELS}| 1 | 0 min | Primary |\n| 2 | 10 min | Databases |\n\n"
OF_API = f"## For the API\n\n- **Services:** API Service\n\n{LEVELS}| 1 | at once | @cem |\n\n"
CONTACTS = "- **Escalation:** @cem\n- **On-Call Engineer:** Primary\n- **Technical Lead:** @ben\n"
AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def book(more: str = "", contacts: str = CONTACTS) -> Book:
    runbook = f"# API Service Runbook\n\n**Service:** api-service\n\n## Emergency Contacts\n\n{contacts}"
    return snapshot({"docs/on-call.md": PEOPLE + "\n" + more, "docs/runbooks/api.md": runbook})


def chosen(of: Book, severity: str = "P1", service: str | None = "api-service", **more: object) -> FrozenPolicy:
    policy, why = policy_for(of, service, severity, commit="c0ffee", **more)  # type: ignore[arg-type]
    assert policy is not None
    assert policy.why == why
    return policy


def targets(policy: FrozenPolicy) -> list[tuple[float, tuple[str, ...]]]:
    return [(level.after_s, level.targets) for level in policy.levels]


def plan(of: Book, severity: str = "P1", at: datetime = AT, service: str | None = "api-service") -> list[PlannedStep]:
    return list(page_plan(of, service, severity, at, addresses=BookAddresses(of)).steps)


# -- which one -----------------------------------------------------------------------------------------------------


def test_an_escalation_that_names_the_service_goes_first():
    policy = chosen(book(URGENT + OF_API))
    assert (policy.name, policy.path, policy.commit) == ("For the API", "docs/on-call.md", "c0ffee")
    assert "is the escalation of the service api-service at every severity" in policy.why


def test_the_contacts_of_the_runbook_are_levels_in_the_order_of_their_roles():
    policy = chosen(book(URGENT))
    assert targets(policy) == [(0, ("Primary",)), (300, ("@ben",)), (900, ("@cem",))]
    assert "no page says how long each waits, so it is 5 and 15 minutes" in policy.why


def test_contacts_wait_as_long_as_the_first_response_of_the_severity_may_take():
    matrix = "## Severities\n\n| Severity | Labels | First Response |\n|-|-|-|\n| P1 | page | 10 minutes |\n"
    assert [after for after, _ in targets(chosen(book(matrix)))] == [0, 600, 1800]


def test_a_contact_may_tell_its_wait():
    assert targets(chosen(book(contacts="- **On-Call:** @ada\n- **Lead (after 20 minutes):** @ben\n"))) == [
        (0, ("@ada",)), (1200, ("@ben",)),
    ]  # fmt: skip


def test_an_escalation_that_a_contact_names_holds_with_its_own_waits():
    policy = chosen(book(URGENT, "- **On-Call Engineer:** @cem\n- **Escalation:** Urgent\n"))
    assert (policy.name, targets(policy)) == ("Urgent", [(0, ("Primary",)), (600, ("Databases",))])
    assert policy.why.endswith("is the escalation that the runbook of api-service names in line 8.")


def test_without_a_runbook_the_escalation_for_all_services_holds():
    assert chosen(book(URGENT), service=None).name == "Urgent"


def test_a_runbook_whose_contacts_reach_nobody_is_passed_over_and_that_is_told():
    policy = chosen(book(URGENT, "- **On-Call Engineer:** whoever is in the office\n"))
    assert policy.name == "Urgent"
    assert "The emergency contacts of docs/runbooks/api.md reach nobody that can be paged." in policy.why


def test_a_severity_that_the_book_forgets_falls_to_the_catch_all():
    policy = chosen(book(URGENT), "P2", None, catch_all=("@ada",))
    assert (policy.name, targets(policy)) == ("Catch-All", [(0, ("@ada",))])
    assert policy_for(book(URGENT), None, "P2", commit=None)[0] is None


def test_p2_leaves_the_contacts_alone_where_an_escalation_names_it():
    ordinary = f"## Ordinary\n\n- **Severities:** P2–P3\n\n{LEVELS}| 1 | 0 min | #ops |\n"
    assert chosen(book(ordinary), "P2").name == "Ordinary"
    assert chosen(book(URGENT), "P2").name == "Emergency Contacts of api-service"


@pytest.mark.parametrize(("severities", "name"), [("P3", "Low"), ("all", "Low"), ("", None), ("P2", None)])
def test_p3_pages_nobody_unless_a_page_says_so(severities, name):
    label = f"- **Severities:** {severities}\n\n" if severities else ""
    policy, why = policy_for(book(f"## Low\n\n{label}{LEVELS}| 1 | 0 min | @ada |\n"), "api-service", "P3", commit=None)
    assert (policy.name if policy else None) == name
    assert name or why == "P3 pages nobody unless an escalation names it, and none does."


def test_a_word_of_the_severity_matrix_means_its_severity():
    matrix = "## Severities\n\n| Severity | Labels | Meaning |\n|-|-|-|\n| P1 | `burning` | bad |\n\n"
    assert chosen(book(matrix + URGENT.replace("P0, P1", "burning")), service=None).name == "Urgent"


def test_rows_of_one_table_may_be_for_different_severities():
    table = "## Mixed\n\n| Severity | After | Contact |\n|-|-|-|\n| P0 | 0 min | @ada |\n| P1 | 0 min | @ben |\n"
    assert targets(chosen(book(table), "P1", None)) == [(0, ("@ben",))]


def test_the_labels_of_an_escalation_are_kept_for_the_page():
    labels = (
        "- **Severities:** P1\n- **Repeat:** 2 times, every 30 minutes\n- **Acknowledge Within:** 45 minutes\n"
        "- **Strategy:** round robin\n- **Time Zone:** Europe/Copenhagen\n- **Catch-All:** Databases\n\n"
    )
    table = "| Level | After | Contact | Required | Hours |\n|-|-|-|-|-|\n| 1 | 0 min | @ada, @ben | 2 people | Mon-Fri 09:00-17:00 |\n"
    policy = chosen(book(f"## Urgent\n\n{labels}{table}"), service=None)
    (level,) = policy.levels
    assert (policy.repeat, policy.repeat_every_s, policy.ack_timeout_s, policy.catch_all) == (2, 1800, 2700, ("Databases",))
    assert (level.needs, level.is_round_robin, level.hours, level.time_zone) == (
        2, True, "Mon-Fri 09:00-17:00", "Europe/Copenhagen",
    )  # fmt: skip


def test_what_the_page_leaves_open_comes_from_the_settings():
    policy = chosen(book(URGENT), service=None, catch_all=("@cem",), ack_timeout_s=60.0)
    assert (policy.catch_all, policy.ack_timeout_s) == (("@cem",), 60.0)


# -- whom it pages -------------------------------------------------------------------------------------------------


def test_each_level_pages_who_is_on_call_when_it_is_its_turn():
    # Ben takes over at 09:00 in Copenhagen, five minutes into the page.
    late = f"## Late\n\n{LEVELS}| 1 | 0 min | Primary |\n| 2 | 10 min | Primary |\n"
    steps = plan(book(late), at=datetime(2026, 11, 30, 7, 55, tzinfo=UTC), service=None)
    assert [(step.after_s, step.person, step.channels) for step in steps] == [
        (0, "Ben Nevis", ("phone",)), (600, "Ada Byron", ("phone", "email")),
    ]  # fmt: skip


def test_the_whole_is_said_again_and_then_the_catch_all_is_paged():
    text = f"## Urgent\n\n{LEVELS}| 1 | 0 min | @ada |\n| 2 | 10 min | @ben |\n\n- **Repeat:** once\n- **Catch-All:** @cem\n"
    steps = plan(book(text), service=None)
    assert [(step.after_s / 60, step.level, step.person) for step in steps] == [
        (0, 1, "Ada Byron"), (10, 2, "Ben Nevis"), (20, 1, "Ada Byron"), (30, 2, "Ben Nevis"), (40, -1, "Cem Kaya"),
    ]  # fmt: skip


def test_a_level_that_reaches_nobody_says_why_with_a_guess():
    (step,) = plan(book(f"## Urgent\n\n{LEVELS}| 1 | 0 min | Primry |\n"), service=None)
    assert (step.person, step.channels) == ("", ())
    assert step.why.endswith("No page of the book knows 'Primry'. Did you mean 'Primary'?")


def test_outside_of_its_hours_a_level_is_passed_over():
    table = "## Urgent\n\n| Level | After | Contact | Hours |\n|-|-|-|-|\n| 1 | 0 min | @ada | working hours |\n| 2 | 5 min | @ben | |\n"
    assert [step.person for step in plan(book(table), service=None)] == ["", "Ben Nevis"]
    assert [step.person for step in plan(book(table), at=AT.replace(hour=10), service=None)] == ["Ada Byron", "Ben Nevis"]


def test_a_target_means_people_a_place_or_nobody():
    of = book()
    assert people_of(of, "Primary", AT) == (("Ben Nevis", "weekly rotation of Primary"),)
    assert [name for name, _ in people_of(of, "Databases", AT)] == ["Ben Nevis", "Cem Kaya"]
    assert people_of(of, "#ops", AT) == (("#ops", "the channel itself"),)
    assert people_of(of, "nobody at all", AT) == ()


def test_a_service_that_the_book_does_not_know_is_refused_with_a_guess():
    with pytest.raises(Usage, match="no service 'api-servce'. Did you mean 'api-service'"):
        plan(book(), service="api-servce")


# -- who is on call ------------------------------------------------------------------------------------------------


def test_on_call_for_a_service_is_whom_its_urgent_pages_reach_first():
    answer = duty_model(on_duty(book(), AT, service="API-Service"))
    assert (answer["service"], answer["schedule"]) == ("api-service", "Primary")
    (person,) = answer["people"]
    assert (person["person"], person["until"]) == ("Ben Nevis", "2026-11-30T08:00:00+00:00")
    assert person["why"] == "weekly rotation of Primary; On-Call Engineer of docs/runbooks/api.md:8"


def test_the_next_hand_over_knows_overrides():
    more = "### Overrides\n\n| From | To | On Call |\n|-|-|-|\n| 2026-11-28 09:00 | 2026-11-29 09:00 | @cem |\n"
    (over,) = on_duty(book(more), AT, schedule="primary").hand_overs
    assert (over.at, over.people) == (datetime(2026, 11, 28, 8, tzinfo=UTC), ("Cem Kaya",))


def test_of_a_team_those_are_told_who_are_on_call():
    assert [each.person for each in on_duty(book(), AT, team="databases").people] == ["Ben Nevis"]
    with pytest.raises(Usage, match="no team .xyz.. There are Databases"):
        on_duty(book(), AT, team="xyz")


def test_nobody_is_told_with_the_reason():
    answer = on_duty(snapshot({"docs/on-call.md": "# On-Call\n"}), AT)
    assert (answer.people, answer.why_not) == ((), "No page of the book has a schedule.")


class Sleeper:
    """Everybody is reached by a telephone, and then by mail, and has quiet hours."""

    def reachable(self, name: str) -> Reachable:
        contacts = tuple(Contact(kind, kind, "x", "x", "book") for kind in ("phone", "email"))
        rules = (ContactRule("email"), ContactRule("phone", 120.0))
        return Reachable(name, name, contacts, rules, "Europe/Copenhagen", (22 * 3600, 7 * 3600))


def test_the_plan_knows_quiet_hours_and_rules_of_ones_own():
    of = book(f"## All\n\n- **Severities:** P1, P2\n\n{LEVELS}| 1 | 0 min | @ada |\n")
    at = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)  # 04:10 in Copenhagen
    steps = {severity: page_plan(of, None, severity, at, addresses=Sleeper()).steps for severity in ("P1", "P2")}
    assert [(step.after_s, step.channels) for step in steps["P1"]] == [(0, ("email", "phone"))]
    assert [step.after_s for step in steps["P2"]] == [(7 - 4) * 3600 - 600]
    assert steps["P2"][0].why.endswith("A P2 waits for the end of Ada Byron's quiet hours.")


def test_the_plan_waits_for_nobody_who_cannot_be_reached_as_configured():
    of = book(f"## All\n\n{LEVELS}| 1 | 0 min | @ada |\n| 2 | 10 min | @cem |\n")
    def lacks(contact):
        return "No mail server is configured." if contact.kind == "email" else ""

    steps = page_plan(of, None, "P1", AT, addresses=Sleeper(), catch_all=("#ops",), why_not=lacks).steps
    assert [(step.after_s, step.person, step.channels) for step in steps][:2] == [(0, "Ada Byron", ("phone",)), (600, "Cem Kaya", ("phone",))]
    assert "email is passed over: No mail server is configured." in steps[0].why
    steps = page_plan(of, None, "P1", AT, addresses=Sleeper(), catch_all=("#ops",), why_not=lambda contact: "No way.").steps
    assert [(step.after_s, step.person, step.channels) for step in steps] == [(0, "Ada Byron", ()), (0, "Cem Kaya", ()), (0, "#ops", ())]
    assert "Ada Byron cannot be reached: No way." in steps[0].why


def test_a_service_without_a_runbook_is_known_where_an_escalation_names_it():
    of = book(OF_API.replace("API Service", "Payments"))
    assert [step.person for step in plan(of, service="payments")] == ["Cem Kaya"]
    assert on_duty(of, AT, service="payments").service == "Payments"
    with pytest.raises(Usage, match="Did you mean 'Payments'"):
        plan(of, service="paymnets")
