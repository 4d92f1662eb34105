"""The search index keeps up with the book, for every thread and process, whatever is asked."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from random import Random

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsbook.adapters.search_index import SearchIndex
from opsbook.book.search import SearchAnswer, SearchSection

Pages = dict[str, tuple[str, tuple[SearchSection, ...]]]


def section(path: str, text: str, *, title: str = "Part", line: int = 1, page: str = "Page") -> SearchSection:
    return SearchSection(path, title.lower(), page, title, "", line, (), "", text)


def book(**texts: str) -> Pages:
    return {f"{name}.md": (text, (section(f"{name}.md", text),)) for name, text in texts.items()}


def paths(answer: SearchAnswer) -> list[str]:
    return [hit.path for hit in answer.hits]


@pytest.fixture(params=["file", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> SearchIndex:
    return SearchIndex(tmp_path / "search.db" if request.param == "file" else None)


def test_a_hit_says_where_and_why(index: SearchIndex) -> None:
    one = SearchSection(
        "db.md", "promote", "Database", "Promote", "common-operations", 41, (), "", "Promote the replica."
    )
    index.update({"db.md": ("1", (one,))})
    (hit,) = index.search("replica").hits
    assert (hit.path, hit.anchor, hit.page, hit.section, hit.line) == (
        "db.md",
        "promote",
        "Database",
        "Promote",
        41,
    )
    assert hit.snippet == "Promote the replica."
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["replica"]
    assert 0 < hit.score < 1


def test_only_changed_pages_are_asked_for_their_sections(index: SearchIndex) -> None:
    def never() -> Iterable[SearchSection]:
        raise AssertionError("an unchanged page was read again")

    index.update(book(a="alpha"))
    done = index.update({"a.md": ("alpha", never), "b.md": ("beta", lambda: [section("b.md", "beta")])})
    assert (done.written, done.removed) == (1, 0)
    assert paths(index.search("beta")) == ["b.md"]


def test_a_changed_page_replaces_its_sections(index: SearchIndex) -> None:
    index.update(book(a="alpha", b="beta"))
    assert index.update(book(a="gamma", b="beta")).written == 1
    assert paths(index.search("gamma")) == ["a.md"]
    assert index.search("alpha ").hits == ()


def test_a_vanished_page_is_found_no_more(index: SearchIndex) -> None:
    index.update(book(a="alpha", b="beta"))
    assert index.update(book(b="beta")).removed == 1
    assert index.search("alpha ").matched == "none"
    assert index.digests() == {"b.md": "beta"}


def test_what_is_wrong_in_reading_a_page_is_not_hidden(index: SearchIndex) -> None:
    def broken() -> Iterable[SearchSection]:
        raise OSError("the page vanished")

    index.update(book(a="alpha"))
    with pytest.raises(OSError, match="vanished"):
        index.update({"a.md": ("2", broken)})
    assert index.in_memory_because is None
    assert paths(index.search("alpha")) == ["a.md"]


def test_the_answer_outlives_the_process(tmp_path: Path) -> None:
    first = SearchIndex(tmp_path / "search.db")
    first.update(book(a="alpha"))
    first.close()
    second = SearchIndex(tmp_path / "search.db")
    assert second.digests() == {"a.md": "alpha"}
    assert paths(second.search("alpha")) == ["a.md"]


def test_nothing_but_the_one_file_lies_there_at_rest(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path / "search.db")
    index.update(book(a="alpha"))
    index.search("alpha")
    index.close()
    assert [file.name for file in tmp_path.iterdir()] == ["search.db"]


WORDS = ("alpha", "beta", "gamma", "delta", "KubePodDown", "restart_api")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(("a", "b", "c", "d")), TEXTS, max_size=4), min_size=1, max_size=5))
def test_an_index_that_followed_the_book_answers_like_a_new_one(states: list[dict[str, str]]) -> None:
    followed, fresh = SearchIndex(None), SearchIndex(None)
    for state in states:
        followed.update(book(**state))
    fresh.update(book(**states[-1]))
    for word in (*WORDS, "kube", "restart api", "delt", "alhpa"):
        ours, theirs = followed.search(word), fresh.search(word)
        assert (ours.hits, ours.mended, ours.unknown) == (theirs.hits, theirs.mended, theirs.unknown)


def test_the_same_question_has_the_same_answer(index: SearchIndex) -> None:
    index.update(book(**{f"p{number}": "the same words" for number in range(50)}))
    first = index.search("same words")
    assert [index.search("same words").hits for _ in range(3)] == [first.hits] * 3
    assert paths(first) == sorted(paths(first))


@pytest.mark.parametrize(("limit", "count"), [(5, 5), (0, 1), (-3, 1), (10_000, 40)])
def test_a_limit_is_kept_within_reason(index: SearchIndex, limit: int, count: int) -> None:
    index.update(book(**{f"p{number}": "word" for number in range(40)}))
    assert len(index.search("word", limit).hits) == count


def test_odd_names_and_texts_are_kept(index: SearchIndex) -> None:
    odd = "caf\udce9\x00.md"
    index.update({odd: ("1", (section(odd, "lone \ud800 and \x00 within", title="T\udcffitle"),))})
    assert paths(index.search("within")) == [odd]
    assert index.digests() == {odd: "1"}
    index.update({})
    assert index.digests() == {}


@pytest.fixture(scope="module")
def small_book() -> SearchIndex:
    index = SearchIndex(None)
    index.update(book(a="restart the api node", b="что делать", c="数据库 down", d="KubePodCrashLooping col -x"))
    return index


TYPED = st.text(alphabet=st.sampled_from("aeprst -\"'():*^+{}|&~\\/.,;%_?\n\t\x00é中Ж🙂") | st.characters())
OPERATED = st.lists(
    st.sampled_from(("restart", "AND", "OR", "NOT", "NEAR(", ")", '"', "*", "^", "text:", "-", "api", "{", "+")),
    max_size=9,
).map(" ".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TYPED | OPERATED | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_nothing_that_is_typed_is_an_error(small_book: SearchIndex, text: str) -> None:
    for hit in small_book.search(text).hits:
        assert hit.path.endswith(".md")


def test_scripts_without_spaces_and_cyrillic_are_found(small_book: SearchIndex) -> None:
    assert paths(small_book.search("数据")) == ["c.md"]
    assert paths(small_book.search("Делать")) == ["b.md"]


def test_a_reader_sees_the_old_book_while_the_new_one_is_written(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path / "search.db")
    index.update(book(a="alpha"))
    writer = apsw.Connection(str(tmp_path / "search.db"))
    writer.execute("BEGIN IMMEDIATE; DELETE FROM section; DELETE FROM fts WHERE rowid > 0; DELETE FROM word")
    assert paths(index.search("alpha")) == ["a.md"]
    writer.execute("ROLLBACK")


def test_threads_that_search_during_updates_see_old_or_new_whole(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path / "search.db")

    def state(generation: int) -> Pages:
        texts = {f"p{number}": f"marker generation{generation}" for number in range(20)}
        return book(**texts)

    index.update(state(0))
    seen: list[set[str]] = []
    wrong: list[BaseException] = []
    stop = threading.Event()

    def look() -> None:
        try:
            while not stop.is_set():
                answer = index.search("marker", 50)
                seen.append({hit.snippet for hit in answer.hits})
                assert len(answer.hits) == 20
        except BaseException as problem:
            wrong.append(problem)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for generation in range(1, 8):
        index.update(state(generation))
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(len(snippets) == 1 for snippets in seen)


WRITER = """
import sys
from opsbook.adapters.search_index import SearchIndex
from opsbook.book.search import SearchSection
index = SearchIndex(sys.argv[1])
for round in range(6):
    pages = {}
    for number in range(30):
        path = f"p{number}.md"
        text = f"marker round{round} word{number}"
        pages[path] = (text, (SearchSection(path, "", "Page", "Part", "", 1, (), "", text),))
    index.update(pages)
    answer = index.search("marker", 50)
    assert len(answer.hits) == 30, len(answer.hits)
    assert len({hit.snippet.split()[1] for hit in answer.hits}) == 1
"""


def test_processes_that_update_at_once_leave_one_whole_book(tmp_path: Path) -> None:
    file = str(tmp_path / "search.db")
    command = [sys.executable, "-c", WRITER, file]
    source = str(Path(__file__).resolve().parents[2] / "src")
    running = [
        subprocess.Popen(command, env={"PYTHONPATH": source}, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for one in running:
        _, errors = one.communicate(timeout=60)
        assert one.returncode == 0, errors
    answer = SearchIndex(file).search("marker round5", 50)
    assert len(answer.hits) == 30


def test_a_large_update_is_followed_by_small_ones(index: SearchIndex) -> None:
    random = Random(1)
    words = [f"w{number}" for number in range(300)]
    texts = {f"p{number}": " ".join(random.choices(words, k=20)) for number in range(200)}
    index.update(book(**texts))
    for number in range(0, 200, 40):
        texts[f"p{number}"] = f"special{number} mark"
        assert index.update(book(**texts)).written == 1
        assert paths(index.search(f"special{number}")) == [f"p{number}.md"]
    assert len(index.search("mark").hits) == 5
