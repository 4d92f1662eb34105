"""A folder tells what it holds, and the tree of a large book shows the way to a page and no more."""

from __future__ import annotations

from tests.usecases.snapshots import snapshot

from opsbook.usecases.folders import MOST_IN_TREE, Node, folder, tree


def book(*paths: str):
    return snapshot({path: f"# {path}\n" for path in paths})


def names(nodes: tuple[Node, ...]) -> list[object]:
    return [(node.name, names(node.children)) if node.children else node.name for node in nodes]


def test_a_folder_counts_what_lies_below_it():
    found = folder(book("o/README.md", "o/a/x.md", "o/a/b/y.md", "o/c.md"), "o")
    assert found is not None
    assert [(each.path, each.pages) for each in found.folders] == [("o/a", 2)]
    assert [page.name for page in found.pages] == ["README.md", "c.md"]
    assert found.index == "o/README.md"
    assert found.count == 4
    assert sum(found.kinds.values()) == 4


def test_a_folder_without_pages_is_none():
    assert folder(book("o/a/x.md"), "o/b") is None
    assert folder(book("o/ab/x.md"), "o/a") is None


def test_a_book_without_pages_has_an_empty_folder():
    found = folder(book(), "")
    assert found is not None
    assert found.count == 0


def test_the_tree_of_a_small_book_is_whole():
    nodes = tree(frozenset({"o/a/x.md", "o/b/y.md", "o/z.md"}), "o", "o/a/x.md")
    assert names(nodes) == [("a", ["x.md"]), ("b", ["y.md"]), "z.md"]
    assert [node.is_open for node in nodes] == [True, False, False]


def test_the_tree_of_a_large_book_shows_the_way_to_the_page():
    paths = [f"o/f{number}/x.md" for number in range(MOST_IN_TREE + 1)]
    nodes = tree(frozenset(paths), "o", "o/f7/x.md")
    assert [node.name for node in nodes if node.children] == ["f7"]
    assert len(nodes) == MOST_IN_TREE + 1


def test_a_folder_of_thousands_shows_those_beside_the_page():
    paths = [f"o/p{number:04}.md" for number in range(2000)]
    nodes = tree(frozenset(paths), "o", "o/p1000.md")
    assert len(nodes) < 200
    assert "p1000.md" in names(nodes)
    assert nodes[-1].name == "all 2,000"
