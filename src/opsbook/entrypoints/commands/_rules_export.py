"""`opsbook rules export`: the rules of pages as rule files. Decides nothing about a rule."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import ExistingPath, Shared, verb

if TYPE_CHECKING:
    from opsbook.usecases.rule_export import Exported


@verb(
    "export",
    examples=(
        "opsbook rules export                           print one rule file",
        "opsbook rules export --to monitoring/rules     a file for each page",
        "opsbook rules export --to rules.yml --url-base https://ops.example.org",
    ),
)
@click.argument("pages", nargs=-1, metavar="[PAGE]…", type=ExistingPath())
@click.option("--to", "target", default="-", metavar="DIR|FILE|-", help="A folder, a .yml file, or - to print.")
@click.option("--url-base", default="", metavar="URL", help="Where the book is served (else serve.public_url).")
@click.option("--as", "shape", type=click.Choice(["rules", "prometheusrule"]), default="rules",
              help="Rule files, or resources of Kubernetes.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over files that Opsbook did not write.")
def command(
    shared: Shared, pages: tuple[str, ...], *, target: str, url_base: str, shape: str, force: bool
) -> int:
    """Write the rules that stand on pages as rule files, which `promtool check rules` accepts.

    An alert without a runbook gets the address of its own section. What has no expression is told and left out.
    """
    from opsbook.entrypoints.linting import below
    from opsbook.usecases.rule_export import export
    from opsbook.wire import build_book

    config = shared.config()
    exported = export(build_book(config), [below(config, page) for page in pages], url_base or config.public_url)
    for each in exported.left_out:
        click.echo(f"{each.path}:{each.line}: {each.rule} was left out: {each.why}.", err=True)
    texts = _texts(exported, shape, is_one=target == "-" or target.endswith((".yml", ".yaml")))
    written: dict[str, bool] = {}
    if target != "-":
        from opsbook.adapters.exported_rules import write_rule_files

        place = os.path.abspath(target)
        named = {
            place if not name else os.path.join(place, f"{name}.yaml"): text.encode() for name, text in texts.items()
        }  # fmt: skip
        written = write_rule_files(named, is_forced=force)
    _show(shared, exported, texts, written)
    return 0


def _texts(exported: Exported, shape: str, *, is_one: bool) -> dict[str, str]:
    """The files' texts by name; that of the only one is empty."""
    from opsbook.book.alert_rules_written import prometheus_rule, rule_file
    from opsbook.usecases.rule_export import in_one

    files = {"": in_one(exported)} if is_one else dict(exported.files)
    if shape == "rules":
        return {name: rule_file(groups, f"the page {name}" if name else "the book") for name, groups in files.items()}
    return {
        name: prometheus_rule(groups, f"the page {name}" if name else "the book", (name or "opsbook").replace("_", "-"))
        for name, groups in files.items()
    }  # fmt: skip


def _show(shared: Shared, exported: Exported, texts: dict[str, str], written: dict[str, bool]) -> None:
    from opsbook.entrypoints.commands.init import shown
    from opsbook.entrypoints.people import show

    answer = {
        "files": [{"path": path, "changed": changed} for path, changed in written.items()],
        "rules": [{"kind": rule.kind, "name": rule.name, "group": group.name, "path": rule.path, "line": rule.line}
                  for _, groups in exported.files for group in groups for rule in group.rules],
        "left_out": [{"path": e.path, "line": e.line, "rule": e.rule, "why": e.why} for e in exported.left_out],
    }  # fmt: skip
    if not written:
        show(shared, answer | {"text": texts.get("", "")}, [texts[""].rstrip("\n")])
        return
    lines = [f"{'written' if changed else 'kept':<7} {shown(path)}" for path, changed in written.items()]
    show(shared, answer, [*lines, f"{exported.count} rules."])
