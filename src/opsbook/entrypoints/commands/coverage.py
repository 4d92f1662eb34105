"""`opsbook coverage`: what is covered and what is not, as two tables or as JSON."""

from __future__ import annotations

import sys

import click

from opsbook.entrypoints.commands.lint import rule_options
from opsbook.entrypoints.options import Shared, verb


@verb(
    "coverage",
    examples=(
        "opsbook coverage                   what the runbooks of services lack",
        "opsbook coverage --rules alerts    and which alerts lead to a page",
        "opsbook coverage --rules alerts --url-base https://rb.example.org=docs/rb",
    ),
)
@rule_options
def command(shared: Shared, rules: tuple[str, ...], url_bases: dict[str, str]) -> int:
    """Show what was practised, services × expected sections, and alerts × pages.

    What was practised is known from runs in the ledger and from the days written on pages.

    Services that the repository deploys and that have no runbook are listed too. Alerts come from the rule files at
    --rules, else from those that opsbook.toml names.
    """
    from datetime import date

    from msgspec.structs import replace

    from opsbook.entrypoints.linting import alerting_of, as_practised
    from opsbook.usecases.coverage import coverage, coverage_model
    from opsbook.usecases.deployed import without_runbook
    from opsbook.usecases.lint import Scope
    from opsbook.wire import build_book, build_workers, deployed_services, lint_settings
    from opsbook.wire_ledger import has_ledger

    config = shared.config()
    source = build_book(config)
    scope = as_practised(config, Scope(date.today(), lint_settings(config)), "Looked")
    alerting = alerting_of(config, rules, url_bases)
    knows_runs = has_ledger(config)
    report = coverage(source, source, scope, alerting, workers=build_workers(), knows_runs=knows_runs)
    found = deployed_services(config).found
    if found:
        expected = scope.settings.required.get("runbook")
        report = replace(report, services=(*report.services, *without_runbook(found, report.services, expected)))
    for finding in report.findings:  # on standard error, beside either form: what could not be read is not covered
        click.echo(f"{finding.span}: {finding.severity} [{finding.rule}] {finding.message}", err=True)
    status = 1 if report.findings else 0
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(coverage_model(report)) + b"\n")
        return status
    from opsbook.entrypoints.shown.coverage import as_text
    from opsbook.entrypoints.shown.terminal import terminal_width

    for line in as_text(report, terminal_width()):
        click.echo(line)
    return status
