"""`opsbook rules check`: do the pages, the rule files and the running server say the same."""

from __future__ import annotations

import sys

import click

from opsbook.entrypoints.commands.lint import rule_options
from opsbook.entrypoints.options import Shared, verb


@verb(
    "check",
    examples=(
        "opsbook rules check                             what opsbook.toml names",
        "opsbook rules check --rules monitoring/rules    files, pages and the server",
        "opsbook rules check --format json               for a program",
    ),
)
@rule_options
def command(shared: Shared, rules: tuple[str, ...], url_bases: dict[str, str]) -> int:
    """Compare the alerts of the pages, of the rule files and of the running Prometheus, and say who is behind.

    Exits 1 where anything differs, 4 where nothing does but the server did not answer. The server is the one that
    opsbook.toml names (prometheus.url).
    """
    from datetime import UTC, date, datetime

    from opsbook.entrypoints.linting import Lines, alerting_of
    from opsbook.usecases.rules_check import Asked, check_model, rules_check
    from opsbook.wire import build_book, build_monitored, lint_scope

    config = shared.config()
    source = build_book(config)
    asked = Asked(alerting_of(config, rules, url_bases), lint_scope(config, date.today()), datetime.now(UTC))
    found = rules_check(source, source, build_monitored(config), asked)
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(check_model(found)) + b"\n")
        return found.status
    from opsbook.entrypoints.shown.rules_check import as_text
    from opsbook.entrypoints.shown.terminal import terminal_width

    for line in as_text(found, Lines(config.root).of, terminal_width()):
        click.echo(line)
    return found.status
