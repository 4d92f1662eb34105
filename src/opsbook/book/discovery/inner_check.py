"""A health check that a container runs in itself, as an address that can be asked from outside where its port is
published. Anything that such a question would not repeat (credentials, what is sent, what is looked for in the answer)
stays a command."""

from __future__ import annotations

import re
from collections.abc import Mapping

_URL = re.compile(r"""\b(https?)://(\[::1?\]|[\w.-]+)(?::(\d{1,5}))?(/[^\s"'|;)>&]*(?:&[^\s"'|;)>&]+)*)?""")
_SENDS = re.compile(
    r"(?<!\S)(?:-X|--request|-d|--data\S*|--post-\S*|-H|--header\S*|-u|--user|--http-user\S*|-k|--insecure"
    r"|--no-check-certificate|-\w*k\w*|--unix-socket|--cert|--resolve)(?=[\s=]|$)"
)
_PINGS = (
    (re.compile(r"\bpg_isready\b"), "5432", re.compile(r"(?:-p|--port)[= ]?(\d+)")),
    (re.compile(r"\b(?:redis|valkey)-cli\b.*\bping\b", re.I | re.S), "6379", re.compile(r"-p ?(\d+)")),
    (re.compile(r"\b(?:mysqladmin|mariadb-admin)\b.*\bping\b|healthcheck\.sh\b.*--connect", re.S), "3306", None),
    (re.compile(r"\bmongosh?\b"), "27017", None),
    (re.compile(r"\brabbitmq-diagnostics\b"), "5672", None),
)
_HERE = frozenset(("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"))


def outside_address(script: str, names: frozenset[str], reached: Mapping[str, str], *, is_host: bool = False) -> str:
    """The address that asks the same from outside, or "". `names` are those of the container itself, `reached` its
    published ports; with `is_host` it shares the network of its machine."""
    if re.search(r"\b(?:curl|wget|http)\b", script):
        return _http(script, names, reached, is_host=is_host)
    for program, usual, named in _PINGS:
        if program.search(script):
            match = named.search(script) if named else None
            port = match[1] if match else usual
            outside = f"127.0.0.1:{port}" if is_host else reached.get(port, "")
            return f"tcp://{outside}" if outside else ""
    return ""


def _http(script: str, names: frozenset[str], reached: Mapping[str, str], *, is_host: bool) -> str:
    match = _URL.search(script)
    piped = re.sub(r"\|\|", "", script)
    if match is None or len(_URL.findall(script)) > 1 or "|" in piped or _SENDS.search(script):
        return ""
    scheme, host, port, path = match.groups()
    if "$" in match[0] or (host not in _HERE and host not in names):
        return ""
    port = port or ("443" if scheme == "https" else "80")
    outside = f"127.0.0.1:{port}" if is_host else reached.get(port, "")
    return f"{scheme}://{outside}{path or '/'}" if outside else ""
