"""`secret`: a key, token or password on a page. A repository is copied to more places than anybody remembers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding
from opsbook.ground.pattern import Pattern


@cache
def _shapes() -> tuple[tuple[str, bytes, Pattern[bytes]], ...]:
    """What a secret of each maker looks like, by the makers' own pages on the format of their tokens.

    With each stand bytes that every such secret holds: looking for those first is 20 times as fast. Where there are
    none, the pattern itself begins with plain bytes, which is as good.
    """
    shapes: tuple[tuple[str, bytes, bytes], ...] = (
        ("an AWS access key", b"", rb"A[KS]IA(?<=\b....)[0-9A-Z]{16}\b"),
        ("a GitHub token", b"", rb"gh[opsur]_(?<=\b....)[A-Za-z0-9]{36,}\b"),
        ("a GitHub token", b"github_pat_", rb"\bgithub_pat_[A-Za-z0-9_]{40,}\b"),
        ("a GitLab token", b"glpat-", rb"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("a Slack token", b"xox", rb"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
        ("a Slack webhook", b"hooks.slack.com/services/",
         rb"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}"),
        ("a private key", b"PRIVATE KEY-----",
         rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+(?=[A-Za-z0-9+/=]{40})"),
        ("a JSON web token", b"eyJ", rb"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{16,}"),
        ("a Google API key", b"AIza", rb"\bAIza[0-9A-Za-z_-]{35}\b"),
        ("a Stripe key", b"k_live_", rb"\b[rs]k_live_[A-Za-z0-9]{20,}"),
        ("an npm token", b"npm_", rb"\bnpm_[A-Za-z0-9]{36}\b"),
        ("a SendGrid key", b"SG.", rb"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
        ("a password in an address", b"://", rb"://[^\s/:@\"'`<>$]+:([^\s/@\"'`]{6,})@[\w.-]+"),
    )  # fmt: skip
    return tuple((name, sign, Pattern(pattern)) for name, sign, pattern in shapes)


@cache
def _example() -> re.Pattern[bytes]:
    """Texts that documentation uses in the place of a secret: words for it, slots, one character over and over."""
    words = rb"example|sample|dummy|fake|placeholder|redacted|your|changeme|change-me|passwor?d|secret|token|passw0rd"
    return re.compile(rb"(?i)" + words + rb"|xxxx|\*\*\*|\.\.\.|<|\$|\{|%|(.)\1{5}|0123456|1234567|abcdefg")


@cache
def _at_home() -> re.Pattern[bytes]:
    """Addresses that open nothing for anybody else: of this machine, and of the names kept for examples (RFC 2606)."""
    return re.compile(rb"@(?:localhost\b|127\.|host\.docker\.internal|(?:[\w-]+\.)*(?:example|test|invalid)\b)")


@page_rule("secret", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    content = page.document.content
    for name, sign, shape in _shapes():
        if sign not in content:
            continue
        for found in shape().finditer(content):
            telling = found.group(found.lastindex or 0)
            if found.lastindex and _at_home().search(found.group()):
                continue
            if _example().search(telling) and not found.group().startswith(b"-----"):
                continue
            text = found.group().decode("utf-8", "replace")
            if any(fnmatchcase(text, glob) for glob in around.settings.secrets_allowed):
                continue
            yield page.finding(
                "secret",
                "error",
                found.span(),
                f"This looks like {name}." if found.lastindex else f"This looks like {name} ({text[:4]}…).",
                fix="Revoke it, remove it from the history, and say where it is kept. If it is none, allow it in "
                "opsbook.toml (lint.secret_allow).",
            )
