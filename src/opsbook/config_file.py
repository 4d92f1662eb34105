"""What may stand in opsbook.toml, and the reading of it into settings. Opens no file and knows no default.

FIELDS is the only list of keys; a key that is not in it is refused with a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from opsbook.book.headings import SLOTS
from opsbook.book.kinds import KINDS
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import SEVERITIES, Usage
from opsbook.ground.guesses import closest

LINK_STYLES = ("auto", "github", "mkdocs", "myst", "site")
PRIORITIES = ("P0", "P1", "P2", "P3")

ROLES = ("viewer", "responder", "operator", "admin")

Shape = Literal["text", "days", "count", "duration", "list", "table of texts", "table of lists"]


class Field(NamedTuple):
    """A key of the file: where its value goes in Config, its shape, and which words it may name.

    For a table, `names` limits its keys and `words` its values; an empty tuple limits nothing.
    """

    key: str
    into: str
    shape: Shape
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


FIELDS = (
    Field("book", "book", "text"),
    Field("db", "db", "text"),
    Field("kinds", "kinds", "table of texts", words=KINDS),
    Field("headings", "headings", "table of lists", names=SLOTS),
    Field("required", "required", "table of lists", words=SLOTS, names=KINDS),
    Field("severities", "severities", "table of texts", words=PRIORITIES),
    Field("hosts", "hosts", "table of texts"),
    Field("groups", "groups", "table of lists"),
    Field("approvers", "approvers", "table of lists"),
    Field("links.style", "link_style", "text", words=LINK_STYLES),
    Field("links.site_root", "site_root", "text"),
    Field("alerts.rules", "rule_paths", "list"),
    Field("alerts.runbook_keys", "runbook_keys", "list"),
    Field("alerts.url_bases", "url_bases", "table of texts"),
    Field("alerts.group_by", "group_by", "list"),
    Field("alerts.flap_window", "flap_window_s", "duration"),
    Field("alerts.resolve_timeout", "resolve_timeout_s", "duration"),
    Field("alerts.keep_days", "raw_keep_days", "days"),
    Field("alerts.keep_mb", "raw_keep_mb", "count"),
    Field("alerts.tokens", "inlet_tokens", "text", words=("off-loopback", "always")),
    Field("alerts.reconcile", "reconcile", "table of texts"),
    Field("alerts.mail_port", "mail_port", "count"),
    Field("notify.smtp", "smtp", "text"),
    Field("notify.from", "mail_from", "text"),
    Field("notify.channels", "channels", "table of texts"),
    Field("notify.timeout", "notify_timeout_s", "duration"),
    Field("notify.webhook_secret", "webhook_secret", "text"),
    Field("paging.catch_all", "catch_all", "list"),
    Field("paging.ack_timeout", "ack_timeout_s", "duration"),
    Field("paging.quiet_severities", "quiet_severities", "list", words=PRIORITIES),
    Field("paging.lease", "paging_lease_s", "duration"),
    Field("paging.dead_man", "dead_man", "text"),
    Field("paging.synthetic", "synthetic", "list"),
    Field("paging.synthetic_every", "synthetic_every_s", "duration"),
    Field("lint.select", "select", "list"),
    Field("lint.ignore", "ignore", "list"),
    Field("lint.ignore_in", "ignore_in", "table of lists"),
    Field("lint.severity", "rule_severity", "table of texts", words=(*SEVERITIES, "off")),
    Field("lint.fail_on", "fail_on", "text", words=SEVERITIES),
    Field("lint.stale_days", "stale_days", "days"),
    Field("lint.practised_days", "practised_days", "days"),
    Field("lint.secret_allow", "secret_allow", "list"),
    Field("probes.every", "probe_every_s", "duration"),
    Field("probes.timeout", "probe_timeout_s", "duration"),
    Field("probes.allow", "probe_allow", "list"),
    Field("probes.rewrite", "probe_rewrite", "table of texts"),
    Field("serve.hosts", "serve_hosts", "list"),
    Field("serve.public_url", "public_url", "text"),
    Field("serve.trusted_proxies", "trusted_proxies", "list"),
    Field("serve.session", "session_s", "duration"),
    Field("prometheus.url", "prometheus_url", "text"),
    Field("prometheus.token", "prometheus_token", "text"),
    Field("prometheus.timeout", "prometheus_timeout_s", "duration"),
    Field("grafana.url", "grafana_url", "text"),
    Field("grafana.dashboards", "dashboard_paths", "list"),
    Field("drills.sandbox", "drill_sandbox", "list"),
    Field("status.url", "status_url", "text"),
    Field("status.export", "status_export", "text"),
    Field("status.every", "status_every_s", "duration"),
    Field("status.push", "status_push", "list"),
    Field("runs.trusted", "run_trusted", "list"),
    Field("runs.branches", "run_branches", "list"),
    Field("runs.lease", "run_lease_s", "duration"),
    Field("runs.keep_days", "run_keep_days", "days"),
    Field("runs.keep_mb", "run_keep_mb", "count"),
    Field("runs.secret_folder", "secret_folder", "text"),
    Field("secrets", "secrets", "table of lists"),
    Field("ssh.user", "ssh_user", "text"),
    Field("ssh.keys", "ssh_keys", "list"),
    Field("ssh.known_hosts", "ssh_known_hosts", "text"),
    Field("ssh.python", "ssh_python", "text"),
    Field("oidc.issuer", "oidc_issuer", "text"),
    Field("oidc.client_id", "oidc_client_id", "text"),
    Field("oidc.scopes", "oidc_scopes", "list"),
    Field("oidc.role_claim", "oidc_role_claim", "text"),
    Field("oidc.roles", "oidc_roles", "table of texts", words=ROLES),
    Field("oidc.default_role", "oidc_default_role", "text", words=ROLES),
)

_BARE = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_HEADER = re.compile(rf"\s*\[\s*({_BARE}(?:\s*\.\s*{_BARE})*)\s*\]")
_KEY = re.compile(rf"\s*({_BARE}(?:\s*\.\s*{_BARE})*)\s*=")


class _Wrong(NamedTuple):
    key: str
    message: str


def read_settings(content: bytes, path: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The settings by their name in Config, and the line of every key by its dotted name.

    Raises Usage with one line for each thing that is wrong, each with its place in `path`.
    """
    text = content.decode("utf-8-sig", errors="replace")
    written = _parse(text, path)
    lines = _lines(text)
    settings: dict[str, Any] = {}
    wrong = list(_unknown(written))
    for field in FIELDS:
        value = _at(written, field.key)
        if value is None:
            continue
        faults = list(_faults(field, value))
        wrong += faults
        if not faults:
            settings[field.into] = _seconds(value) if field.shape == "duration" else _frozen(value)
    if wrong:
        placed = sorted((lines.get(fault.key, 1), fault.message) for fault in wrong)
        raise Usage("\n".join(f"{path}:{line}: {message}" for line, message in placed))
    return settings, lines


