"""The findings that a team has accepted, so that an old folder starts clean and only what is new is reported.

A finding is known by its page, its rule and the text of its line, never by the line's number, so that edits above it
change nothing. Pure: reads and writes text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256

import msgspec
from msgspec import Struct

from opsbook.ground.errors import Finding, Usage

VERSION = 1
LineAt = Callable[[str, int], str]


class _File(Struct):
    version: int
    accepted: dict[str, dict[str, dict[str, int]]]


def fingerprint(finding: Finding, line: str) -> str:
    """Twelve hex digits for the text that a finding is about: the link as written, else its whole line."""
    text = finding.target if finding.target is not None else " ".join(line.split())
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def write_baseline(findings: Iterable[Finding], line_at: LineAt) -> bytes:
    """The file that accepts these findings; sorted, one rule a line, so that its changes read well in a review."""
    accepted: dict[str, dict[str, dict[str, int]]] = {}
    for finding in findings:
        rules = accepted.setdefault(finding.span.path, {})
        prints = rules.setdefault(finding.rule, {})
        key = fingerprint(finding, line_at(finding.span.path, finding.span.line))
        prints[key] = prints.get(key, 0) + 1
    ordered = {
        path: {rule: dict(sorted(prints.items())) for rule, prints in sorted(rules.items())}
        for path, rules in sorted(accepted.items())
    }
    body = msgspec.json.format(msgspec.json.encode(_File(VERSION, ordered)), indent=1)
    return body + b"\n"


def without_accepted(findings: Iterable[Finding], baseline: bytes, line_at: LineAt, name: str) -> list[Finding]:
    """The findings that the baseline does not accept; one entry accepts one finding. Raises Usage for a broken file."""
    try:
        file = msgspec.json.decode(baseline, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        again = "Write it again with 'opsbook lint --write-baseline'."
        raise Usage(f"{name} is not a baseline: {wrong}. {again}") from wrong
    if file.version > VERSION:
        raise Usage(f"{name} is of a newer Opsbook (version {file.version}). Update Opsbook, or write it again.")
    left: Counter[tuple[str, str, str]] = Counter()
    for path, rules in file.accepted.items():
        for rule, prints in rules.items():
            for key, count in prints.items():
                left[path, rule, key] = count
    kept = []
    for finding in findings:
        path = finding.span.path
        entry = (path, finding.rule, fingerprint(finding, line_at(path, finding.span.line)))
        if left[entry] > 0:
            left[entry] -= 1
        else:
            kept.append(finding)
    return kept
