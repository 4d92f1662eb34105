"""People, schedules and escalation are read from the tables that people write."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.page import Page, read_page
from opsbook.book.roster.mentions import mentions_of, people_of
from opsbook.book.roster.reading import read_roster

PAGE = """# On-Call

## People

| Handle | Name | E-Mail | Phone | Time Zone |
| --- | --- | --- | --- | --- |
| @ada | Ada Byron | ada@example.org | +45 1234 5678 | Europe/Copenhagen |
| ben | Ben Nevis | ben@example.org | | |
| [@handle] | [Name] | [E-Mail] | [Phone] | |

### Teams

| Team | Members |
| --- | --- |
| Databases | @ada, Ben Nevis |

## Schedules

All are in one zone.

- **Time Zone:** Europe/Copenhagen

### Primary On-Call

| Participants | Rotation | Start | Hand-Over | Hours |
| --- | --- | --- | --- | --- |
| @ada, ben + @cem | weekly | 2026-11-02 | Monday 09:00 | Mon–Fri 09:00–17:00 |
| @cem → @ada | daily | 2026-11-02 | 17:00 | always |

### Holidays

| Date | Holiday |
| --- | --- |
| 2026-12-25 | Christmas Day |

### Overrides

| Schedule | From | To | On Call | Instead of | Reason |
| --- | --- | --- | --- | --- | --- |
| Primary On-Call | 2026-12-01 09:00 | 2026-12-02 | @ben | @ada | dentist |

## Escalation

### Urgent Escalation

- **Services:** checkout, search
- **Severities:** P0, P1

| Level | After | Contact |
| --- | --- | --- |
| 1 | at once | Primary On-Call |
| 2 | 5 minutes | Databases, #ops |
| 3 | after 15 min | @ada |

