"""`opsbook lint`: asks the verb for the findings and prints them in the wanted form. Knows no rule."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

import click

from opsbook.entrypoints.options import ExistingPath, Shared, verb

FORMATS = ("text", "json", "sarif", "github")


def _day(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as wrong:
        raise click.BadParameter(f"'{value}' is not a day; write it as YYYY-MM-DD.") from wrong


def _names(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.strip() for each in value for name in each.split(",") if name.strip())
    if value and not names:  # an empty variable of a script must not mean all rules
        raise click.BadParameter("it names no rule.")
    return names


def url_folders(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """`URL=DIR` pairs by their URL."""
    found = {}
    for each in value:
        url, equals, folder = each.rpartition("=")
        if not equals or not url:
            raise click.BadParameter(f"'{each}' is not URL=DIR, such as https://runbooks.example.org=docs/runbooks.")
        found[url] = folder
    return found


def rule_options(function: click.decorators.FC) -> click.decorators.FC:
    """The options of the verbs that read alert rules."""
    function = click.option(
        "--url-base", "url_bases", multiple=True, callback=url_folders, metavar="URL=DIR",
        help="The web address of the runbooks and the folder they lie in.",
    )(function)  # fmt: skip
    return click.option(
        "--rules", "rules", multiple=True, metavar="PATH", type=ExistingPath(),
        help="A Prometheus rule file or a folder of them (plain, PrometheusRule, Helm template).",
    )(function)  # fmt: skip


@verb(
    "lint",
    formats=FORMATS,
    examples=(
        "opsbook lint                                   the whole book",
        "opsbook lint docs/operations/runbooks/db.md    one page",
        "opsbook lint --select broken-link,stale        these rules alone",
        "opsbook lint --format sarif > opsbook.sarif    for a code host",
        "opsbook lint --write-baseline                  only what is new from now on",
        "opsbook lint --rules alerts --url-base https://rb.example.org=docs/runbooks",
    ),
)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=ExistingPath())
@rule_options
@click.option("--today", metavar="DATE", callback=_day, help="Lint as on this day (YYYY-MM-DD).")
@click.option("--select", multiple=True, callback=_names, metavar="RULE,…", help="Apply these rules alone.")
@click.option("--ignore", multiple=True, callback=_names, metavar="RULE,…", help="Do not apply these rules.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "info"]), help="Exit 1 from this severity on.")
@click.option("--fix", is_flag=True, help="Mend what has one right answer; nothing else in a page changes.")
@click.option("--write-baseline", is_flag=True, help="Accept today's findings; later runs report only what is new.")
@click.option("--no-baseline", is_flag=True, help="Report everything, whatever was accepted.")
@click.option("--no-cache", is_flag=True, help="Read every page anew.")
@click.option("--list-rules", is_flag=True, help="List the rules and exit.")
def command(shared: Shared, paths: tuple[str, ...], **options: Any) -> int:
    """Say what is missing, stale, broken or unreachable in the book, with the line to mend.

    PATH is a page or a folder; without one it is the whole book. Exits 1 when a finding is as grave as --fail-on
    (error when not given).
    """
    from opsbook.entrypoints.linting import Asked, run_lint

    if options.pop("list_rules"):
        from opsbook.entrypoints.linting import list_rules

        list_rules(shared.format or "text")
        return 0
    config = shared.config(near=paths[0] if paths else None)
    return run_lint(config, Asked(paths=tuple(map(os.path.abspath, paths)), form=shared.format or "text", **options))
