"""`opsbook discover`: what is deployed, beside the runbooks of the book. Knows no file of deployment and no page."""

from __future__ import annotations

import os
import sys

import click

from opsbook.entrypoints.options import ExistingPath, Shared, verb


@verb(
    "discover",
    examples=(
        "opsbook discover                    what is deployed, and lacks what",
        "opsbook discover --write            write the runbooks that are not there",
        "opsbook discover deploy --propose   changes of the others, for review",
        "opsbook discover --prometheus http://127.0.0.1:9090",
    ),
)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=ExistingPath())
@click.option("--prometheus", "servers", multiple=True, metavar="URL", help="Also what this Prometheus watches.")
@click.option("--rules", multiple=True, metavar="PATH", type=ExistingPath(), help="Alert rules (else opsbook.toml's).")
@click.option("--write", "is_written", is_flag=True, help="Write the runbooks that are not there; never over a page.")
@click.option("--propose", "is_proposed", is_flag=True, help="Put changes of runbooks that are there up for review.")
def command(
    shared: Shared, *, paths: tuple[str, ...], servers: tuple[str, ...], rules: tuple[str, ...], is_written: bool,
    is_proposed: bool,
) -> int:  # fmt: skip
    """Find the services that the repository deploys, and compare them with the book.

    Compose files, Kubernetes manifests, Helm charts, systemd units, Procfiles, catalog-info.yaml and Nomad jobs are
    read, below PATH or in the whole repository. Without an option nothing is written: what would be is shown. A page
    that is there is never overwritten; what people wrote on it stays.
    """
    from opsbook.entrypoints.discovering import Asked, discovered, propose_changes, write_new
    from opsbook.entrypoints.shown.discovery import as_text
    from opsbook.usecases.discovery import discovery_model

    config = shared.config(near=None)
    asked = Asked(tuple(os.path.abspath(path) for path in paths), servers, rules)
    found = discovered(config, asked, is_told=shared.format != "json" and sys.stderr.isatty())
    written = write_new(config, found) if is_written else ()
    proposed = propose_changes(shared, found) if is_proposed else ()
    if shared.format == "json":
        import msgspec

        more = {"written": list(written), "proposals": [each.id for each in proposed]}
        sys.stdout.buffer.write(msgspec.json.encode({**discovery_model(found), **more}) + b"\n")
        return 0
    done = [f"created {path}" for path in written]
    done += [f"proposed {each.id}  {each.path}  {each.branch or ''}".rstrip() for each in proposed]
    for line in as_text(found, done, written=frozenset(written), is_proposed=is_proposed):
        click.echo(line)
    return 0
