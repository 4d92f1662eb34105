"""The part of a section that shows why it was found."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.book.search import Phrase, Sought, snippet

FILLER = "Nothing of interest stands here at all. " * 20


def sought(*words: str, is_prefix: bool = False) -> list[Sought]:
    return [Sought((Phrase((word,), 1, is_prefix),), 1.0) for word in words]


def marked(text: str, *words: str, is_prefix: bool = False) -> list[str]:
    cut, marks = snippet(text, sought(*words, is_prefix=is_prefix))
    return [cut[start:end] for start, end in marks]


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    assert snippet("Restart\n\n  the API.", sought("api"))[0] == "Restart the API."


def test_the_part_with_most_of_the_words_is_shown() -> None:
    text = f"A leader. {FILLER} The etcd cluster has no leader. {FILLER}"
    cut, _ = snippet(text, sought("etcd", "leader"))
    assert "etcd cluster has no leader" in cut
    assert cut.startswith("… ")
    assert cut.endswith(" …")
    assert len(cut) < 200


def test_words_are_marked_whole_in_any_case_and_with_diacritics() -> None:
    assert marked("Café CAFE cafeteria decafe", "cafe") == ["Café", "CAFE"]


def test_a_beginning_marks_the_word_to_its_end() -> None:
    assert marked("Prometheus and promtool", "prom", is_prefix=True) == ["Prometheus", "promtool"]


def test_parts_of_a_camel_case_word_are_marked() -> None:
    assert marked("see KubeAPIDown", "api") == ["API"]
    assert marked("see KubeAPIDown", "kube", "down") == ["Kube", "Down"]


def test_a_word_far_down_is_found() -> None:
    assert marked(FILLER * 10 + "needle", "needle") == ["needle"]


def test_a_text_without_the_words_is_shown_from_its_beginning() -> None:
    cut, marks = snippet(FILLER, sought("absent"))
    assert cut.startswith("Nothing of interest")
    assert marks == ()


def test_no_text_gives_an_empty_snippet() -> None:
    assert snippet("", sought("word")) == ("", ())


@settings(max_examples=200)
@given(st.text(), st.lists(st.text(min_size=1, max_size=4), max_size=3))
def test_marks_lie_within_the_snippet_in_order(text: str, words: list[str]) -> None:
    cut, marks = snippet(text * 5, sought(*words))
    flat = [place for mark in marks for place in mark]
    assert flat == sorted(flat)
    assert all(0 <= place <= len(cut) for place in flat)