def _parse(text: str, path: str) -> dict[str, Any]:
    import tomllib  # inside: most folders have no configuration file

    try:
        return tomllib.loads(text)
    except RecursionError as wrong:
        raise Usage(f"{path}:1: This file nests its values too deeply to be read.") from wrong
    except ValueError as wrong:  # TOMLDecodeError is one; so is a number of more digits than Python reads
        at = re.search(r"\(at line (\d+), column (\d+)\)$", str(wrong))
        place = f"{at[1]}:{at[2]}" if at else str(text.count("\n") + 1)
        said = str(wrong).partition(" (at ")[0]
        raise Usage(f"{path}:{place}: This is not TOML: {said[:1].lower()}{said[1:]}.") from wrong


def _unknown(written: Mapping[str, Any]) -> Iterator[_Wrong]:
    known = {field.key for field in FIELDS}
    tables = {key.partition(".")[0] for key in known if "." in key}
    for name, value in written.items():
        if name in known:
            continue
        if name not in tables:
            yield _Wrong(name, f"There is no setting '{name}'.{_guess(name, sorted(known | tables))}")
        elif not isinstance(value, dict):
            yield _Wrong(name, f"'{name}' is a table: write [{name}] on a line of its own.")
        else:
            inner = [key.partition(".")[2] for key in sorted(known) if key.startswith(f"{name}.")]
            for key in value:
                if key not in inner:
                    message = f"There is no setting '{key}' in [{name}].{_guess(key, inner)}"
                    yield _Wrong(f"{name}.{key}", message)


