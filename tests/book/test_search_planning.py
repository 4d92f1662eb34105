"""What the index is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.book.word_list import WordList

from opsbook.book.search import Plan, match_all, match_any, match_heads, parse, plan, relaxed

BOOK = WordList(
    {
        "api": 300, "restart": 40, "restarts": 12, "restarting": 7, "the": 800, "database": 90,
        "databases": 8, "connection": 60, "refused": 9, "kube": 100, "pod": 120, "crash": 14, "looping": 6,
        "kubepodcrashlooping": 5, "replication": 11, "lag": 13, "staging": 30, "not": 200, "ready": 40,
        "node": 150, "exporter": 20, "nodeexporter": 2,
    }
)  # fmt: skip


def planned(text: str) -> Plan:
    return plan(parse(text), BOOK)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("lag api ", '("lag") AND ("api")'),
        ("restart ", '("restart" OR "restarts" OR "restarting")'),
        ("rest", '("rest"*)'),
        ("database", '("database" OR "database"*)'),
        ("how to restart the api ", '("restart" OR "restarts" OR "restarting") AND ("api")'),
        ("the ", '("the")'),
        ('"connection refused" ', '("connection refused")'),
        ("node_exporter ", '("nodeexporter" OR "node exporter")'),
        ("api -staging", '(("api")) NOT ("staging")'),
        ("KubePodCrashLooping ", '("kubepodcrashlooping" OR "kube pod crash looping")'),
        ("kubepodcr api ", '("kubepodcr"*) AND ("api")'),
        ("crashlooping ", '("crash looping")'),
        ("zzzzz ", ""),
        ("", ""),
    ],
)
def test_a_query_asks_for(text: str, match: str) -> None:
    asked = planned(text)
    alternatives = {frozenset(group.strip("()").split(" OR ")) for group in match_all(asked).split(" AND ")}
    assert alternatives == {frozenset(group.strip("()").split(" OR ")) for group in match.split(" AND ")}


def test_a_misspelt_word_is_mended_and_told() -> None:
    asked = planned("replcation lag")
    assert asked.mended == (("replcation", "replication"),)
    assert '"replication"' in match_all(asked)


def test_an_unknown_word_is_told_and_not_asked_for() -> None:
    asked = planned("restart qqqqqqqq ")
    assert asked.unknown == ("qqqqqqqq",)
    assert "qqqq" not in match_all(asked)


def test_a_word_that_stands_in_the_book_is_never_mended() -> None:
    assert planned("lag restart").mended == ()


def test_the_commonest_words_need_not_match_when_rarer_ones_say_enough() -> None:
    book = WordList({"bash": 130_000, "guide": 99_500, "leader": 40, "etcd": 900}, sections=1_000_000)
    asked = plan(parse("bash guide etcd leader "), book)
    assert {one.phrases[0].words[0] for one in asked.required} == {"etcd", "leader"}
    assert {one.phrases[0].words[0] for one in asked.optional} == {"bash", "guide"}


def test_a_beginning_of_too_many_words_is_looked_for_as_the_most_frequent_of_them() -> None:
    book = WordList({f"re{number:04}": 10 + number for number in range(2_000)}, sections=100_000)
    assert match_all(plan(parse("re"), book)) == '("re1999" OR "re1998" OR "re1997")'


def test_other_endings_are_not_asked_for_by_words_that_stand_everywhere() -> None:
    book = WordList({"restart": 9_000, "restarts": 500}, sections=100_000)
    assert match_all(plan(parse("restart"), book)) == '("restart")'


def test_headings_are_asked_for_by_their_columns() -> None:
    assert match_heads(planned("lag ")) == '{alerts page section symptoms} : (("lag"))'


def test_pasted_text_asks_for_any_of_its_words_and_pairs() -> None:
    match = match_any(planned("2026-01-01T00:00:00Z connection refused by the api\nlag"))
    assert set(match.split(" OR ")) == {
        '("connection")', '("refused")', '("connection refused")', '("api")', '("lag")',
    }  # fmt: skip


def test_a_phrase_that_is_nowhere_is_asked_for_by_its_words() -> None:
    assert '("refused")' in match_any(relaxed(planned('"refused connection"')))


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from("aeiprst -\"'():*^+{}\n\x00é中🙂") | st.characters()))
def test_no_text_makes_an_expression_of_anything_but_quoted_words(text: str) -> None:
    asked = planned(f"restart {text} api")
    for match in (match_all(asked), match_any(asked), match_any(relaxed(asked))):
        bare = "".join(piece for piece in match.split('"')[::2])
        assert set(bare) <= set("() *ANDORT")
        assert all(char.isalnum() or char == " " for piece in match.split('"')[1::2] for char in piece)
