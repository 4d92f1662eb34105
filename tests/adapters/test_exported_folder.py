"""The folder of an exported site keeps what is others', and writes what changed."""

from __future__ import annotations

import pytest

from opsbook.adapters.exported_folder import MARK, ExportedFolder
from opsbook.ground.errors import Refusal


def written(path, files):
    """What an export of these files changes, and the names that lie there then."""
    folder = ExportedFolder(str(path))
    folder.begin(files)
    changed = sum(folder.put(name, content) for name, content in files.items()) + folder.end(files)
    found = {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}
    return changed, found - {MARK}


def test_only_what_changed_is_written_and_what_is_gone_is_removed_with_its_folder(tmp_path):
    assert written(tmp_path, {"index.html": b"1", "book/a.html": b"2"}) == (2, {"index.html", "book/a.html"})
    assert written(tmp_path, {"index.html": b"1", "book/a.html": b"2"})[0] == 0
    assert written(tmp_path, {"index.html": b"3"}) == (2, {"index.html"})
    assert not (tmp_path / "book").exists()


def test_a_folder_with_files_of_others_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(Refusal, match="did not write"):
        ExportedFolder(str(tmp_path)).begin(["index.html"])
    assert (tmp_path / "index.html").read_text() == "mine"
    assert not (tmp_path / MARK).exists()


def test_hidden_files_such_as_those_of_git_do_not_make_it_a_folder_of_others(tmp_path):
    (tmp_path / ".git").mkdir()
    assert written(tmp_path, {"index.html": b"1"}) == (1, {"index.html"})


def test_a_file_that_somebody_put_beside_stays(tmp_path):
    written(tmp_path, {"book/a.html": b"1"})
    (tmp_path / "book" / "own.txt").write_text("mine")
    assert written(tmp_path, {"index.html": b"1"})[1] == {"index.html", "book/own.txt"}


def test_a_mark_that_leads_out_of_the_folder_removes_nothing_there(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    inner = tmp_path / "site"
    inner.mkdir()
    (inner / MARK).write_text("../kept.txt\n/etc/none\n")
    assert written(inner, {"index.html": b"1"})[1] == {"index.html"}
    assert (tmp_path / "kept.txt").exists()


def test_a_file_of_others_that_stands_where_a_page_is_to_be_is_not_written_over(tmp_path):
    written(tmp_path, {"index.html": b"1"})
    (tmp_path / "second.html").write_bytes(b"theirs")
    with pytest.raises(Refusal, match="second.html"):
        written(tmp_path, {"index.html": b"2", "second.html": b"2"})
    assert (tmp_path / "second.html").read_bytes() == b"theirs"
    assert (tmp_path / "index.html").read_bytes() == b"1"


def test_nothing_is_written_through_a_link_that_leads_out_of_the_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "victim").mkdir()
    written(tmp_path / "out", {"index.html": b"1"})
    (tmp_path / "out/assets").symlink_to("../victim")
    folder = ExportedFolder(str(tmp_path / "out"))
    folder.begin(["index.html"])
    with pytest.raises(Refusal, match="leads out"):
        folder.put("assets/a.css", b"1")
    assert not list((tmp_path / "victim").iterdir())
