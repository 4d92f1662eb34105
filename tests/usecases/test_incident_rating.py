"""How grave an incident is: by the matrix, against it with a reason, by what belongs to it; who is told what is due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.usecases.incident_world import POLICY, IncidentWorld, opened

from opsbook.book.impact import Impact
from opsbook.ground.errors import Usage
from opsbook.usecases.followed_policy import Followed, followed
from opsbook.usecases.incident_acts import FieldConflict
from opsbook.usecases.incident_rating import reconsidered
from opsbook.usecases.incident_writes import imagined

PATH = "docs/incidents/incident-response.md"
MATRIX = """
### Severity by Impact

| Severity | Users | Data | Workaround |
| --- | --- | --- | --- |
| P0 | > 50 % | lost | |
| P1 | > 10 % | | none |
| P2 | some | | |
| P3 | none | none | |

### P0 Checklist

- [ ] Wake the director

"""
MANY, FEW, NOBODY = Impact(users_pct=80), Impact(users_pct=2), Impact(users_pct=0)


@pytest.fixture
def world(tmp_path) -> Iterator[IncidentWorld]:
    with closing(opened(tmp_path)) as ledger:
        yield IncidentWorld(ledger, POLICY.replace("### Roles", MATRIX + "### Roles"))


def told(world, number=1):
    made = world.acts.find(number)
    return made.severity, made.rated, made.is_overridden


def test_a_declared_impact_says_how_grave_it_is_and_by_which_row(world):
    made = world.declare(impact=MANY)
    assert told(world) == ("P0", "P0", False)
    assert made.severity_why.startswith(f"By {PATH}:")
    assert made.severity_why.endswith("it is P0: 80 % of users (Users: > 50 %).")
    assert [task.text for task in made.tasks] == ["Wake the director", "Name the Communications Lead"]
    assert made.tasks[0].origin == f"{PATH}#p0-checklist"


def test_against_the_matrix_it_needs_a_reason(world):
    with pytest.raises(Usage, match="By the matrix it is P0"):
        world.declare(impact=MANY, severity="P2")
    made = world.declare(impact=MANY, severity="P2", severity_why="They are all of one test tenant")
    assert (made.severity, made.rated, made.is_overridden) == ("P2", "P0", True)
    with pytest.raises(Usage, match="Say why it is P3"):
        world.acts.rate(1, "ada", severity="P3")


def test_an_impact_that_is_none_is_refused(world):
    with pytest.raises(Usage, match="no share"):
        world.declare(impact=Impact(users_pct=101))
    world.declare()
    with pytest.raises(Usage, match="no share"):
        world.acts.rate(1, "ada", impact=Impact(users_pct=-1))


def test_another_impact_rates_it_anew_and_what_is_due_at_it_is_given(world):
    world.declare(impact=FEW)
    made = world.acts.rate(1, "ada", impact=MANY)
    assert told(world) == ("P0", "P0", False)
    assert [task.text for task in made.tasks] == ["Wake the director", "Name the Communications Lead"]
    world.acts.rate(1, "ada", impact=NOBODY)
    made = world.acts.rate(1, "ada", impact=MANY)
    assert len(made.tasks) == 2


def test_the_same_impact_again_records_nothing(world):
    seen = world.declare(impact=FEW).version
    assert world.acts.rate(1, "ada", impact=FEW).version == seen


def test_what_a_person_chose_stays_unless_the_impact_comes_to_something_graver(world):
    world.declare(impact=NOBODY, severity="P1", severity_why="The director watches")
    world.acts.rate(1, "ada", impact=FEW)
    assert told(world) == ("P1", "P2", True)
    world.acts.rate(1, "ada", impact=MANY)
    assert told(world) == ("P0", "P0", False)


def test_whoever_chooses_what_the_matrix_says_leaves_it_to_the_matrix_again(world):
    world.declare(impact=FEW, severity="P1", severity_why="The director watches")
    world.acts.rate(1, "ada", severity="P2")
    assert told(world) == ("P2", "P2", False)


def test_of_two_who_rate_it_the_second_sees_what_the_first_said(world):
    seen = world.declare().version
    world.acts.rate(1, "ada", impact=FEW, expected=seen)
    with pytest.raises(FieldConflict) as conflict:
        world.acts.rate(1, "ben", impact=MANY, expected=seen)
    assert (conflict.value.by, conflict.value.field, conflict.value.mine) == ("ada", "impact", MANY)


def test_a_book_without_a_policy_rates_by_what_is_built_in(tmp_path):
    with closing(opened(tmp_path)) as ledger:
        made = IncidentWorld(ledger, "# Nothing\n\nIt says nothing.\n").declare(impact=MANY)
    assert made.severity_why == "By the built-in matrix it is P0: 80 % of users (Users: > 50 %)."
    assert made.policy == ""


# -- by what belongs to it -------------------------------------------------------------------------------------------


def after(incident, drafts):
    return imagined(incident, incident.id, drafts, at=incident.declared_at, by="router")


def test_a_graver_alert_raises_it_and_gives_what_is_due(world):
    made = world.declare(impact=FEW)
    raised = after(made, reconsidered(made, "P0", "ApiDown is P0.", followed(world.book)))
    assert (raised.severity, raised.rated, raised.severity_why) == ("P0", "P2", "ApiDown is P0. It is P0.")
    assert raised.tasks[0].text == "Wake the director"


@pytest.mark.parametrize("severity", ["P2", "P3", ""])
def test_what_is_not_graver_lowers_nothing(world, severity):
    made = world.declare(impact=FEW)
    assert list(reconsidered(made, severity, "It is over.", Followed())) == []


def test_a_graver_alert_does_not_overrule_a_person_and_is_told_once(world):
    made = world.declare(impact=FEW, severity="P3", severity_why="A test tenant")
    follows = followed(world.book)
    raised = after(made, reconsidered(made, "P1", "ApiDown is P1.", follows))
    assert (raised.severity, raised.rated, raised.is_overridden) == ("P3", "P1", True)
    assert raised.severity_why == "A test tenant (ApiDown is P1. That is P1; it stays P3, as a person chose.)"
    assert list(reconsidered(raised, "P1", "ApiSlow is P1.", follows)) == []


# -- what is left empty, and what is lower ---------------------------------------------------------------------------


def test_what_an_impact_leaves_empty_stays_as_it_was_declared(world):
    world.declare(impact=Impact(users_pct=80, functions=("pay",)))
    made = world.acts.rate(1, "ada", impact=Impact(workaround="partial"))
    assert made.impact == Impact(users_pct=80, functions=("pay",), workaround="partial")
    assert made.severity == "P0"


def test_an_empty_impact_does_not_make_a_lower_severity_one_without_a_reason(world):
    world.declare(impact=MANY)
    with pytest.raises(Usage, match="By the matrix it is P0"):
        world.acts.rate(1, "ada", severity="P3", impact=Impact())
    assert told(world) == ("P0", "P0", False)


def test_what_somebody_rated_without_an_impact_is_not_lowered_without_a_reason(world):
    world.declare(severity="P1", severity_why="ApiDown is P1.")
    with pytest.raises(Usage, match="Say why it is only P3"):
        world.acts.rate(1, "ada", severity="P3")
    world.acts.rate(1, "ada", severity="P3", why="It was a test")
    assert told(world)[0] == "P3"
