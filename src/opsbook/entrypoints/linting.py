"""From the command line's words to the verb lint and back: paths, baseline, mending, printing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import date

import click
from msgspec import Struct

from opsbook.book.lint import at_least
from opsbook.config import Config
from opsbook.entrypoints.shown import findings as shown
from opsbook.ground.errors import Usage
from opsbook.usecases.lint import LintReport, Scope, lint
from opsbook.wire import build_book, build_workers, lint_settings


class Asked(Struct, frozen=True, kw_only=True):
    """The words of one call of `opsbook lint`; `paths` are absolute."""

    paths: tuple[str, ...]
    form: str
    rules: tuple[str, ...] = ()
    url_bases: dict[str, str] = {}
    today: date | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    fix: bool = False
    write_baseline: bool = False
    no_baseline: bool = False
    no_cache: bool = False


def run_lint(config: Config, asked: Asked) -> int:
    """Lints, prints, and returns the exit status."""
    source = build_book(config)
    report = lint(source, scope_of(config, asked), build_workers())
    write(report, asked.form, _lines_of(config.root))
    return 1 if at_least(report.findings, asked.fail_on or config.fail_on) else 0  # type: ignore[arg-type]


def scope_of(config: Config, asked: Asked) -> Scope:
    """Which rules are applied, and where, by the configuration and the words of the call."""
    return Scope(
        today=asked.today or date.today(),
        settings=lint_settings(config),
        paths=tuple(below(config, path) for path in asked.paths),
        select=asked.select or config.select,
        ignore=(*config.ignore, *asked.ignore),
        ignore_in=tuple(config.ignore_in.items()),
        severities=tuple(config.rule_severity.items()),
    )


def below(config: Config, path: str) -> str:
    """A path relative to the repository root; raises Usage for one that lies outside."""
    real, root = os.path.realpath(path), os.path.realpath(config.root)
    relative = os.path.relpath(real, root)
    if relative == ".." or relative.startswith("../"):
        raise Usage(f"'{path}' does not lie in the book's repository '{config.root}'. Name its book with --book.")
    return "" if relative == "." else relative.replace(os.sep, "/")


def write(report: LintReport, form: str, source: shown.Source) -> None:
    """Prints a report on standard output in the wanted form."""
    if form == "json":
        sys.stdout.buffer.write(shown.as_json(report))
    elif form == "sarif":
        from opsbook.entrypoints.shown.sarif import as_sarif

        sys.stdout.buffer.write(as_sarif(report))
    elif form == "github":
        sys.stdout.write("".join(line + "\n" for line in shown.as_annotations(report)))
    else:
        for line in shown.as_text(report, source):
            click.echo(line)


def _lines_of(root: str) -> Callable[[str], list[str] | None]:
    def lines(path: str) -> list[str] | None:
        try:
            with open(os.path.join(root, path), "rb") as file:
                return file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return None

    return lines


def list_rules(form: str) -> None:
    """Prints every rule with its severity and what it is about."""
    from opsbook.book.lint import RULES
    from opsbook.book.rules import load

    load()
    if form == "json":
        import msgspec

        rows = [{"rule": rule.name, "severity": rule.severity, "kinds": sorted(rule.kinds)} for rule in RULES]
        sys.stdout.buffer.write(msgspec.json.encode({"rules": rows}) + b"\n")
        return
    for rule in RULES:
        click.echo(f"{rule.name:<28} {rule.severity}")
