"""Words of a deployment's file made fit for a shell, and its variables replaced where the file says by what.

Every name that gets into a command goes through `quoted`; a name that no such service can have is refused by `is_name`.
"""

from __future__ import annotations

import re
import shlex

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w{0,200})(?:(:?[-?+])([^${}]{0,1000}))?\}|\$([A-Za-z_]\w{0,200})")
_DOLLAR = "\0"


def is_name(words: str) -> bool:
    """Whether Compose, Kubernetes, Nomad and systemd could all have it for a name."""
    return _NAME.match(words) is not None


def is_plain(words: str) -> bool:
    """Whether it fits on one line of a page: no line break, no control character, no half character."""
    return _CONTROL.search(words) is None


def quoted(words: str) -> str:
    """The words as one word of a shell, which expands nothing in it."""
    return shlex.quote(words)


def quoted_path(path: str) -> str:
    """A path as one word that no command takes for an option."""
    return quoted("./" + path if path.startswith("-") else path)


def filled(words: str) -> str | None:
    """The words with `${NAME:-text}` replaced by its text and `$$` by `$`; None where a variable has no default."""
    if "$" not in words:
        return words
    rest = words.replace("$$", _DOLLAR)
    for _ in range(6):  # a default may hold another variable
        replaced = _VARIABLE.sub(_default, rest)
        if replaced == rest:
            break
        rest = replaced
    return None if "$" in rest else rest.replace(_DOLLAR, "$")


def _default(match: re.Match[str]) -> str:
    return match[3] or "" if match[2] in ("-", ":-") else match[0]


def variables(words: str) -> tuple[str, ...]:
    """The names of the variables in the words."""
    return tuple(match[1] or match[4] for match in _VARIABLE.finditer(words.replace("$$", "")))


def readable(name: str) -> str:
    """A name as a title: `order-api` is Order API."""
    words = re.split(r"[-_.\s]+", name.strip())
    return " ".join(_TITLES.get(word.lower(), word[:1].upper() + word[1:]) for word in words if word)


_TITLES = {
    word.lower(): word
    for word in (
        "API", "DB", "UI", "SQL", "HTTP", "DNS", "SMTP", "SSH", "VPN", "CDN", "S3", "PostgreSQL", "MySQL", "MariaDB",
        "MongoDB", "RabbitMQ", "PHP", "LDAP", "MinIO",
    )
}  # fmt: skip
