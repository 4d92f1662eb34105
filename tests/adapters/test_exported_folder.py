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


def test_a_folder_in_it_that_leads_elsewhere_is_refused_and_nothing_is_written_there(tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    written(site, {"assets/a.css": b"1"})
    elsewhere.mkdir()
    (elsewhere / "a.css").write_text("mine")
    (site / "assets" / "a.css").unlink()
    (site / "assets").rmdir()
    (site / "assets").symlink_to(elsewhere)
    with pytest.raises(Refusal, match="leads elsewhere"):
        written(site, {"index.html": b"2"})
    assert (elsewhere / "a.css").read_text() == "mine"
    assert not (site / "index.html").exists()


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "real")
    assert written(tmp_path / "site", {"book/a.html": b"1"})[0] == 1


def test_a_file_of_others_in_the_place_of_a_new_page_is_refused_before_anything_is_written(tmp_path):
    written(tmp_path, {"index.html": b"1"})
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "second.html").write_text("mine")
    with pytest.raises(Refusal, match=r"'book/second\.html', which Opsbook did not write"):
        written(tmp_path, {"index.html": b"2", "book/second.html": b"2"})
    assert (tmp_path / "book" / "second.html").read_text() == "mine"
    assert (tmp_path / "index.html").read_text() == "1"
