"""How grave it is by the matrix: cells in the words of people, rows, what narrows them, what nobody has said yet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.checklists import checklist
from opsbook.book.impact import Impact
from opsbook.book.impact_criteria import Criterion, can_be_read, holds, shares
from opsbook.book.impact_matrix import rated
from opsbook.book.incident_policy import Policy, read_policy
from opsbook.book.page import read_page

PATH = "docs/incidents/incident-response.md"
MATRIX = """# Incident Response

| Severity | Users | Functions | Data | Security | Workaround |
| --- | --- | --- | --- | --- | --- |
| P0 (all hands) | most | all | lost or exposed | yes | |
| P1 | > 10 % | checkout, login | corrupted | | none |
| P2 | some | any | at risk | | |
| P3 | none | none | none | no | |
"""


def policy(text: str = MATRIX) -> Policy:
    found = read_policy(read_page(PATH, text.encode()))
    assert found is not None
    return found


def level(**told: object) -> str:
    return rated(Impact(**told), policy(), PATH).severity  # type: ignore[arg-type]


@pytest.mark.parametrize(("cell", "inside", "outside"), [
    ("> 50 %", 51, 50), ("over 50 %", 50.5, 50), (">50%", 51, 50), ("more than 50 % of users", 51, 50),
    ("≥ 50 percent", 50, 49), ("at least 50 per cent", 50, 49), ("50%", 50, 49), ("50 %+", 50, 49),
    ("50 % or more", 50, 49), ("10-50 %", 10, 9), ("10 % – 50 %", 50, 51), ("between 10 and 50 percent", 30, 60),
    ("up to 10 %", 10, 11), ("< 10 %", 9, 10), ("less than 10% of customers", 9, 0), ("10 % or less", 10, 11),
    ("all", 95, 50), ("all users", 100, 80), ("everyone", 100, 80), ("most", 51, 50), ("most users", 60, 10),
    ("the majority of users", 51, 50), ("half", 50, 49), ("many", 30, 10), ("some", 1, 0), ("a few users", 1, 0),
    ("any", 1, 0), ("none", 0, 1), ("no users", 0, 1), ("nobody", 0, 1), ("1 in 10", 10, 9), ("all or most", 51, 50),
    ("2,5 %", 2.5, 2.4), ("`> 50 %`", 51, 50),
])  # fmt: skip
def test_a_share_of_users_is_read_as_people_write_it(cell, inside, outside):
    criterion = Criterion("Users", cell)
    assert holds(criterion, Impact(users_pct=inside)) is True
    assert holds(criterion, Impact(users_pct=outside)) is False
    assert holds(criterion, Impact()) is None


@pytest.mark.parametrize("cell", ["> 1000 users", "the important ones", "> 150 %", "VIP customers", "EU", "> 50", "a %"])
def test_a_share_that_is_none_is_not_read(cell):
    assert shares(cell) is None or not can_be_read("Users", cell)


@pytest.mark.parametrize(("column", "cell", "impact", "is_met"), [
    ("Functions", "all", Impact(functions=("all",)), True), ("Functions", "all", Impact(functions=("login",)), False),
    ("Functions", "Checkout, Login", Impact(functions=("login",)), True), ("Functions", "any", Impact(functions=("x",)), True),
    ("Functions", "2 or more", Impact(functions=("x",)), False), ("Functions", "several", Impact(functions=("x", "y")), True),
    ("Functions", "none", Impact(functions=("x",)), False), ("Functions", "more than 2", Impact(functions=("x", "y")), False),
    ("Data", "lost or exposed", Impact(data="lost"), True), ("Data", "data loss, leak", Impact(data="exposed"), True),
    ("Data", "any", Impact(data="at risk"), True), ("Data", "none", Impact(data="at risk"), False),
    ("Security", "yes", Impact(is_security=True), True), ("Security", "breach", Impact(is_security=False), False),
    ("Workaround", "partial or none", Impact(workaround="none"), True),
    ("Workaround", "none", Impact(workaround="partial"), False), ("Workaround", "partial", Impact(workaround="none"), True),
])  # fmt: skip
def test_a_cell_holds_or_not(column, cell, impact, is_met):
    assert can_be_read(column, cell)
    assert holds(Criterion(column, cell), impact) is is_met
    assert holds(Criterion(column, cell), Impact()) is None


@pytest.mark.parametrize(("told", "expected"), [
    ({"users_pct": 80}, "P0"), ({"users_pct": 30}, "P1"), ({"users_pct": 30, "workaround": "full"}, "P2"),
    ({"users_pct": 30, "workaround": "none"}, "P1"), ({"users_pct": 2}, "P2"), ({"users_pct": 0}, "P3"),
    ({"functions": ("login",)}, "P1"), ({"functions": ("search",)}, "P2"), ({"functions": ("all",)}, "P0"),
    ({"users_pct": 0, "data": "exposed"}, "P0"), ({"users_pct": 2, "data": "corrupted", "workaround": "full"}, "P1"),
    ({"users_pct": 2, "is_security": True}, "P0"), ({"data": "none"}, ""), ({"workaround": "none"}, ""), ({}, ""),
    ({"users_pct": 0, "data": "none", "is_security": False}, "P3"), ({"is_security": False}, ""),
])  # fmt: skip
def test_the_gravest_row_counts_of_which_a_cell_holds(told, expected):
    assert level(**told) == expected


def test_a_rating_tells_the_row_the_cell_and_what_nobody_said():
    rating = rated(Impact(users_pct=30), policy(), PATH)
    assert rating.why == f"By {PATH}:6 it is P1: 30 % of users (Users: > 10 %)."
    assert rating.line == 6
    assert rating.missing == (
        "Which functions do not work?", "Is data at risk, corrupted, lost or exposed?", "Is security touched?",
        "Is there a way around it?",
    )  # fmt: skip
    assert rated(Impact(users_pct=80), policy(), PATH).why == (
        f"By {PATH}:5 (P0 (all hands)) it is P0: 80 % of users (Users: most)."
    )


def test_a_page_without_such_columns_leaves_it_to_the_built_in_matrix():
    bare = policy("# Incident Response\n\n| Severity | Meaning |\n| --- | --- |\n| P0 | All is lost |\n")
    rating = rated(Impact(users_pct=80), bare, PATH)
    assert (rating.severity, rating.why) == (
        "P0", "By the built-in matrix it is P0: 80 % of users (Users: > 50 %)."
    )  # fmt: skip


def test_somebody_hindered_is_never_of_the_row_for_nobody():
    sparse = MATRIX.replace("| some |", "| > 5 % |").replace("| any |", "| |")
    assert rated(Impact(users_pct=2), policy(sparse), PATH).severity == "P2"


@given(st.text(max_size=30))
def test_no_cell_crashes_the_reading(text):
    for column in ("Users", "Functions", "Data", "Security", "Workaround"):
        if can_be_read(column, text):
            for impact in (Impact(), Impact(50, ("x",), "lost", True, "none")):
                assert holds(Criterion(column, text), impact) in (True, False, None)


GRAVER = st.builds(
    Impact, st.none() | st.floats(0, 100), st.just(()) | st.just(("login",)),
    st.sampled_from(["", "none", "at risk", "corrupted", "lost", "exposed"]), st.none() | st.booleans(),
    st.sampled_from(["", "full", "partial", "none"]),
)  # fmt: skip


@given(GRAVER, st.floats(0, 100))
def test_more_users_are_never_less_grave(impact, pct):
    from msgspec.structs import replace

    more = rated(replace(impact, users_pct=max(pct, impact.users_pct or 0)), policy()).severity
    assert more <= (rated(impact, policy()).severity or "P9") or impact.users_pct is None


# -- checklists ------------------------------------------------------------------------------------------------------

LISTS = """# Incident Response

