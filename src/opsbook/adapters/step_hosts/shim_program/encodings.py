"""The forms that a secret's value takes in what commands print. Finds nothing.

Each form is one that a usual tool makes: base64 in its three alignments (which also covers `user:secret`, whatever the
user's name), percent-encoding, JSON, a shell's quotes (also those of bash's `printf %q`), Python's `repr`, hexadecimal,
XML, and base64 of UTF-16 as PowerShell has it.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress

SHORTEST_SECRET = 6
_WRAPS = (76, 64)  # columns where base64 (coreutils, MIME) and openssl (PEM) begin a new line
_UNRESERVED = re.compile(rb"[A-Za-z0-9_.~-]")


def forms_of(value: bytes) -> set[bytes]:
    """All forms of a secret that are long enough to be looked for."""
    found: set[bytes] = set()
    for plain in _values_within(value):
        found |= {plain, plain.hex().encode(), plain.hex().upper().encode()}
        found |= _base64_forms(plain) | _percent_forms(plain) | _quoted_forms(plain)
        found |= _bash_forms(plain) | _python_forms(plain)
        text = plain.decode("utf-8", "replace")
        found |= _base64_forms(text.encode("utf-16-le", "surrogatepass"))
    found |= {line.strip() for line in value.splitlines()}
    return {form for form in found if len(form) >= SHORTEST_SECRET}


def _values_within(value: bytes) -> set[bytes]:
    """The value, without space around it, with other ends of lines, and the leaves where it is JSON."""
    found = {value, value.strip(), value.replace(b"\r\n", b"\n"), value.strip().replace(b"\r\n", b"\n")}
    if value.lstrip()[:1] in (b"{", b"["):
        with suppress(ValueError, RecursionError):
            found |= {leaf.encode("utf-8", "surrogateescape") for leaf in _leaves(json.loads(value.decode("utf-8")))}
    return {each for each in found if len(each) >= SHORTEST_SECRET}


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    if value is None or isinstance(value, bool):
        return []
    return [str(value)]


def _base64_forms(plain: bytes) -> set[bytes]:
    found = set()
    for shift in range(3):
        # Of what stands before and after nothing is known: only characters whose six bits are all of the value stay.
        encoded = base64.b64encode(bytes(shift) + plain)
        first = -(-8 * shift // 6)
        last = 8 * (shift + len(plain)) // 6
        found.add(encoded[first:last])
        if shift == 0:
            for columns in _WRAPS:
                if last > columns:
                    found |= {encoded[at : min(at + columns, last)] for at in range(0, last, columns)}
    return found | {form.replace(b"+", b"-").replace(b"/", b"_") for form in found}


def _percent_forms(plain: bytes) -> set[bytes]:
    found = set()
    for safe, space in ((b"", b"%20"), (b"/", b"%20"), (b"", b"+"), (b":/", b"%20")):
        for form in ("%%%02X", "%%%02x"):
            parts = []
            for code in plain:
                one = bytes((code,))
                if one == b" ":
                    parts.append(space)
                else:
                    parts.append(one if (one in safe and one) or _UNRESERVED.match(one) else (form % code).encode())
            found.add(b"".join(parts))
    return found


_SPECIAL = re.compile(rb"""[ \t'"\\|&;()<>!{}*\[\]?^$`,]""")
_ANSI = {b"\a\b\t\n\v\f\r\x1b'\\"[at]: b"\\" + b"abtnvfrE'\\"[at : at + 1] for at in range(10)}


def _bash_forms(plain: bytes) -> set[bytes]:
    """As `printf %q`, `set -x` and `export -p` quote it: with backslashes, or as $'…' where something is no text."""
    backslashes = _SPECIAL.sub(rb"\\\g<0>", plain)
    within = re.sub(rb"(?<=[:=])~", rb"\\~", backslashes)
    found = {backslashes, within, re.sub(rb"\A[#~]", rb"\\\g<0>", within)}
    for last in (255, 126):  # what is text: in UTF-8, and elsewhere
        texts = {code: bytes((code,)) if 32 <= code <= last and code != 127 else b"\\%03o" % code for code in plain}
        texts.update(_ANSI)
        found.add(b"".join(texts[code] for code in plain))
    return found


def _python_forms(plain: bytes) -> set[bytes]:
    """As `repr` has it, of text and of bytes, in either quotes."""
    text = plain.decode("utf-8", "surrogateescape")
    found = set()
    for mark in ("", "'\""):  # both quotes make it escape the single ones
        for form in (repr(text + mark), ascii(text + mark), repr(plain + mark.encode())[1:]):
            whole = form[1 : -4 if mark else -1]
            found.add(whole.encode("utf-8", "surrogateescape"))
    return found


def _quoted_forms(plain: bytes) -> set[bytes]:
    text = plain.decode("utf-8", "surrogateescape")
    escaped = json.dumps(text)[1:-1]
    unescaped = json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    xml = plain.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    double = re.sub(rb'(["\\$`])', rb"\\\1", plain)
    return {
        escaped.encode("ascii", "replace"),
        escaped.replace("/", "\\/").encode("ascii", "replace"),
        unescaped,
        plain.replace(b"'", b"'\\''"),
        plain.replace(b"'", b"'\"'\"'"),
        double,
        xml,
        xml.replace(b'"', b"&quot;"),
        xml.replace(b'"', b"&quot;").replace(b"'", b"&#39;"),
        xml.replace(b'"', b"&quot;").replace(b"'", b"&apos;"),
        xml.replace(b'"', b"&#34;").replace(b"'", b"&#39;"),
        xml.replace(b'"', b"&quot;").replace(b"'", b"&#x27;"),
    }
