"""The address of a probe: which kind it makes, whether anybody could ask it, and what it becomes by configuration.

Resolves nothing; which resolved addresses are refused is for whoever connects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from opsbook.book.grammar.problem import Problem
from opsbook.book.placeholders import SUBSTITUTIONS, find

LONGEST_ADDRESS = 2000
_PORTS = {"http": 80, "https": 443, "tls": 443, "dns": 53}
_DATABASES = {"postgres": 5432, "redis": 6379}
_RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "PTR", "SOA", "CAA")


def kind_of(address: str) -> str | Problem | None:
    """http, tcp, tls or dns; why nobody can ask the address; None for one that a build of the pages fills in."""
    slots = find(address)
    variable = re.search(r"\$\{?\w+\}?|\{\w+\}", address)
    if any(slot.form in SUBSTITUTIONS for slot in slots):
        return None
    if slots or variable:
        text = slots[0].text if slots else variable[0] if variable else ""
        fix = "Write the address as it is to be asked; a page for many services has a row for each."
        return Problem(f"Nobody can ask this address: '{text}' in it is filled in by nobody.", fix)
    if len(address) > LONGEST_ADDRESS or not address.isprintable():
        return Problem("Nobody can ask this address: it is too long or holds odd characters.", "Write a shorter one.")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as wrong:
        return Problem(f"This address cannot be read: {wrong}.", "Write it as https://host:port/path.")
    scheme = parts.scheme.lower()
    if parts.username is not None or parts.password is not None:
        fix = "Probe an address that needs no password, such as a health endpoint, and revoke this one."
        return Problem("This address holds a user or a password, which Opsbook does not send.", fix)
    if scheme == "dns":
        return _dns(parts.path, parts.netloc, parts.query)
    if not host or (port is not None and not 0 < port < 65536):
        example = f"{scheme}://host:5432" if scheme == "tcp" else f"{scheme}://host"
        return Problem(f"'{address}' names no host.", f"Write it as {example}.")
    if scheme in _DATABASES:
        plain = f"tcp://{_shown(host)}:{port or _DATABASES[scheme]}"
        fix = f"Write {plain}, which looks whether it accepts connections."
        return Problem(f"Opsbook does not speak {scheme}.", fix)
    if scheme == "tcp" and port is None:
        return Problem(f"'{address}' says no port.", f"Write it as tcp://{_shown(host)}:5432.")
    return {"https": "http"}.get(scheme, scheme)


def _shown(host: str) -> str:
    """A host as it stands in an address: one of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _dns(path: str, netloc: str, query: str) -> str | Problem:
    name = path.strip("/") or netloc
    wanted = re.search(r"(?:^|&)type=(\w+)", query, re.I)
    if not name or "/" in name:
        return Problem("This address names nothing to look up.", "Write dns://name or dns://resolver/name?type=A.")
    if wanted and wanted[1].upper() not in _RECORDS:
        known = ", ".join(_RECORDS)
        return Problem(f"There is no record of the type '{wanted[1]}'.", f"Write one of {known}.")
    return "dns"


def unasked(value: str) -> Problem | None:
    """What is wrong with a value that looks like an address of no kind that is probed; None where it is none."""
    text = value.strip("`<>* ")
    scheme = re.match(r"([a-z][a-z0-9+.-]*)://\S+$", text, re.I)
    if scheme and scheme[1].lower() not in (*_PORTS, *_DATABASES, "tcp"):
        fix = "Write an address that begins with http, https, tcp, tls or dns."
        return Problem(f"Opsbook does not probe '{scheme[1]}' addresses.", fix)
    if re.match(r"(?:GET |HEAD )?/[\w./-]*$", text):
        return Problem(f"'{text}' names no host, so nobody can ask it.", f"Write it as https://host{text.split()[-1]}.")
    if re.match(r"(?:[\w-]+\.)*[a-z][\w-]*:\d{2,5}$", text, re.I):
        return Problem(f"'{text}' does not say how it is asked.", f"Write tcp://{text} or http://{text}.")
    if re.match(r"(?:[\w-]+\.)+[a-z]{2,}(?:/\S*)?$", text, re.I):
        return Problem(f"'{text}' does not say how it is asked.", f"Write https://{text}.")
    return None


def rewritten(address: str, rewrite: Mapping[str, str], listens: str | None) -> str:
    """The address to ask for the one that is written: `host:port` replaced as configured, "self" by `listens`."""
    if not rewrite:
        return address
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return address
    instead = rewrite.get(f"{_shown(host)}:{port}") or rewrite.get(parts.netloc)
    instead = listens if instead == "self" else instead
    return address if not instead else parts._replace(netloc=instead).geturl()