| Severity | Meaning |
| --- | --- |
| P0 | All |

| Role | Does | Tasks |
| --- | --- | --- |
| Incident Commander | Decides | Open the call; Say who leads |
| Night Watch | Watches | [Task] |

## Checklist: Night Watch

- [ ] Look at the graphs
  - of each region
- [x] **Write** down what you see

## P0 and P1 Checklist

1. Send the first update
2. Stop deployments

## Checklists

### Communications Lead

- Name the page

### P2 and below

- [ ] Write a ticket

## Handover Checklist

- [ ] Say what is open
"""


@pytest.mark.parametrize(("severity", "expected"), [
    ("P0", [("Look at the graphs", "night watch"), ("Write down what you see", "night watch"),
            ("Send the first update", ""), ("Stop deployments", ""), ("Name the page", "communications"),
            ("Open the call", "commander"), ("Say who leads", "commander")]),
    ("P3", [("Look at the graphs", "night watch"), ("Write down what you see", "night watch"),
            ("Name the page", "communications"), ("Write a ticket", ""), ("Open the call", "commander"),
            ("Say who leads", "commander")]),
])  # fmt: skip
def test_lists_are_for_the_roles_and_severities_that_their_headings_name(severity, expected):
    items = list(checklist(policy(LISTS).checklists, PATH, severity))
    assert [(item.text, item.role) for item in items] == expected


def test_what_was_given_is_not_given_again_and_says_where_it_stands():
    items = list(checklist(policy(LISTS).checklists, PATH, "P0", ["Look at the graphs", "Send the first update"]))
    assert (items[0].text, items[0].origin) == ("Write down what you see", f"{PATH}#checklist-night-watch")
