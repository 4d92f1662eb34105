"""`opsbook export`: the book as files that need no server."""

from __future__ import annotations

import sys

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb


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
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
    else:
        pages = f"{done.pages:,} page{'' if done.pages == 1 else 's'}"
        click.echo(f"{pages} in {done.files:,} files in '{folder}'; {done.changed:,} changed.")
    return 0


@verb("bundle", examples=("opsbook export bundle emergency.html", "opsbook export bundle book.html --with-contacts"))
@click.argument("file", metavar="FILE")
@click.option("--with-contacts", is_flag=True, help="Also the contacts that people gave to Opsbook alone.")
def bundle(shared: Shared, file: str, with_contacts: bool) -> int:
    """Write one file that holds all of it: pages, search, who is on call for 30 days, the phone tree, templates.

    It opens in any browser, from a disk or a memory stick, without any network, and reads without scripts as well.
    """
    from opsbook.wire_export import export_bundle_to

    done = export_bundle_to(shared.config(), file, with_contacts=with_contacts)
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
    else:
        pages = f"{done.pages:,} page{'' if done.pages == 1 else 's'}"
        click.echo(f"{pages} in '{file}'{'' if done.changed else ', which is as it was'}.")
    return 0


command = VerbGroup(
    "export",
    (site, bundle),
    about="Write the book as files that need no server.",
    examples=("opsbook export site public", "opsbook export bundle emergency.html"),
)
