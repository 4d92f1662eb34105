"""`opsbook export`: the book as files that need no server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Exported


@verb("site", examples=("opsbook export site public", "opsbook export site public --base-url https://book.example.org"))
@click.argument("folder", metavar="DIR")
@click.option("--base-url", metavar="URL", help="Where it will stand, for a site map and the address that counts.")
def site(shared: Shared, folder: str, base_url: str | None) -> int:
    """Write the whole book as plain files: pages, lists, search. They work from a disk as well as from any web server.

    The same book gives the same bytes on the same day; only files that changed are written. Files that an earlier
    export wrote and that are not needed any more are removed, and nothing else is touched.
    """
    from opsbook.wire_export import export_site_to

    done = export_site_to(shared.config(), folder, base_url or "")
    for why in done.left_out:
        click.echo(f"Not copied, {why}.", err=True)
    return _told(shared, done, f"{_pages(done)} in {done.files:,} files in '{folder}'; {done.changed:,} changed.")


@verb("bundle", examples=("opsbook export bundle emergency.html", "opsbook export bundle book.html --with-contacts"))
@click.argument("file", metavar="FILE")
@click.option("--with-contacts", is_flag=True, help="Also the contacts that people gave to Opsbook alone.")
def bundle(shared: Shared, file: str, with_contacts: bool) -> int:
    """Write one file that holds all of it: pages, search, who is on call for 30 days, the phone tree, templates.

    It opens in any browser, from a disk or a memory stick, without any network, and reads without scripts as well.
    """
    from opsbook.wire_export import export_bundle_to

    done = export_bundle_to(shared.config(), file, with_contacts=with_contacts)
    return _told(shared, done, f"{_pages(done)} in '{file}'{'' if done.changed else ', which is as it was'}.")


@verb("pdf", examples=("opsbook export pdf book.pdf", "opsbook export pdf db.pdf runbooks/database"))
@click.argument("file", metavar="FILE")
@click.argument("pages", nargs=-1, metavar="[PAGE]...")
def pdf(shared: Shared, file: str, pages: tuple[str, ...]) -> int:
    """Write the book, or these pages and folders of it, as PDF with contents, an outline and page numbers.

    The Chromium of the system makes it, with a profile of its own and without any network.
    """
    from opsbook.wire_export import export_pdf_to

    done = export_pdf_to(shared.config(), file, pages)
    return _told(shared, done, f"{_pages(done)} in '{file}'.")


@verb(
    "install", examples=("opsbook export hook install --site public", "opsbook export hook install --bundle ops.html")
)
@click.option("--site", metavar="DIR", help="Export the site to this folder each time.")
@click.option("--bundle", metavar="FILE", help="Export the bundle to this file each time.")
def install(shared: Shared, site: str | None, bundle: str | None) -> int:
    """Have git export again after each commit and each merge, quietly; a commit is never kept from being made.

    A hook that somebody else wrote is left as it is, and you are told the line to add to it.
    """
    import os
    import shutil

    from opsbook.wire_export import install_hook

    if not site and not bundle:
        raise click.UsageError("Name what is to be exported: --site DIR, --bundle FILE, or both.")
    program = shutil.which("opsbook", path=os.path.dirname(sys.executable)) or shutil.which("opsbook") or "opsbook"
    places = install_hook(shared.config(), site=site or "", bundle=bundle or "", program=os.path.abspath(program))
    return _told(shared, {"hooks": places}, *(f"wrote {place}" for place in places))


@verb("remove", examples=("opsbook export hook remove",))
def remove(shared: Shared) -> int:
    """Have git export no more."""
    from opsbook.wire_export import remove_hook

    places = remove_hook(shared.config())
    return _told(
        shared, {"hooks": places}, *(f"removed {place}" for place in places), "" if places else "There is none."
    )


def _pages(done: Exported) -> str:
    return f"{done.pages:,} page{'' if done.pages == 1 else 's'}"


def _told(shared: Shared, answer: object, *lines: str) -> int:
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    else:
        for line in filter(None, lines):
            click.echo(line)
    return 0


hook = VerbGroup("hook", (install, remove), about="Have git export again after each commit.")
command = VerbGroup(
    "export",
    (site, bundle, pdf, hook),
    about="Write the book as files that need no server.",
    examples=("opsbook export site public", "opsbook export bundle emergency.html"),
)
