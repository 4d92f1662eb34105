"""What every rule shares: order, severity, comments that allow; and the findings that a team has accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.whole_reading import page_of

from opsbook.book.baseline import fingerprint, without_accepted, write_baseline
from opsbook.book.lint import at_least, in_reading_order, suppressions
from opsbook.ground.errors import Finding, Span, Usage


def finding(rule: str = "stale", path: str = "a.md", line: int = 1, column: int = 1, **more: object) -> Finding:
    severity = more.pop("severity", "error")
    return Finding(rule, severity, Span(path, line, column), f"It is {rule}.", **more)


def test_findings_stand_by_path_place_rule_and_each_once():
    found = [finding("b"), finding("a"), finding("a", line=2), finding("a", path="Z.md"), finding("a"), finding("a", column=2)]
    assert [(f.span.path, f.span.line, f.span.column, f.rule) for f in in_reading_order(found)] == [
        ("Z.md", 1, 1, "a"), ("a.md", 1, 1, "a"), ("a.md", 1, 1, "b"), ("a.md", 1, 2, "a"), ("a.md", 2, 1, "a"),
    ]  # fmt: skip


@given(st.permutations([finding(rule, line=line) for rule in "abc" for line in (3, 1, 2)]))
def test_the_order_in_which_findings_are_made_does_not_show(found):
    assert in_reading_order(found) == in_reading_order(reversed(found))


@pytest.mark.parametrize(("severity", "limits"), [("error", "error warning info"), ("warning", "warning info"), ("info", "info")])
def test_a_severity_is_as_grave_as_itself_and_those_below(severity, limits):
    found = [finding(severity=severity)]
    assert [limit for limit in ("error", "warning", "info") if at_least(found, limit)] == limits.split()
    assert not at_least([], "info")


def test_a_page_without_comments_allows_nothing():
    assert suppressions(page_of("# A\n\nopsbook\n")) is None


def test_several_comments_on_a_line_are_all_heard():
    allowed = suppressions(page_of("<!-- opsbook: allow a --> <!-- opsbook: allow b, c -->\nx\n"))
    assert allowed is not None
    assert [rule for rule in "abcd" if allowed.covers(finding(rule, line=2))] == ["a", "b", "c"]
    assert not allowed.covers(finding("a", line=1))


LINES = {("a.md", 1): "# A", ("a.md", 2): "a [x](y)", ("b.md", 1): "# B"}
PLACES = st.sampled_from([*LINES, ("a.md", 99)])
FOUND = st.lists(
    st.builds(
        lambda place, rule, target: finding(rule, place[0], place[1], target=target),
        PLACES, st.sampled_from(["stale", "broken-link"]), st.sampled_from([None, "y", "z"]),
    ),
    max_size=12,
)  # fmt: skip


def line_at(path: str, number: int) -> str:
    return LINES.get((path, number), "")


@given(FOUND, FOUND)
def test_what_is_written_is_accepted_and_nothing_else(accepted, fresh):
    baseline = write_baseline(accepted, line_at)
    assert without_accepted(accepted, baseline, line_at, "file") == []
    kept = without_accepted([*accepted, *fresh], baseline, line_at, "file")
    assert len(kept) == len(fresh)
    assert write_baseline(reversed(accepted), line_at) == baseline


def test_a_finding_is_known_by_its_link_else_by_its_line_without_its_spaces():
    assert fingerprint(finding(target="y"), "a  b") == fingerprint(finding(target="y"), "other")
    assert fingerprint(finding(), "a  b ") == fingerprint(finding(), " a b")
    assert fingerprint(finding(), "a b") != fingerprint(finding(), "a c")


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"version":1}', b"\xff", b'{"version":1,"accepted":{"a":{"b":{"c":"d"}}}}'])
def test_a_file_that_is_no_baseline_is_the_callers_to_mend(raw):
    with pytest.raises(Usage, match=r"x\.json is not a baseline"):
        without_accepted([], raw, line_at, "x.json")
