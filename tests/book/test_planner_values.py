"""What a run has to be told: which parameters there are, and every value against its type, in no long time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.planned_text import APPROVERS, GROUPS, HOSTS, planning, wrong
from tests.book.test_planner import do, fence

from opsbook.book.grammar import ParameterType, Problem, read_type
from opsbook.book.planner import Known, Planning, mismatch
from opsbook.book.planner.bounded_match import matches_whole

KNOWN = Known(HOSTS, GROUPS, APPROVERS)


def found(command: str, *, labels: str = "", **values: str) -> Planning:
    return planning(do("Go\n" + fence(command), labels=labels), values=values)


def table(*rows: str) -> str:
    return "| Parameter | Type | Default |\n|---|---|---|\n" + "".join(f"| {row} |\n" for row in rows) + "\n"


def typed(kind: str) -> ParameterType:
    read = read_type(kind)
    assert not isinstance(read, Problem)
    return read


# -- which there are ---------------------------------------------------------------------------------------------


def test_a_variable_that_nothing_sets_must_be_given():
    asked = found('deploy "$VERSION" && X=1 && echo "$X" "$HOME"')
    assert (asked.wanted.required, asked.wrong_values) == ({"VERSION"}, ("VERSION is missing, and must be given.",))
    assert found('deploy "$VERSION"', VERSION="1").plan.values == {"VERSION": "1"}


def test_all_that_is_missing_is_told_in_one_sentence():
    assert found('a "$ONE" "$TWO"').wrong_values == ("ONE and TWO are missing, and must be given.",)


def test_a_default_in_a_command_is_left_to_that_command():
    """Another command may have another default, as a rollback to the version before."""
    asked = planning(do("Go\n" + fence('ln "${SITE:-2}"'), labels="- **Rollback:** `ln \"${SITE:-1}\"`\n"))
    assert (asked.wanted.required, asked.wanted.defaults, asked.plan.values) == (frozenset(), {"SITE": "2"}, {})
    assert found('ln "${SITE:-2}"', SITE="3").plan.values == {"SITE": "3"}


def test_a_command_without_a_default_gets_that_of_the_others():
    assert found('a "${SITE:-2}"; b "$SITE"').plan.values == {"SITE": "2"}


def test_what_only_a_condition_or_an_undo_uses_must_be_given_too():
    asked = planning(do('Go\n' + fence("go") + "   - **Undo:** `back $BEFORE`\n   - **When:** `$REGION` is `eu`\n"))
    assert asked.wanted.required == {"BEFORE", "REGION"}


def test_what_a_step_learns_is_no_parameter():
    steps = ("Learn\n" + fence("id") + "   - **Capture:** `ID` from /(.*)/\n", "Use\n" + fence('use "$ID" "$ROWS"'))
    asked = planning(do("Count\n   - **Ask:** `ROWS` number\n", *steps))
    assert asked.wanted.parameters == ()


def test_the_environment_is_no_parameter_where_the_page_says_it():
    assert found('go "$ENVIRONMENT"', labels="- **Environment:** staging\n").wanted.parameters == ()
    assert found('go "$ENVIRONMENT"').wanted.required == {"ENVIRONMENT"}


def test_env_may_be_the_name_of_a_parameter():
    assert found('go "$ENV"', ENV="x").plan.values == {"ENV": "x"}


def test_a_secret_is_never_given_and_comes_from_where_the_page_says():
    asked = found("go", labels=table("`PASS` | secret `vault:web/db` | required"), PASS="hunter2")
    assert asked.wrong_values == ("PASS is a secret and comes from vault:web/db; it is never given at a start.",)
    assert asked.plan.values == {}
    (parameter,) = found("go", labels=table("`PASS` | secret | required")).wanted.parameters
    assert parameter.secret is not None and (parameter.secret.source, parameter.secret.path) == ("env", "PASS")


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "BASH_ENV", "IFS", "PYTHONPATH", "GIT_SSH_COMMAND", "HOME"])
def test_names_that_change_what_the_shell_does_are_refused(name: str):
    assert len(found("go", **{name: "/tmp"}).wrong_values) == 1
    assert "no parameter may have that name" in wrong(found("go", labels=table(f"`{name}` | string | x")))[0]


def test_a_command_that_needs_such_a_name_cannot_be_run():
    assert "which nothing sets, and no parameter may have that name" in wrong(found('echo "$PYTHONPATH"'))[0]


def test_a_name_that_is_none_is_told_with_a_guess():
    labels = table("`VERSION` | string | 1")
    assert found("go", labels=labels, VERSON="2").wrong_values == (
        "There is no parameter 'VERSON'. Did you mean 'VERSION'?",
    )
    assert found("go", labels=labels, X="2").wrong_values == ("There is no parameter 'X'. It has VERSION.",)
    assert found("go", **{"$(id)": "2"}).wrong_values == ("There is no parameter '$(id)'. It has none.",)


# -- against their types -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "'; touch /tmp/x #"), ("string", "$(id)"), ("string", "ünï ☃ 漢字"), ("string", ""), ("string", "a" * 4096),
        ("file", "/srv/a b"), ("integer 1..9", "9"), ("number", "-1.5e3"), ("duration", "5m"), ("`a` \\| `b`", "b"),
        ("/v\\d+/", "v12"), ("/[\\s\\S\\n]*/", "a\nb"), ("host", "web-1"), ("host in `databases`", "db-2"),
        ("/(a+)+/", "a" * 4000),
    ],
)  # fmt: skip
def test_a_value_of_its_type_is_taken(kind: str, value: str):
    assert mismatch(typed(kind), value, KNOWN) is None


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("string", "a\nb", "it holds a control character"),
        ("string", "a\0b", "it holds a control character"),
        ("string", "\x1b[2J", "it holds a control character"),
        ("string", "a\udcff", "it holds bytes that are no text"),
        ("string", "a" * 1_000_000, "it is longer than 4096 characters"),
        ("file", "a" * 5000, "it is longer than 4096 characters"),
        ("/.*/", "a" * 1_000_000, "it is longer than 4096 characters"),
        ("/[\\s\\S]*/", "a\nb", "it holds a control character"),
        ("/[\\s\\S\\n]*/", "a\0b", "it holds a control character"),
        ("integer 1..9", "10", "it is not within 1..9"),
        ("integer", "1; id", "it is not a whole number"),
        ("`a` \\| `b`", "c", "it is not one of a, b"),
        ("/v\\d+/", "v1; id", "it does not match /v\\d+/"),
        ("host", "web-9", "there is no such host; did you mean 'web-1'"),
        ("host in `databases`", "web-1", "it is no host of 'databases'"),
        ("host in `nowhere`", "web-1", "there is no group 'nowhere'"),
        ("host", "-oProxyCommand=id", "it is not a host's name"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: str, why: str):
    assert mismatch(typed(kind), value, KNOWN) == why


def test_no_message_repeats_what_is_long_or_would_move_a_terminal():
    asked = found("go", labels=table("`A` | string | 1", "`B` | string | 1"), A="x" * 1_000_000, B="\x1b[2J\n")
    assert [len(each) < 200 for each in asked.wrong_values] == [True, True]
    assert "1000000 characters" in asked.wrong_values[0] and "\x1b" not in asked.wrong_values[1]


@pytest.mark.parametrize(
    "source", [r"(a+)+$", r"(a|a)*b", r"(.*.*.*)*x", r"(a*)*b", r"(a{1,4000}){1,4000}b", r"(?=(a+)+b)a*", r"(a)\1*b"]
)
def test_a_regex_of_a_page_never_takes_long(source: str):
    begun = time.monotonic()
    for value in ("a" * 30 + "!", "a" * 4000 + "!"):
        assert mismatch(ParameterType("pattern", pattern=source), value, KNOWN) is not None
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(("value", "is_taken"), [("a-fine-name-of-many-words", True), ("not-a-", False), ("-", False)])
def test_a_regex_that_only_looks_slow_is_followed(value: str, is_taken: bool):
    assert (mismatch(typed("/^[a-z]+(-[a-z]+)*$/"), value, KNOWN) is None) == is_taken


PIECES = st.sampled_from([
    "a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", "(a|b)", "(ab)+", "a*", "(a*)*", "(?:b+a?)*", "a{2,3}", "^", "$", r"\b",
    "(?=a)", "(?!b)", "[a-c1]?", "b+?", "|",
])  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.text("ab1-\n", max_size=8))
def test_following_all_ways_at_once_says_what_going_back_says(source: str, value: str):
    assert matches_whole(source, value) == (re.fullmatch(source, value) is not None)
