"""Which file of the exported site each page, folder and file of the repository becomes. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from opsbook.book.rendering import Places, quote_path
from opsbook.usecases.folders import bare_name

# The pages of lists, in the order of the navigation: words and file. The first is the book's own folder.
LISTS = (
    ("Book", "index.html"),
    ("Services", "services.html"),
    ("On call", "oncall.html"),
    ("Procedures", "procedures.html"),
    ("Monitoring", "monitoring.html"),
    ("Incidents", "incidents.html"),
    ("Coverage", "coverage.html"),
)


class SitePlaces(Struct, frozen=True):
    """The files of pages and of folders by their paths in the repository."""

    pages: Mapping[str, str]
    folders: Mapping[str, str]

    def from_file(
        self, name: str, files: set[str] | None = None, is_there: Callable[[str], bool] = lambda path: True
    ) -> Places:
        """The addresses as they are written in a file of the site, so that it works wherever it is put. The other
        files that are led to are added to `files`; those that are not there to be copied are not led to."""
        up = "../" * name.count("/")

        def address(kind: str, path: str, fragment: str = "") -> str:
            behind = f"#{fragment}" if fragment or kind == "here" else ""
            if kind == "here":
                return behind
            if kind == "file":
                if files is not None:
                    files.add(path)
                return f"{up}files/{quote_path(path)}{behind}" if is_there(path) else ""
            known = self.pages if kind == "page" else self.folders
            return up + quote_path(known.get(path, "index.html")) + behind

        return address


def site_places(paths: Iterable[str], book: str) -> SitePlaces:
    """The places of these pages; the book's own folder is the front page.

    `db.md` becomes `book/db.html`. A name that is taken, also on disks that know no capitals, keeps its ending before
    `.html`; `index` belongs to the list of the folder.
    """
    before = f"{book}/" if book else ""
    pages: dict[str, str] = {}
    folders = {"": "index.html", book: "index.html"}
    taken: set[str] = set()
    for path in sorted(paths):
        short = path.removeprefix(before)
        parent, slash, name = short.rpartition("/")
        bare = bare_name(name) or name
        wanted = f"book/{parent}{slash}{bare}.html"
        if bare.lower() == "index" or wanted.lower() in taken:
            wanted = f"book/{parent}{slash}{name}.html"
        number = 2
        while wanted.lower() in taken:
            wanted, number = f"book/{parent}{slash}{name}.{number}.html", number + 1
        taken.add(wanted.lower())
        pages[path] = wanted
        while parent and before + parent not in folders:
            folders[before + parent] = f"book/{parent}/index.html"
            parent = parent.rpartition("/")[0]
    return SitePlaces(pages, folders)
