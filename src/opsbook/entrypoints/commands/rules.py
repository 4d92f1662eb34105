"""`opsbook rules`: alert rules in and out of the book's pages. Each verb lives in a module of its own."""

from __future__ import annotations

from opsbook.entrypoints.commands import _rules_check, _rules_export, _rules_import
from opsbook.entrypoints.options import VerbGroup

command = VerbGroup(
    "rules",
    (_rules_import.command, _rules_export.command, _rules_check.command),
    about="Alert rules and the book's pages: read rules in, write them out, compare them with the server.",
    examples=(
        "opsbook rules import monitoring/rules --dry-run",
        "opsbook rules export --to monitoring/rules",
        "opsbook rules check --rules monitoring/rules",
    ),
)
