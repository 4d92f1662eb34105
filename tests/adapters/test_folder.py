"""The book as a folder on a real disk: whatever lies there, pages are found and read, nothing hangs, writes are whole."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tests.conftest import PROFILE

from opsbook.adapters.folder import LARGEST_PAGE_BYTES, FolderBook
from opsbook.book.page import default_reading
from opsbook.usecases.ports import Unreadable


def write(root: Path, files: dict[str, str]) -> FolderBook:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return book(root)


def book(root: Path, folder: str = "") -> FolderBook:
    return FolderBook(str(root), str(root / folder) if folder else str(root), default_reading())


def paths(source: FolderBook) -> list[str]:
    return [page.path for page in source.pages()]


def test_pages_are_found_by_their_endings_in_the_order_of_their_paths(tmp_path):
    names = ["b.md", "a/c.markdown", "a/b.MD", "d.html.md.erb", "x.txt", "md", "e.mdown", "f.mkd", "g.md.bak"]
    assert paths(write(tmp_path, dict.fromkeys(names, ""))) == ["a/b.MD", "a/c.markdown", "b.md", "d.html.md.erb", "e.mdown", "f.mkd"]


def test_paths_are_told_from_the_repository_and_searched_in_the_book(tmp_path):
    write(tmp_path, {".git/HEAD": "", "README.md": "", "docs/operations/a.md": "hello"})
    source = book(tmp_path, "docs/operations")
    (page,) = source.pages()
    assert (page.path, page.size_bytes) == ("docs/operations/a.md", 5)
    assert page.changed_ns == (tmp_path / "docs/operations/a.md").stat().st_mtime_ns
    assert (source.book, source.is_repository, source.depth) == ("docs/operations", True, 2)
    assert source.read("docs/operations/a.md") == b"hello"


def test_hidden_folders_and_folders_of_other_peoples_pages_are_passed_over(tmp_path):
    passed = [".git/a.md", ".venv/a.md", "node_modules/x/a.md", "vendor/a.md", "docs/.hidden/a.md", "venv/a.md"]
    assert paths(write(tmp_path, dict.fromkeys([*passed, "docs/a.md", ".a.md"], ""))) == [".a.md", "docs/a.md"]


def test_a_folder_with_the_name_of_a_page_is_looked_into(tmp_path):
    source = write(tmp_path, {"x.md/y.md": "y"})
    assert paths(source) == ["x.md/y.md"]
    assert source.read("x.md") == Unreadable("x.md", "it is not a regular file")


def test_a_loop_of_links_ends(tmp_path):
    source = write(tmp_path, {"a/x.md": "", "b/y.md": ""})
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "self").symlink_to(".")
    (tmp_path / "b" / "a").symlink_to("../a")
    found = paths(source)
    assert len(found) == len(set(found)) <= 4
    assert {"a/x.md", "b/y.md"} <= set(found)


def test_a_page_that_links_lead_to_as_well_is_read_once_by_its_own_path(tmp_path):
    source = write(tmp_path, {"real/x.md": "x"})
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "z.md").symlink_to("real/x.md")
    assert source.read("z.md") == b"x"
    assert paths(source) == ["real/x.md"]


def test_a_page_that_only_links_lead_to_is_read_by_the_first_of_them(tmp_path):
    write(tmp_path, {"elsewhere/x.md": "x", "book/y.md": "y"})
    (tmp_path / "book" / "a.md").symlink_to("../elsewhere/x.md")
    (tmp_path / "book" / "b.md").symlink_to("../elsewhere/x.md")
    source = FolderBook(str(tmp_path), str(tmp_path / "book"), default_reading())
    assert paths(source) == ["book/a.md", "book/y.md"]


def test_a_link_out_of_the_repository_leads_to_no_page(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    source = write(tmp_path / "repository", {"a.md": ""})
    (tmp_path / "repository" / "folder").symlink_to(outside)
    (tmp_path / "repository" / "file.md").symlink_to(outside / "secret.md")
    assert paths(source) == ["a.md"]


HIDDEN = [".env", ".git/config", ".opsbook/opsbook.db", ".github/notes.md", "docs/.drafts/a.md", "docs/.secret.md"]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_link_to_a_hidden_file_of_the_repository_is_no_page_and_is_not_read(tmp_path, hidden):
    source = write(tmp_path, {hidden: "secret", "docs/a.md": ""})
    (tmp_path / "docs" / "led.md").symlink_to(tmp_path / hidden)
    assert "docs/led.md" not in paths(source)
    assert source.read("docs/led.md") == Unreadable("docs/led.md", "it leads to a hidden file")
    assert source.read_beside("docs/led.md") == Unreadable("docs/led.md", "it leads to a hidden file")


def test_a_chain_of_links_is_judged_by_where_it_ends(tmp_path):
    source = write(tmp_path, {".env": "secret", "docs/a.md": ""})
    (tmp_path / "docs" / "one.txt").symlink_to("../.env")
    (tmp_path / "docs" / "two.md").symlink_to("one.txt")
    assert paths(source) == ["docs/a.md"]
    assert isinstance(source.read("docs/two.md"), Unreadable)


def test_a_link_to_a_file_that_is_no_page_is_no_page(tmp_path):
    source = write(tmp_path, {"settings.ini": "secret", "docs/a.md": ""})
    (tmp_path / "docs" / "led.md").symlink_to("../settings.ini")
    assert paths(source) == ["docs/a.md"]
    assert source.read("docs/led.md") == Unreadable("docs/led.md", "it leads to a file that is no page")


def test_a_linked_folder_that_is_hidden_is_not_looked_into(tmp_path):
    source = write(tmp_path, {".opsbook/a.md": "secret", ".git/x/b.md": "secret", "docs/a.md": ""})
    (tmp_path / "docs" / "state").symlink_to("../.opsbook")
    (tmp_path / "docs" / "deep").symlink_to("../.git/x")
    assert paths(source) == ["docs/a.md"]
    assert source.read("docs/state/a.md") == Unreadable("docs/state/a.md", "it leads to a hidden file")


def test_a_page_that_is_hidden_by_its_own_name_is_read_by_it(tmp_path):
    assert write(tmp_path, {".a.md": "a"}).read(".a.md") == b"a"


def test_links_inside_of_a_hidden_book_are_followed(tmp_path):
    write(tmp_path, {".ops/a/x.md": "x", ".env": "secret"})
    (tmp_path / ".ops" / "y.md").symlink_to("a/x.md")
    (tmp_path / ".ops" / "z.md").symlink_to("../.env")
    source = book(tmp_path, ".ops")
    assert paths(source) == [".ops/a/x.md"]
    assert source.read(".ops/y.md") == b"x"
    assert isinstance(source.read(".ops/z.md"), Unreadable)


def test_a_page_that_becomes_a_link_while_it_is_opened_shows_nothing_hidden(tmp_path):
    source = write(tmp_path, {".env": "secret", "good.md": "good"})
    page, stop = tmp_path / "page.md", threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for target in (".env", "good.md"):
                (tmp_path / "next").symlink_to(target)
                os.replace(tmp_path / "next", page)

    page.symlink_to("good.md")
    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        read = [source.read("page.md") for _ in range(2000)]
    finally:
        stop.set()
        swapping.join()
    assert b"secret" not in read
    assert b"good" in read


def test_owners_are_not_read_through_a_link_to_a_hidden_file(tmp_path):
    source = write(tmp_path, {".env": "PASSWORD=hunter2", "docs/a.md": ""})
    (tmp_path / "docs" / "OWNERS").symlink_to("../.env")
    assert source.owner_of("docs/a.md") is None


def test_a_repository_that_is_reached_by_a_link_is_read_the_same(tmp_path):
    write(tmp_path / "real", {"a/x.md": "", "y.md": ""})
    (tmp_path / "real" / "b").symlink_to("a")
    (tmp_path / "real" / "z.md").symlink_to("y.md")
    (tmp_path / "link").symlink_to("real")
    assert paths(book(tmp_path / "link")) == paths(book(tmp_path / "real"))
    assert paths(book(tmp_path / "link")) == ["a/x.md", "y.md"]


def test_a_link_to_nothing_is_no_page(tmp_path):
    (tmp_path / "gone.md").symlink_to("nowhere.md")
    (tmp_path / "self.md").symlink_to("self.md")
    source = book(tmp_path)
    assert paths(source) == []
    assert isinstance(source.read("gone.md"), Unreadable)
    assert isinstance(source.read("self.md"), Unreadable)


def test_a_pipe_is_no_page_and_reading_it_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    source = book(tmp_path)
    assert paths(source) == []
    began = time.monotonic()
    assert source.read("pipe.md") == Unreadable("pipe.md", "it is not a regular file")
    assert time.monotonic() - began < 5


def test_a_device_is_refused(tmp_path):
    (tmp_path / "zero.md").symlink_to("/dev/zero")
    assert paths(book(tmp_path)) == []
    assert book(tmp_path).read("zero.md") == Unreadable("zero.md", "it is not a regular file")


def test_a_file_that_vanishes_between_listing_and_reading_is_told(tmp_path):
    source = write(tmp_path, {"a.md": "", "b.md": ""})
    assert paths(source) == ["a.md", "b.md"]
    (tmp_path / "a.md").unlink()
    assert source.read("a.md") == Unreadable("a.md", "No such file or directory")


def test_pages_that_come_and_go_while_they_are_listed_raise_nothing(tmp_path):
    source = write(tmp_path, {f"d{n}/a{m}.md": "" for n in range(10) for m in range(20)})
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for n in range(10):
                for m in range(20):
                    path = tmp_path / f"d{n}" / f"a{m}.md"
                    path.unlink(missing_ok=True)
                    path.touch()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(20):
            for page in source.pages():
                assert isinstance(source.read(page.path), bytes | Unreadable)
    finally:
        stop.set()
        thread.join()


def test_a_name_that_is_no_text_is_shown_with_question_marks_and_read(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")).write_bytes(b"# Cafe\n")
    source = book(tmp_path)
    (page,) = source.pages()
    assert page.path == "caf?.md"
    assert source.read("caf?.md") == b"# Cafe\n"
    assert source.replace("caf?.md", b"# Cafe\n", b"# Bar\n")
    assert source.read("caf?.md") == b"# Bar\n"


def test_a_page_too_large_is_refused_unread(tmp_path):
    (tmp_path / "large.md").touch()
    os.truncate(tmp_path / "large.md", LARGEST_PAGE_BYTES + 1)
    assert book(tmp_path).read("large.md") == Unreadable("large.md", "it is larger than 64 MiB")


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "../" * 3000 + "x"])
def test_a_name_that_no_file_can_have_is_there_for_nobody(tmp_path, path):
    source = book(tmp_path)
    assert source.exists(path) is False
    assert isinstance(source.read(path), Unreadable)


def test_a_path_exists_as_a_file_and_as_a_folder_in_its_own_letter_case(tmp_path):
    source = write(tmp_path, {"a/B.md": ""})
    assert [source.exists(path) for path in ("a/B.md", "a", "a/", "a/b.md", "c")] == [True, True, True, False, False]


def test_owners_are_those_of_codeowners_else_of_the_nearest_owners_file(tmp_path):
    source = write(tmp_path, {
        ".github/CODEOWNERS": "docs/a.md @a\n", "docs/OWNERS": "# who\napprovers:\n- anne\n- bob\n", "OWNERS": "root\n",
    })  # fmt: skip
    assert [source.owner_of(path) for path in ("docs/a.md", "docs/deep/b.md", "c.md")] == ["@a", "anne, bob", "root"]
    assert book(tmp_path / "docs").owner_of("deep/b.md") == "anne, bob"


def test_nobody_owns_what_no_file_names(tmp_path):
    assert write(tmp_path, {"a.md": ""}).owner_of("a.md") is None


def test_the_day_of_the_last_commit_that_touched_a_page_is_known(tmp_path, needs):
    git = needs("git")
    source = write(tmp_path, {"a.md": "a", "new.md": ""})
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (("init", "-q"), ("add", "a.md"), (*who, "commit", "-q", "-m", "a", "--date", "2026-01-02T10:00:00Z")):
        env = {**os.environ, "GIT_COMMITTER_DATE": "2026-01-02T10:00:00Z", "TZ": "UTC"}
        subprocess.run([git, *words], cwd=tmp_path, check=True, env=env)
    assert [source.changed_on(path) for path in ("a.md", "new.md", "gone.md")] == ["2026-01-02", None, None]


def test_outside_of_git_no_day_of_change_is_known(tmp_path):
    assert write(tmp_path, {"a.md": ""}).changed_on("a.md") is None


def test_a_page_is_replaced_whole_with_its_rights(tmp_path):
    source = write(tmp_path, {"a.md": "old"})
    (tmp_path / "a.md").chmod(0o640)
    assert source.replace("a.md", b"old", b"new")
    assert (tmp_path / "a.md").read_bytes() == b"new"
    assert (tmp_path / "a.md").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_a_page_that_changed_meanwhile_is_not_replaced(tmp_path):
    source = write(tmp_path, {"a.md": "somebody else's"})
    assert not source.replace("a.md", b"old", b"new")
    assert (tmp_path / "a.md").read_bytes() == b"somebody else's"
    assert not source.replace("gone.md", b"", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_replacing_a_link_changes_the_page_that_it_leads_to(tmp_path):
    source = write(tmp_path, {"real.md": "old"})
    (tmp_path / "link.md").symlink_to("real.md")
    assert source.replace("link.md", b"old", b"new")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_bytes() == b"new"


def test_what_a_killed_writer_left_stops_nobody(tmp_path):
    source = write(tmp_path, {"a.md": "old"})
    (tmp_path / f"a.md.{os.getpid()}.part").write_text("half")
    assert source.replace("a.md", b"old", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child touches nothing but this one page
def test_a_kill_in_the_middle_of_a_replacement_leaves_the_old_page_or_the_new_one(tmp_path, record_property):
    old, new = b"old\n" * 50_000, b"new!" * 60_000
    source = write(tmp_path, {"a.md": ""})

    def killed_after(seconds: float | None) -> float:
        """How long a replacement took, by a process that was killed unless it is to end by itself."""
        (tmp_path / "a.md").write_bytes(old)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            source.replace("a.md", old, new)
            os._exit(0)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return time.monotonic() - began

    usual = max(killed_after(None) for _ in range(3))
    seen = {(tmp_path / "a.md").read_bytes()}
    tried = 40 if PROFILE == "default" else 400
    for number in range(tried):
        killed_after(usual * (number % 20) / 15)
        seen.add((tmp_path / "a.md").read_bytes())
    record_property("tried", tried)
    assert seen == {old, new}
    assert source.replace("a.md", (tmp_path / "a.md").read_bytes(), b"after")
    assert paths(source) == ["a.md"]
