"""Where each page of an exported site lies, and how it is led to."""

from __future__ import annotations

import pytest

from opsbook.usecases.static_site.places import site_places


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["docs/operations/a.md"], ["book/a.html"]),
        (["docs/operations/a/b.md"], ["book/a/b.html"]),
        (["docs/operations/README.md"], ["book/README.html"]),
        (["docs/operations/index.md"], ["book/index.md.html"]),
        (["docs/operations/A.md", "docs/operations/a.md"], ["book/A.html", "book/a.md.html"]),
        (["docs/operations/a.markdown", "docs/operations/a.md"], ["book/a.html", "book/a.md.html"]),
    ],
)
def test_each_page_has_a_file_of_its_own(paths, expected):
    assert list(site_places(paths, "docs/operations").pages.values()) == expected


def test_the_book_is_the_front_page_and_each_folder_has_a_list():
    places = site_places(["ops/a/b/c.md", "ops/d.md"], "ops")
    assert places.folders == {"": "index.html", "ops": "index.html", "ops/a": "book/a/index.html",
                              "ops/a/b": "book/a/b/index.html"}  # fmt: skip


def test_addresses_are_relative_and_quoted_and_the_files_that_are_led_to_are_noted():
    places = site_places(["a/b c#.md"], "")
    files = set()
    address = places.from_file("book/a/x.html", files)
    assert address("page", "a/b c#.md", "") == "../../book/a/b%20c%23.html"
    assert address("folder", "", "") == "../../index.html"
    assert address("file", "img/ü?.png", "") == "../../files/img/%C3%BC%3F.png"
    assert files == {"img/ü?.png"}