def _faults(field: Field, value: Any) -> Iterator[_Wrong]:
    key = field.key
    if field.shape == "text":
        yield from _text_faults(key, key, value, field.words)
    elif field.shape == "days":
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 36500:
            yield _Wrong(key, f"'{key}' is a whole number of days, such as 180.")
    elif field.shape == "count":
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**40:
            yield _Wrong(key, f"'{key}' is a whole number, such as 2048.")
    elif field.shape == "duration":
        if _seconds(value) is None:
            yield _Wrong(key, f"'{key}' is a length of time in quotation marks, such as \"30 seconds\".")
    elif field.shape == "list":
        yield from _list_faults(key, key, value, field.words)
    elif not isinstance(value, dict):
        yield _Wrong(key, f"'{key}' is a table: write [{key}] on a line of its own.")
    else:
        each = _text_faults if field.shape == "table of texts" else _list_faults
        for name, entry in value.items():
            if field.names and name not in field.names:
                yield _Wrong(f"{key}.{name}", f"[{key}] has no entry '{name}'.{_choice(name, field.names)}")
            yield from each(f"{key}.{name}", f"{name} in [{key}]", entry, field.words)


def _seconds(value: Any) -> float | None:
    length = read_duration(value) if isinstance(value, str) else None
    return length.total_seconds() if length else None  # a length of nothing is none


def _text_faults(key: str, called: str, value: Any, words: tuple[str, ...]) -> Iterator[_Wrong]:
    if not isinstance(value, str):
        yield _Wrong(key, f"'{called}' is a text in quotation marks{_such_as(words)}.")
    elif words and value not in words:
        yield _Wrong(key, f"'{called}' cannot be '{value}'.{_choice(value, words)}")


def _list_faults(key: str, called: str, value: Any, words: tuple[str, ...]) -> Iterator[_Wrong]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        example = f'["{words[0] if words else "…"}"]'
        yield _Wrong(key, f"'{called}' is a list of texts, such as {example}.")
        return
    for each in value:
        if words and each not in words:
            yield _Wrong(key, f"'{called}' cannot have '{each}'.{_choice(each, words)}")


def _such_as(words: tuple[str, ...]) -> str:
    return f', such as "{words[0]}"' if words else ""


def _choice(word: str, known: tuple[str, ...]) -> str:
    return _guess(word, known) or f" It is one of {', '.join(known)}."


def _guess(word: str, known: Iterable[str]) -> str:
    near = closest(word, known)
    return f" Did you mean '{near}'?" if near else ""


def _at(written: Mapping[str, Any], key: str) -> Any:
    value: Any = written
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {name: _frozen(entry) for name, entry in value.items()}
    return value


def _lines(text: str) -> dict[str, int]:
    # tomllib keeps no places. A text over several lines may look like a key here, which costs nothing: a key
    # is asked for by its name, and the first line that has it wins.
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        header = _HEADER.match(line)
        if header:
            table = _dotted(header[1])
            lines.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            lines.setdefault(f"{table}.{_dotted(key[1])}".lstrip("."), number)
    return lines


def _dotted(written: str) -> str:
    parts = re.findall(_BARE, written)
    return ".".join(part[1:-1] if part[0] in "\"'" else part for part in parts)
