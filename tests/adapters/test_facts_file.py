"""Facts are kept between starts, and whatever happens to their file costs time and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsbook.adapters.facts_file import FactsFile
from opsbook.book.lint import LintSettings
from opsbook.book.page import default_reading
from opsbook.usecases.lint import Scope
from opsbook.usecases.page_facts import Derived, Deriving
from opsbook.usecases.ports import PageFile, Unreadable

DAY = date(2026, 11, 26)


class Pages:
    """A book without a disk."""

    book, is_repository, depth, reading = "", True, 0, default_reading()

    def exists(self, path: str) -> bool:
        return False

    def owner_of(self, path: str) -> None:
        return None


def derived(path: str, text: str) -> Derived:
    file = PageFile(path, len(text), 1)
    return Deriving(Pages(), [file], Scope(DAY, LintSettings())).derive(file, text.encode())


def pages(count: int, word: str = "words") -> dict[str, Derived]:
    return {f"p{n}.md": derived(f"p{n}.md", f"# Page {n}\n\n{word} [x](y{n}.md)\n") for n in range(count)}


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "facts.cache")


def test_what_was_put_is_loaded(path):
    known = pages(3)
    known["no.md"] = Deriving(Pages(), [], Scope(DAY, LintSettings())).derive(PageFile("no.md", 1, 1), Unreadable("no.md", "gone"))
    FactsFile(path).put("g", DAY, known, known)
    assert FactsFile(path).load("g", DAY) == known


def test_on_other_grounds_nothing_is_loaded(path):
    FactsFile(path).put("g", DAY, pages(2), [])
    assert FactsFile(path).load("h", DAY) == {}


def test_what_holds_on_one_day_alone_is_not_loaded_on_another(path):
    known = {"a.md": derived("a.md", "# A\n\n**Last Updated:** 2026-01-01\n"), "b.md": derived("b.md", "# B\n")}
    FactsFile(path).put("g", DAY, known, known)
    assert list(FactsFile(path).load("g", date(2026, 11, 27))) == ["b.md"]


def test_a_change_is_added_and_a_page_that_went_is_gone(path):
    kept, known = FactsFile(path), pages(3)
    kept.put("g", DAY, known, known)
    known["p1.md"] = derived("p1.md", "# Other\n")
    del known["p2.md"]
    kept.put("g", DAY, known, ["p1.md", "p2.md"])
    assert FactsFile(path).load("g", DAY) == known


def test_the_file_does_not_grow_without_end(path, monkeypatch):
    monkeypatch.setattr("opsbook.adapters.facts_file._SPARE_BYTES", 1000)
    kept, known = FactsFile(path), pages(3)
    sizes = []
    for number in range(50):
        known["p1.md"] = derived("p1.md", f"# Other {number}\n")
        kept.put("g", DAY, known, ["p1.md"])
        with open(path, "rb") as file:
            sizes.append(len(file.read()))
    assert max(sizes) < 3 * sizes[0] + 2000
    assert FactsFile(path).load("g", DAY) == known


def test_two_programs_do_not_break_it(path):
    one, two, known = FactsFile(path), FactsFile(path), pages(2)
    one.put("g", DAY, known, known)
    two.load("g", DAY)
    for number in range(4):
        known["p1.md"] = derived("p1.md", f"# Other {number}\n")
        (one, two)[number % 2].put("g", DAY, known, ["p1.md"])
    found = FactsFile(path).load("g", DAY)
    assert all(found[name] == known[name] for name in found if name != "p1.md")


def test_where_nothing_can_be_written_nothing_fails(tmp_path):
    kept = FactsFile(str(tmp_path / "no" / "such" / "folder"))
    kept.put("g", DAY, pages(1), [])
    assert kept.load("g", DAY) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_of_a_damaged_file_only_what_is_whole_is_loaded(path, data):
    known = PAGES
    FactsFile(path).put("g", DAY, known, known)
    with open(path, "rb") as file:
        content = bytearray(file.read())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    with open(path, "wb") as file:
        file.write(content)
    found = FactsFile(path).load("g", DAY)
    assert all(known[name] == each for name, each in found.items())


PAGES = pages(4)
