"""Secrets in every form that tools give them, however the stream is cut, and nothing else."""

from __future__ import annotations

import base64
import html
import itertools
import json
import shlex
import subprocess
import time
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.adapters.step_hosts.shim_program.redaction import POSSIBLE, Redactor

SECRETS = ["hunter2hunter2", "~a b,c#!'(d)\"e\\f\tg", "#it's ~/of:~mine", "pä ss/wö+rd&<\"'$`\\=", "line one here\nline two here\n", "abcabcabcabc", " padded secret "]

WRAPPERS = {
    "raw": lambda v: v.encode(),
    "trimmed": lambda v: v.strip().encode(),
    "base64": lambda v: base64.b64encode(v.encode()),
    "base64 url-safe": lambda v: base64.urlsafe_b64encode(v.encode()),
    "base64 behind one byte": lambda v: base64.b64encode(b"x" + v.encode() + b"yz"),
    "base64 behind a user": lambda v: base64.b64encode(b"admin:" + v.encode()),
    "base64 behind two bytes": lambda v: base64.b64encode(b"xy" + v.encode() + b"z"),
    "percent": lambda v: urllib.parse.quote(v, safe="").encode(),
    "percent, as paths": lambda v: urllib.parse.quote(v).encode(),
    "percent, lower": lambda v: _lower_percent(urllib.parse.quote(v, safe="")).encode(),
    "percent, form": lambda v: urllib.parse.quote_plus(v).encode(),
    "json": lambda v: json.dumps({"k": v}).encode(),
    "json, not ascii": lambda v: json.dumps(v, ensure_ascii=False).encode(),
    "shell": lambda v: shlex.quote(v).encode(),
    "shell, closed": lambda v: b"'" + v.encode().replace(b"'", b"'\\''") + b"'",
    "bash, %q": lambda v: _printed_by_bash('printf %q "$1"', v),
    "bash, %q behind something": lambda v: _printed_by_bash('printf %q "x$1"', v),
    "bash, %q without UTF-8": lambda v: _printed_by_bash('LC_ALL=C; printf %q "$1"', v),
    "bash, @Q": lambda v: _printed_by_bash('printf %s "${1@Q}"', v),
    "bash, declare -p": lambda v: _printed_by_bash('A=$1; declare -p A', v).removeprefix(b"declare -- A="),
    "python": lambda v: repr(v).encode(),
    "python, in a dict with both quotes": lambda v: repr({"k": f"'\"{v}"}).encode(),
    "python, ascii": lambda v: ascii([v]).encode(),
    "python, bytes": lambda v: repr(v.encode()).encode(),
    "hex": lambda v: v.encode().hex().encode(),
    "hex, upper": lambda v: v.encode().hex().upper().encode(),
    "xml": lambda v: html.escape(v).encode(),
    "xml, text": lambda v: html.escape(v, quote=False).encode(),
    "powershell": lambda v: base64.b64encode(("-p " + v).encode("utf-16-le")),
}


def _printed_by_bash(text: str, value: str) -> bytes:
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return subprocess.run(["bash", "-c", text, "bash", value], env=environment, stdout=subprocess.PIPE, check=True).stdout


