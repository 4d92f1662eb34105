"""`opsbook rules import`: pages written from rules, or brought up to them. Decides nothing about a page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.commands.lint import _day
from opsbook.entrypoints.options import ExistingPath, Shared, verb

if TYPE_CHECKING:
    from datetime import date

    from opsbook.config import Config
    from opsbook.ground.errors import Finding
    from opsbook.usecases.rule_import import ImportPlan, Notice, PageChange


@verb(
    "import",
    examples=(
        "opsbook rules import monitoring/rules          every rule file of a folder",
        "opsbook rules import alerts.yml --dry-run      what would change, as a diff",
        "opsbook rules import --from-server             what Prometheus runs",
    ),
)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=ExistingPath())
@click.option("--from-server", is_flag=True, help="Read the rules of the running Prometheus that opsbook.toml names.")
@click.option("--owner", default="", metavar="NAME", help="The owner of new pages (else by label, CODEOWNERS, git).")
@click.option("--dry-run", is_flag=True, help="Print what would change as a diff, and write nothing.")
@click.option("--today", metavar="DATE", callback=_day, help="The date on new pages (YYYY-MM-DD).")
def command(
    shared: Shared, paths: tuple[str, ...], *, from_server: bool, owner: str, dry_run: bool, today: date | None
) -> int:
    """Write a page for each group of alert rules, or bring the pages up to the rules.

    PATH is a rule file or a folder of them: plain, PrometheusRule, Helm template. Without one they are those that
    opsbook.toml names. What people wrote on a page stays; an alert that has left its group is told, not deleted.
    """
    from datetime import date as day

    from opsbook.entrypoints.people import show
    from opsbook.usecases.rule_import import Asked, carry_out, plan_import
    from opsbook.wire import build_book, person_at

    config = shared.config()
    source = build_book(config)
    groups, findings = _gathered(config, paths, from_server=from_server)
    asked = Asked(groups=groups, today=f"{today or day.today():%Y-%m-%d}", owner=owner,
                  person=lambda: person_at(config.book) or "")  # fmt: skip
    plan = plan_import(source, asked)
    failed = [] if dry_run else carry_out(source, plan)
    for finding in findings:
        click.echo(f"{finding.span}: {finding.message}{' ' + finding.fix if finding.fix else ''}", err=True)
    show(shared, _model(plan, findings, failed), _diffs(plan) if dry_run else _lines(config, plan, failed))
    if shared.format == "text":
        _tell(config, plan)
    return 4 if failed else 1 if any(finding.severity == "error" for finding in findings) else 0


def _gathered(config: Config, paths: tuple[str, ...], *, from_server: bool) -> tuple[Any, tuple[Finding, ...]]:
    from opsbook.ground.errors import Usage
    from opsbook.usecases.rule_sources import groups_in_files, groups_of_server
    from opsbook.wire import build_book

    if from_server:
        from opsbook import wire

        if paths:
            raise Usage("Rules come from files or from the server, not from both. Leave one of them out.")
        return groups_of_server(wire.build_monitored(config)), ()
    named = [os.path.abspath(path) for path in paths] or [os.path.join(config.root, each) for each in config.rule_paths]
    if not named:
        raise Usage("Name a rule file or a folder of them, --from-server, or set alerts.rules in opsbook.toml.")
    groups, findings = groups_in_files(build_book(config), named)
    if not groups and not findings:
        raise Usage(f"There is no rule in {', '.join(map(repr, paths or config.rule_paths))}.")
    return groups, findings


def _diffs(plan: ImportPlan) -> Iterator[str]:
    from difflib import unified_diff

    for change in plan.pages:
        if change.before == change.after:
            continue
        before, after = ((raw or b"").decode("utf-8", "replace").splitlines() for raw in (change.before, change.after))
        old = f"a/{change.path}" if change.before is not None else "/dev/null"
        yield from unified_diff(before, after, old, f"b/{change.path}", lineterm="")


def _lines(config: Config, plan: ImportPlan, failed: list[str]) -> Iterator[str]:
    from opsbook.entrypoints.commands.init import shown

    for change in plan.pages:
        state = "FAILED" if change.path in failed else change.state
        count = f"  {change.rules} rule{'s' if change.rules != 1 else ''}" if change.rules else ""
        yield f"{state:<7} {shown(os.path.join(config.root, change.path))}{count}"


def _tell(config: Config, plan: ImportPlan) -> None:
    from opsbook.entrypoints.commands.init import shown

    for notice in plan.notices:
        click.echo(f"{shown(os.path.join(config.root, notice.path))}:{notice.line}: {_words(notice)}", err=True)
    states = [change.state for change in plan.pages]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("created", "updated", "kept"))
    click.echo(f"{plan.alerts} alerts and {plan.recordings} recording rules; pages: {counts}.", err=True)


def _words(notice: Notice) -> str:
    if notice.about == "gone":
        return f"{notice.rule} stands here and in no rule file that was read. Remove it here if it is gone for good."
    if notice.about == "no-column":
        return f"{notice.rule} has {notice.part} in its rule file, and the table here has no place for it."
    return (f"{notice.part} of {notice.rule} was kept as it is here ({_short(notice.page)}); the rule file has"
            f" {_short(notice.file)}.")  # fmt: skip


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line if len(line) <= 60 else line[:59] + '…'}'"


def _model(plan: ImportPlan, findings: tuple[Finding, ...], failed: list[str]) -> dict[str, Any]:
    return {
        "pages": [_page_model(change, failed) for change in plan.pages],
        "notices": [
            {"about": n.about, "path": n.path, "line": n.line, "rule": n.rule, "part": n.part or None, "page": n.page,
             "file": n.file}
            for n in plan.notices
        ],
        "findings": [
            {"severity": f.severity, "path": f.span.path, "line": f.span.line, "message": f.message, "fix": f.fix}
            for f in findings
        ],
        "alerts": plan.alerts,
        "recordings": plan.recordings,
    }  # fmt: skip


def _page_model(change: PageChange, failed: list[str]) -> dict[str, Any]:
    diff = "\n".join(_diffs_of(change))
    state = "failed" if change.path in failed else change.state
    return {"path": change.path, "state": state, "rules": change.rules, "diff": diff or None}


def _diffs_of(change: PageChange) -> Iterator[str]:
    from opsbook.usecases.rule_import import ImportPlan

    return _diffs(ImportPlan((change,), (), 0, 0))
