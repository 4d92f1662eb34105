"""CODEOWNERS is read as GitHub and GitLab read it: the last matching line wins."""

from __future__ import annotations

import pytest

from opsbook.book.ownership import owner_of, read_owners


@pytest.mark.parametrize(
    ("line", "path", "owned"),
    [
        ("* @a", "docs/x.md", True), ("*.md @a", "docs/deep/x.md", True), ("*.md @a", "x.txt", False),
        ("docs/ @a", "docs/deep/x.md", True), ("docs/ @a", "lib/docs/x.md", True), ("/docs/ @a", "lib/docs/x.md", False),
        ("/docs/ @a", "docs/x.md", True), ("docs/* @a", "docs/x.md", True), ("docs/* @a", "docs/deep/x.md", False),
        ("docs/** @a", "docs/deep/x.md", True), ("**/runbooks @a", "a/b/runbooks/x.md", True),
        ("/docs/**/db.md @a", "docs/db.md", True), ("/docs/**/db.md @a", "docs/a/b/db.md", True),
        ("docs/runbooks @a", "docs/runbooks/x.md", True), ("docs/runbooks @a", "docs/runbooks2/x.md", False),
        ("x?.md @a", "xy.md", True), ("x?.md @a", "x/.md", False), ("a\\ b.md @a", "a b.md", True), ("/x.md @a", "x.md", True),
        ("x.md @a", "sub/x.md", True), ("runbooks @a", "runbooks/x.md", True), ("(x).md @a", "(x).md", True),
    ],
)  # fmt: skip
def test_a_pattern_owns_a_path(line, path, owned):
    assert owner_of(read_owners(line), path) == ("@a" if owned else None)


def test_the_last_matching_line_wins_and_may_take_ownership_away():
    owners = read_owners("# all\n* @all\n\n[Section]\n^[Optional][2]\ndocs/ @docs @more # why\ndocs/free/\n")
    assert owner_of(owners, "a.md") == "@all"
    assert owner_of(owners, "docs/a.md") == "@docs @more"
    assert owner_of(owners, "docs/free/a.md") is None


def test_an_empty_file_owns_nothing():
    assert read_owners("\n# only words\n") == ()
    assert owner_of((), "a.md") is None
