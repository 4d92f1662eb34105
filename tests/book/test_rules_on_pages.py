"""Rules go to a page and come back to the byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsbook.book.alert_rules_whole import Rule, RuleGroup
from opsbook.book.page import read_page
from opsbook.book.rule_pages import read_page_groups, read_page_rules
from opsbook.book.rule_pages_reading import rule_of
from opsbook.book.rule_pages_writing import PageHead, page_of, update_of

HEAD = PageHead("Ada", "2026-01-02")
TEXTS = st.lists(
    st.sampled_from([*"aZ09 \t\n|`*_<>[]{}()#\\\"'$&:;~!-+=.,/éß…\u2028\x07\r", "{{ $value }}", "**", "```", "- ", "://", "http://x.y/z", "TODO", "1. ", "&amp;", "**For:** "]),
    min_size=1, max_size=14,
).map("".join)  # fmt: skip
NAMES = st.one_of(st.sampled_from(["DiskFull", "A_b", "log", "Two words", "Überlast"]), TEXTS)
KEYS = st.sampled_from(["severity", "team", "summary", "description", "runbook_url", "dashboard", "note"])
RULES = st.builds(
    Rule,
    kind=st.sampled_from(["alert", "record"]),
    name=NAMES.filter(str.strip),
    expression=st.one_of(TEXTS, st.sampled_from(['up{a=~"x|y"} == 0', "a\n  > 1\n", "# why\na > 1"])).filter(str.strip),
    hold=st.sampled_from(["", "5m", "1h30m"]),
    keep_firing=st.sampled_from(["", "10m"]),
    labels=st.dictionaries(KEYS, TEXTS, max_size=2),
    annotations=st.dictionaries(KEYS, TEXTS, max_size=4),
)


def back(content: bytes) -> list[Rule]:
    """The rules of a page, as its parts tell them, wherever they stand."""
    places = read_page_rules(read_page("docs/monitoring/alerts/x.md", content))
    return [replace(rule_of(place), path="", line=0) for place in places]


@given(st.lists(RULES, min_size=1, max_size=3), TEXTS.filter(str.strip))
def test_rules_come_back_from_their_page_to_the_byte(rules, name):
    content = page_of(RuleGroup(name=name, rules=tuple(rules)), rules, "alert", HEAD)
    assert back(content) == rules
    page = read_page("docs/monitoring/alerts/x.md", content)
    assert [group.name for group in read_page_groups(page)] == [name]
    assert [update_of(place, rule).edits for place, rule in zip(read_page_rules(page), rules, strict=True)] == [()] * len(rules)  # fmt: skip
