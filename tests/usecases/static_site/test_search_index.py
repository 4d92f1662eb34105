"""The index of a site is the same however many runs it is joined from, and says where each word stands."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.search import SearchSection, words
from opsbook.usecases.static_site.search_index import (
    PageEntry,
    index_content,
    number,
    postings_of,
    shelf_count,
    shelf_of,
    shelf_scripts,
)

LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def section(text: str) -> SearchSection:
    return SearchSection("a.md", "", "A", "A", "", 1, (), "", text)


def decoded(text: str) -> list[tuple[int, int]]:
    """The sections of a word's postings and how often it stands there, as the browser reads them."""
    found, at, value, shift = [], -1, 0, 0
    for letter in text:
        five = LETTERS.index(letter)
        value |= (five & 31) << shift
        if five & 32:
            shift += 5
            continue
        at += value >> 2
        found.append((at, value & 3))
        value = shift = 0
    return found


def postings(texts: list[str], cuts: list[int]) -> dict[str, str]:
    """The postings of texts that were read in runs."""
    bounds = [0, *sorted(cut % (len(texts) + 1) for cut in cuts), len(texts)]
    numbered = list(enumerate(section(text) for text in texts))
    runs = [postings_of(numbered[a:b])[0] for a, b in zip(bounds, bounds[1:], strict=False)]
    content = index_content([], runs, {}, 1)
    return dict(zip(content["words"].split(" "), content["postings"].split(" "), strict=True)) if content["words"] else {}


@given(st.lists(st.text("ab é\n0", max_size=20), max_size=40), st.lists(st.integers(0, 100), max_size=3))
def test_every_word_is_found_where_it_stands_however_the_pages_were_parted(texts, cuts):
    found = postings(texts, cuts)
    assert found == postings(texts, [])
    for word in {word for text in texts for word in words(text)}:
        assert [at for at, _ in decoded(found[word])] == [at for at, text in enumerate(texts) if word in words(text)]


@given(st.integers(0, 1 << 40))
def test_a_number_in_letters_is_read_back(value):
    read, shift = 0, 0
    for letter in number(value):
        read |= (LETTERS.index(letter) & 31) << shift
        shift += 5
    assert read == value


def test_the_texts_of_a_page_lie_on_the_shelf_that_its_path_names():
    texts = {f"{number}.md": [f"text {number}"] for number in range(100)}
    scripts = dict(shelf_scripts(texts, shelf_count(100)))
    assert len(scripts) == 16
    for path, (text,) in texts.items():
        assert text.encode() in scripts[f"search/text-{shelf_of(path, 16)}.js"]


def test_an_id_that_the_browser_can_work_out_is_not_written():
    page = PageEntry("a.md", "A", (("Restart it", "restart-it", 3, 2, ()), ("Über", "über", 5, 2, ("Down",))))
    (entry,) = index_content([page], [], {"a.md": "book/a.html"}, 1)["pages"]
    assert entry == ["a.md", "book/a.html", "A", ["Restart it", 0, 3, 2], ["Über", "über", 5, 2, ["Down"]]]
