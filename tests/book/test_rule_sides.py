"""Rules of pages, files and a server are compared, and who is behind is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsbook.book.rule_sides import SIDES, RuleTold, compare
from opsbook.ground.errors import Span


def rule(side: str, name: str = "ApiErrors", expression: str | None = "x > 1", **more) -> RuleTold:
    """A rule as one side tells it."""
    path = {"page": "api.md", "file": "rules.yml", "server": "/etc/rules.yml"}[side]
    return RuleTold(side=side, kind="alert", name=name, expression=expression, span=Span(path, 3, 5), group="api", **more)


def test_what_all_say_alike_is_the_same_whatever_the_spacing():
    [found] = compare([rule("page", expression="x>1"), rule("file"), rule("server", expression="(x > 1)")], SIDES)
    assert (found.state, found.behind) == ("same", ())


@pytest.mark.parametrize("odd", SIDES)
def test_who_says_another_thing_than_two_others_is_behind(odd):
    [found] = compare([rule(side, expression="x > 2" if side == odd else "x > 1") for side in SIDES], SIDES)
    assert (found.state, found.behind, found.differences[0].field) == ("differs", (odd,), "expression")
    assert found.differences[0].told[odd] == "x > 2"


@pytest.mark.parametrize("odd", SIDES)
def test_who_lacks_what_two_others_have_is_behind(odd):
    [found] = compare([rule(side) for side in SIDES if side != odd], SIDES)
    assert (found.state, found.missing, found.behind) == ("missing", (odd,), (odd,))


def test_what_a_side_does_not_tell_agrees_with_the_others():
    told = [rule("page", expression=None), rule("file", hold=timedelta(minutes=5), severity="page"),
            rule("server", hold=timedelta(minutes=5), severity="page")]  # fmt: skip
    assert compare(told, SIDES)[0].state == "same"


@pytest.mark.parametrize(
    ("more", "less", "field", "shown"),
    [
        ({"hold": timedelta(minutes=90)}, {"hold": timedelta()}, "for", ("1h30m", "0s")),
        ({"severity": "page"}, {"severity": "ticket"}, "severity", ("page", "ticket")),
        ({"labels": {"team": "a"}}, {"labels": {}}, "label team", ("a", "nothing")),
        ({"runbook": "api.md#a"}, {"runbook": "api.md#b"}, "runbook", ("api.md#a", "api.md#b")),
    ],
)  # fmt: skip
def test_every_field_is_compared(more, less, field, shown):
    [found] = compare([rule("page", **more), rule("file", **less)], ("page", "file"))
    [difference] = found.differences
    assert (difference.field, tuple(difference.told.values()), found.behind) == (field, shown, ())


def test_a_server_runs_what_it_once_read_so_of_the_two_it_is_behind():
    [found] = compare([rule("file", expression="x > 2"), rule("server")], ("file", "server"))
    assert found.behind == ("server",)


@pytest.mark.parametrize(
    ("gone", "new", "why"),
    [
        (rule("page", "HighErrors", "x > 1"), rule("file", "ApiErrors", "x>1"), "same expression"),
        (rule("page", "ApiSlow", None), rule("file", "ApiSlower", "y > 1"), "nearly the same name"),
        (rule("page", "HighErrors", None, runbook="b.md#x"), rule("file", "Broken", "y", runbook="b.md#x"), "same runbook"),
        (rule("page", "HighErrors", None), rule("file", "Broken", "y", runbook="api.md#x"), "the same page tells of it"),
    ],
)  # fmt: skip
def test_a_rename_is_guessed(gone, new, why):
    missing, found = compare([gone, new], ("page", "file"))
    assert missing.renamed == (new, why) and found.renamed == (gone, why)


def test_what_is_like_nothing_is_no_rename():
    assert all(each.renamed is None for each in compare([rule("page", "A1", "a"), rule("file", "Zzz", "b")], ("page", "file")))


def test_several_rules_of_one_name_go_with_those_that_say_the_same():
    told = [rule("file", expression="x > 1"), rule("file", expression="x > 2"), rule("server", expression="x > 2"),
            rule("server", expression="x > 1")]  # fmt: skip
    assert [each.state for each in compare(told, ("file", "server"))] == ["same", "same"]


def test_a_page_that_only_names_an_alert_names_all_of_that_name():
    told = [rule("page", expression=None), rule("file", expression="x > 1"), rule("file", expression="x > 2")]
    assert [each.state for each in compare(told, ("page", "file"))] == ["same", "same"]


@pytest.mark.parametrize(("page", "file", "state"), [
    ("P2", "warning", "same"), ("P1", "warning", "differs"), ("P2", "woolly", "same"), ("warning", "critical", "differs"),
])  # fmt: skip
def test_a_severity_of_the_pages_scale_is_what_the_rules_word_means_on_it(page, file, state):
    [found] = compare([rule("page", severity=page), rule("file", severity=file)], ("page", "file"))
    assert found.state == state
