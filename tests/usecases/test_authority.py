"""Who may do what is as the manual's table says, for each role and act."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsbook.entrypoints.commands import user
from opsbook.ground.errors import Usage
from opsbook.usecases.authority import ACTS, PUBLIC, ROLES, Actor, decide, known_acts, known_role

TABLE = (Path(__file__).resolve().parents[2] / "docs" / "accounts.md").read_text(encoding="utf-8")
DOCUMENTED = {
    (role, act): cell == "yes"
    for act, *cells in re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|", TABLE, re.M)
    for role, cell in zip(ROLES, cells, strict=True)
}


def test_the_table_has_every_act_and_its_columns_are_the_roles():
    assert {act for _, act in DOCUMENTED} == set(ACTS)
    assert f"| act | {' | '.join(ROLES)} |" in TABLE
    assert user.ROLES == ROLES


@pytest.mark.parametrize(("role", "act"), DOCUMENTED)
def test_a_role_may_do_what_is_documented(role, act):
    assert decide(Actor("ada", role, "session"), act, reads_are_open=False).is_allowed is DOCUMENTED[role, act]


@pytest.mark.parametrize(("role", "act"), DOCUMENTED)
def test_a_token_may_do_what_its_role_may_and_only_what_it_is_for(role, act):
    for acts in (frozenset({act}), frozenset(set(ACTS) - {act})):
        may = decide(Actor("ada", role, "token", acts), act, reads_are_open=False).is_allowed
        assert may is (DOCUMENTED[role, act] and act in acts)


@pytest.mark.parametrize("act", ACTS)
def test_nobody_in_particular_may_read_where_reads_are_open_and_nothing_else(act):
    assert decide(None, act, reads_are_open=True).is_allowed is (act == "read")
    decision = decide(None, act, reads_are_open=False)
    assert (decision.is_allowed, decision.needs_sign_in) == (False, True)


def test_what_is_public_is_for_everybody_and_an_unknown_act_for_nobody():
    assert decide(None, PUBLIC, reads_are_open=False).is_allowed
    assert not decide(Actor("ada", "admin", "session"), "fly", reads_are_open=True).is_allowed


def test_roles_and_acts_are_known_by_their_words():
    assert (known_role("admin"), known_acts(["read"])) == ("admin", {"read"})
    with pytest.raises(Usage, match="Did you mean 'viewer'"):
        known_role("viever")
    with pytest.raises(Usage, match="It is one of read, own-account"):
        known_acts(["fly"])