- **Repeat:** 2 times
- **Catch-All:** +45 1234 5678
"""


def page(text: str, path: str = "docs/operations/incidents/on-call.md") -> Page:
    return read_page(path, text.encode())


def test_a_person_has_a_name_a_handle_and_contacts_in_the_order_of_the_columns() -> None:
    ada, ben = read_roster(page(PAGE)).people
    assert (ada.name, ada.handle, ada.time_zone) == ("Ada Byron", "ada", "Europe/Copenhagen")
    assert ada.contacts == (("email", "ada@example.org"), ("phone", "+45 1234 5678"))
    assert (ben.handle, ben.contacts) == ("ben", (("email", "ben@example.org"),))


def test_a_team_has_members_by_handle_or_by_name() -> None:
    (team,) = read_roster(page(PAGE)).teams
    assert team.name == "Databases"
    assert [(member.name, member.form) for member in team.members] == [("ada", "handle"), ("Ben Nevis", "name")]


def test_rotations_of_a_schedule_are_its_rows_whatever_the_order_of_the_columns() -> None:
    (schedule,) = read_roster(page(PAGE)).schedules
    office, rest = schedule.rotations
    assert (schedule.name, schedule.time_zone, schedule.flaws) == ("Primary On-Call", "Europe/Copenhagen", ())
    assert (office.kind, office.start) == ("weekly", date(2026, 11, 2))
    assert (office.handoff_day, office.handoff_s) == (0, 9 * 3600)
    assert [[who.name for who in turn] for turn in office.turns] == [["ada"], ["ben", "cem"]]
    assert [(sorted(w.days), w.since, w.until) for w in office.windows] == [([0, 1, 2, 3, 4], 9 * 3600, 17 * 3600)]
    assert [[who.name for who in turn] for turn in rest.turns] == [["cem"], ["ada"]]
    assert (rest.kind, rest.handoff_day, rest.handoff_s, rest.windows) == ("daily", None, 17 * 3600, ())


def test_overrides_and_holidays_beside_the_schedules_belong_to_them() -> None:
    (schedule,) = read_roster(page(PAGE)).schedules
    (override,) = schedule.overrides
    assert (override.start, override.end) == (datetime(2026, 12, 1, 9), datetime(2026, 12, 3))
    assert (override.people[0].name, override.instead_of, override.reason) == ("ben", "ada", "dentist")
    assert [(holiday.day, holiday.name) for holiday in schedule.holidays] == [(date(2026, 12, 25), "Christmas Day")]


def test_a_policy_has_levels_with_waits_and_contacts() -> None:
    (policy,) = read_roster(page(PAGE)).policies
    assert (policy.name, policy.services, policy.severities) == (
        "Urgent Escalation",
        ("checkout", "search"),
        ("P0", "P1"),
    )
    assert [level.after for level in policy.levels] == [timedelta(0), timedelta(minutes=5), timedelta(minutes=15)]
    assert [(target.name, target.form) for target in policy.levels[1].targets] == [
        ("Databases", "name"),
        ("#ops", "channel"),
    ]
    assert (policy.repeat, [target.form for target in policy.catch_all]) == (2, ["address"])


def test_a_rotation_may_be_told_by_labels() -> None:
    (schedule,) = read_roster(
        page(
            "# On-Call\n\n## Rota\n\n- **Time Zone:** UTC\n- **Rotation:** weekly\n- **Start:** 2026-11-02\n"
            "- **Hand-over:** Monday 10:00\n- **Participants:** @ada, @ben\n"
        )
    ).schedules
    assert (schedule.name, schedule.rotations[0].handoff_s, len(schedule.rotations[0].turns)) == ("Rota", 36000, 2)


def test_a_table_of_weeks_is_a_schedule_for_each_role() -> None:
    schedules = read_roster(
        page(
            "# Rota\n\n| Week of | Primary | Secondary |\n| --- | --- | --- |\n"
            "| 2026-11-02 | @ada | @ben |\n| 2026-11-09 | @ben | @ada |\n"
        )
    ).schedules
    assert [schedule.name for schedule in schedules] == ["Rota: Primary", "Rota: Secondary"]
    assert [(o.start, o.end, o.people[0].name) for o in schedules[0].overrides] == [
        (datetime(2026, 11, 2), datetime(2026, 11, 9), "ada"),
        (datetime(2026, 11, 9), datetime(2026, 11, 16), "ben"),
    ]


def test_what_is_not_understood_is_a_flaw_with_its_place() -> None:
    text = PAGE.replace("Europe/Copenhagen\n\n###", "Europe/Kopenhagen\n\n###").replace("| daily |", "| sometimes |")
    (schedule,) = read_roster(page(text)).schedules
    source = text.encode()
    assert [source[flaw.start : flaw.end].decode() for flaw in schedule.flaws] == ["sometimes", "Europe/Kopenhagen"]


def test_a_page_makes_known_its_people_teams_schedules_and_policies() -> None:
    assert people_of(page(PAGE)) == (
        "Ada Byron", "ada", "Ben Nevis", "ben", "Databases", "Primary On-Call", "Urgent Escalation",
    )  # fmt: skip


def test_mentions_are_those_whom_paging_reads_with_their_places() -> None:
    source = PAGE.encode()
    mentions = mentions_of(page(PAGE))
    assert [mention.name for mention in mentions] == [
        "ada", "Ben Nevis", "ada", "ben", "cem", "cem", "ada", "ben", "ada", "Primary On-Call", "Databases", "ada",
    ]  # fmt: skip
    assert {source[m.span.start : m.span.end].decode().lstrip("@") == m.name for m in mentions} == {True}


def test_free_text_about_people_is_no_mention() -> None:
    runbook = page(
        "# Checkout Runbook\n\n**Service:** checkout\n\n## Emergency Contacts\n\n"
        "- **On-Call Engineer:** @ada\n- **Escalation:** the DBA team, ask in #db\n- **Mail:** ops@example.org\n",
        "docs/operations/runbooks/checkout.md",
    )
    assert [(mention.name, mention.of) for mention in mentions_of(runbook)] == [
        ("ada", ""), ("ops@example.org", "address"),
    ]  # fmt: skip


def test_who_owns_an_action_that_is_done_is_no_mention() -> None:
    report = page(
        "# Incident Response: X\n\n## Prevention\n\n- [x] Old (@gone)\n- [ ] New (@ada)\n"
        "- Use `@decorator` of @scope/name\n  - such as (@anyone)\n",
        "docs/operations/incidents/2026-11-02-x.md",
    )
    assert [mention.name for mention in mentions_of(report)] == ["ada"]


_WORDS = st.sampled_from([
    "|", "| --- | --- |\n", "\n", "From", "To", "On Call", "Rotation", "Start", "Participants", "Hours", "Level",
    "After", "Contact", "@ada", "[@handle]", "2026-11-02", "9999-12-31 23:59 +14:00", "0001-01-01", "Monday 09:00",
    "weekly", "+", "every 999 months", "Mon-Fri 25:00-99", "Holiday", "Date", "# ", "## Schedule\n", "Asia/Gaza",
    "**Time Zone:** ", "..",
])  # fmt: skip


@given(st.lists(_WORDS, max_size=60).map(" ".join))
def test_reading_a_roster_never_raises(text: str) -> None:
    read = page(text)
    read_roster(read)
    people_of(read)
    mentions_of(read)


def test_people_may_say_how_and_when_they_are_reached():
    table = (
        "| Name | Handle | Phone | E-Mail | Quiet Hours | Rules |\n|-|-|-|-|-|-|\n"
        "| Ada | @ada | 1 | a@x.example | 22:00–07:00 | e-mail, then phone after 2 minutes |\n"
    )
    (ada,) = read_roster(read_page("people.md", f"# People\n\n{table}".encode())).people
    assert ada.quiet == (22 * 3600, 7 * 3600)
    assert [(rule.kind, rule.after_s) for rule in ada.rules] == [("email", 0.0), ("phone", 120.0)]


def test_whoever_tells_no_contact_on_the_page_is_listed_by_their_handle():
    text = "# People\n\n| Name | Handle | Time Zone |\n|-|-|-|\n| Ada Byron | @ada | UTC |\n"
    (ada,) = read_roster(read_page("people.md", text.encode())).people
    assert (ada.name, ada.handle, ada.contacts) == ("Ada Byron", "ada", ())