def _lower_percent(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def passed(secrets, text: bytes, cuts=()) -> tuple[bytes, int]:
    redactor = Redactor(secrets)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    said = b"".join(redactor.feed(text[a:b]) + (redactor.idle() if a % 2 else b"") for a, b in itertools.pairwise(edges))
    said += redactor.finish()
    return said, redactor.count


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_each_form_is_found_however_it_is_cut(secret, wrapper):
    form = WRAPPERS[wrapper](secret)
    text = b"before " + form + b" after"
    whole, count = passed({"S": secret}, text)
    assert count >= 1
    assert b"[secret S]" in whole
    assert passed({"S": secret}, text, range(1, len(text)))[0] == whole
    for cut in range(1, len(text)):
        assert passed({"S": secret}, text, [cut])[0] == whole
    _assert_gone(whole, form)


def _assert_gone(said: bytes, form: bytes) -> None:
    """No four characters in a row of the middle of a form are left (its edges may be another's)."""
    middle = form.strip(b"\"'{}k: =")[8:-8]
    kept = said.replace(b"[secret S]", b" ")
    left = [middle[at : at + 6] for at in range(len(middle) - 5) if middle[at : at + 6] in kept]
    assert not left


def test_each_line_of_a_secret_is_one():
    assert passed({"S": "first line\r\nsecond line"}, b"x second line y")[0] == b"x [secret S] y"


def test_leaves_of_a_structured_secret_are_secrets():
    said = passed({"S": '{"user": "me", "password": "correct-horse", "n": [12345678]}'}, b"correct-horse 12345678 me")[0]
    assert said == b"[secret S] [secret S] me"


def test_wrapped_base64_is_found():
    secret = "".join(chr(33 + (7 * n) % 90) for n in range(400))
    wrapped = subprocess.run(["base64"], input=secret.encode(), capture_output=True, check=True).stdout
    said, _ = passed({"S": secret}, wrapped)
    assert len(said.replace(b"[secret S]", b"")) < 20


def test_secrets_that_overlap_are_one_mark():
    assert passed({"A": "abcdefgh", "B": "efghijkl"}, b"-abcdefghijkl-") == (b"-[secret A]-", 1)


def test_only_what_may_become_a_secret_is_held():
    redactor = Redactor({"S": "hunter2hunter2"})
    assert redactor.feed(b"a line\nhunt") == b"a line\n"
    assert redactor.idle() == b""
    assert redactor.feed(b"ing\n") == b"hunting\n"


def test_an_endless_row_of_one_secret_needs_no_memory():
    redactor = Redactor({"S": "aaaaaa"})
    for _ in range(50):
        redactor.feed(b"a" * 2_000)
        assert len(redactor._held) < 100
    assert redactor.finish().count(b"a") == 0


@given(
    st.lists(st.text(alphabet="ab/+&\n é", min_size=6, max_size=12), min_size=1, max_size=3),
    st.lists(st.text(alphabet="ab/+&\n é", max_size=8), max_size=4),
    st.lists(st.integers(0, 120), max_size=6),
)
def test_no_cut_changes_what_is_shown_and_no_secret_is_in_it(secrets, fill, cuts):
    named = {f"S{n}": secret for n, secret in enumerate(secrets)}
    text = "".join(a + b for a, b in itertools.zip_longest(fill, secrets, fillvalue="")).encode()
    whole, _ = passed(named, text)
    assert passed(named, text, cuts)[0] == whole
    assert not any(secret.encode() in whole for secret in secrets if len(secret.encode()) >= 6)


TOKENS = [
    b"AKIAIOSFODNN7EXAMPLE", b"ghp_" + b"a1B2" * 9, b"xoxb-123456789012-abcdefGHIJ",
    b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    b"-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_what_looks_like_a_token_is_marked(token):
    text = b"x " + token + b" y"
    for cuts in ((), range(1, len(text)), (9,), (len(text) - 4,)):
        redactor = Redactor({})
        edges = [0, *cuts, len(text)]
        said = b"".join(redactor.feed(text[a:b]) for a, b in itertools.pairwise(edges)) + redactor.finish()
        assert said == b"x " + POSSIBLE + b" y"
        assert redactor.count == 1


def test_what_only_begins_like_a_token_is_shown():
    text = b"AKIA ghp_x eyJx.y xoxo -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
    assert passed({}, text, range(1, len(text))) == (text, 0)


def test_a_large_output_passes_in_seconds():
    line = b"2026-11-26T14:47:55Z INFO request path=/api/v1/orders/1234 status=200 user=alice\n"
    part = line * (256 * 1024 // len(line))
    redactor = Redactor({"S": "hunter2hunter2"})
    begin = time.process_time()
    for _ in range(40):
        redactor.feed(part)
    assert time.process_time() - begin < 5  # of about 0.3: what a quadratic mistake would exceed by far
