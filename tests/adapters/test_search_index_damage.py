"""The search index is safe to lose: whatever happens to its file, it answers again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import apsw
import pytest

from opsbook.adapters.search_index import SearchIndex
from opsbook.book.search import SearchSection
from opsbook.ground.errors import Failure

PAGES = {
    f"p{number}.md": (
        "1",
        (SearchSection(f"p{number}.md", "", f"Page {number}", "Part", "", 1, (), "", f"common word{number} " * 40),),
    )
    for number in range(120)
}


def found(index: SearchIndex) -> list[str]:
    return [hit.path for hit in index.search("word77 ").hits]


def cut_to(share: float) -> Callable[[Path], None]:
    def cut(file: Path) -> None:
        os.truncate(file, int(file.stat().st_size * share))

    return cut


def scribble(start: float, length: int) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        noise = Random(start).randbytes(length)
        with file.open("r+b") as opened:
            opened.seek(int(file.stat().st_size * start))
            opened.write(noise)

    return write


def become_text(file: Path) -> None:
    file.write_text("not a database at all\n" * 500)


def become_another_version(file: Path) -> None:
    connection = apsw.Connection(str(file))
    connection.pragma("user_version", 999_999)
    connection.close()


def lose_a_table(file: Path) -> None:
    connection = apsw.Connection(str(file))
    connection.execute("DROP TABLE word")
    connection.close()


def vanish(file: Path) -> None:
    file.unlink()


DAMAGES = {
    "cut to nothing": cut_to(0),
    "cut short at the header": cut_to(0.0001),
    "cut in half": cut_to(0.5),
    "its end lost": cut_to(0.97),
    "scribbled on its header": scribble(0, 80),
    "scribbled on its first page": scribble(0.001, 3_000),
    "scribbled on in the middle": scribble(0.3, 60_000),
    "scribbled on all over": scribble(0.02, 200_000),
    "become text": become_text,
    "of another version": become_another_version,
    "without a table": lose_a_table,
    "gone": vanish,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "search.db"
    index = SearchIndex(path)
    index.update(PAGES)
    index.close()
    return path


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_made_anew_by_the_next_program(file: Path, damage: Callable[[Path], None]) -> None:
    damage(file)
    index = SearchIndex(file)
    index.update(PAGES)
    assert found(index) == ["p77.md"]
    assert index.in_memory_because is None


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_damaged_under_a_running_program_is_made_anew(file: Path, damage: Callable[[Path], None]) -> None:
    index = SearchIndex(file)
    index.update(PAGES)
    assert found(index) == ["p77.md"]
    damage(file)
    index.search("common")
    index.update(PAGES)
    assert found(index) == ["p77.md"]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_of_unknown_pages_is_no_error(file: Path, damage: Callable[[Path], None]) -> None:
    damage(file)
    index = SearchIndex(file)
    index.search("word77")
    index.digests()


@pytest.mark.parametrize("seed", range(25))
def test_random_scribbles_raise_nothing(file: Path, seed: int) -> None:
    random = Random(seed)
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for _ in range(random.randint(1, 20)):
            opened.seek(random.randrange(size))
            opened.write(random.randbytes(random.randint(1, 600)))
    index = SearchIndex(file)
    index.update(PAGES)
    for text in ("word77", "common", "wrod77 page", "page part common", "comm"):
        index.search(text)
    index.update({path: ("2", sections) for path, (_, sections) in PAGES.items()})
    file.unlink()
    assert found(index) == ["p77.md"]


def test_a_file_that_was_replaced_by_another_program_is_read_anew(file: Path) -> None:
    index = SearchIndex(file)
    assert found(index) == ["p77.md"]
    file.unlink()
    other = SearchIndex(file)
    other.update({"new.md": ("1", (SearchSection("new.md", "", "P", "S", "", 1, (), "", "word77"),))})
    assert found(index) == ["new.md"]


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE precious(x); INSERT INTO precious VALUES (42)")
    index = SearchIndex(path)
    index.update(PAGES)
    assert found(index) == ["p77.md"]
    assert index.in_memory_because is not None
    assert other.execute("SELECT x FROM precious").get == 42


def test_where_no_folder_can_be_the_index_lives_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    index = SearchIndex(tmp_path / "file" / "search.db")
    index.update(PAGES)
    assert found(index) == ["p77.md"]
    assert index.in_memory_because is not None


def test_a_folder_in_the_place_of_the_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "search.db").mkdir()
    index = SearchIndex(tmp_path / "search.db")
    assert index.search("word77").hits == ()
    index.update(PAGES)
    assert found(index) == ["p77.md"]
    assert (tmp_path / "search.db").is_dir()


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from opsbook.adapters.search_index import SearchIndex
from opsbook.book.search import SearchSection
pages = {
    f"p{n}.md": ("1", (SearchSection(f"p{n}.md", "", "Page", "Part", "", 1, (), "", f"word{n} " * 200),))
    for n in range(100)
}
index = SearchIndex(sys.argv[1])
index.update(pages)
print([hit.path for hit in index.search("word77 ").hits], index.in_memory_because is not None)
"""


def test_on_a_full_disk_the_index_lives_in_memory(tmp_path: Path) -> None:
    source = str(Path(__file__).resolve().parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "search.db")],
        env={"PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "['p77.md'] True\n", done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_read_and_outdone_in_memory(file: Path) -> None:
    file.chmod(0o400)
    file.parent.chmod(0o500)
    try:
        index = SearchIndex(file)
        assert found(index) == ["p77.md"]
        assert index.in_memory_because is None
        index.update({"p77.md": PAGES["p77.md"]})
        assert found(index) == ["p77.md"]
        assert index.in_memory_because is not None
    finally:
        file.parent.chmod(0o700)


def test_a_file_that_another_process_keeps_is_a_failure_to_be_tried_again(file: Path) -> None:
    holder = apsw.Connection(str(file))
    holder.execute("BEGIN EXCLUSIVE")
    index = SearchIndex(file, busy_ms=20)
    with pytest.raises(Failure) as raised:
        index.search("word77")
    assert raised.value.retryable
    holder.execute("ROLLBACK")
    assert found(index) == ["p77.md"]
