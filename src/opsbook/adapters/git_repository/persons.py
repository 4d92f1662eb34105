"""Who a commit is by, as git takes it from its environment. Asks git for its own name and nothing else."""

from __future__ import annotations

import re

from opsbook.adapters.git_repository.git import Git

_NO_DOMAIN = "opsbook.invalid"  # for an author without a mail address; nobody can ever own it (RFC 2606)


def persons(git: Git, author: tuple[str, str]) -> dict[str, str]:
    """The author; and as the committer too where this machine's git has no name of its own."""
    name, mail = (_plain(word) for word in author)
    name = name or mail or "unknown"
    mail = mail or f"{re.sub(r'[^A-Za-z0-9._+-]+', '-', name)}@{_NO_DOMAIN}"
    found = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail}
    if not (git.line("config", "user.name") and git.line("config", "user.email")):
        found |= {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": mail}
    return found


def _plain(word: str) -> str:
    """A name or address without what would end it in a commit's header."""
    return "".join(letter for letter in word if letter.isprintable() and letter not in "<>").strip()
