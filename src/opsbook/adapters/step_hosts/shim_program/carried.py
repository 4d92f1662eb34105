"""What a shell carries on to the next step: its folder and exported variables, told by the shell itself at its end.

Bash tells by its builtins, without a further fork: `pwd`, a NUL, `export -p`, a NUL. No variable can hold a NUL, so
nothing that a variable holds can be taken for the end of it. Other shells tell by `env -0`.
"""

from __future__ import annotations

import re

TOLD = 63  # the descriptor that is told on: high, so that no script has it for its own

GATE = 62  # the descriptor on which the word to begin comes; its end without that word is the end of the program

WAIT_BASH = "IFS= read -r -u 62 __opsbook_exit || exit 127; exec 62<&-\n"
WAIT_SH = "read -r __opsbook_exit </proc/self/fd/62 || exit 127\n"
GATED = 'read -r go </proc/self/fd/62 || exit 127; exec "$0" "$@"'

# The trap says it for a script that ends by `exit`; a script with a trap of its own says it behind its last line.
# The braces keep the trace of `set -x` from showing this.
_TELL = '{ builtin pwd && printf "\\0" && export -p && printf "\\0"; } >&63 2>/dev/null || :'
BASH = (
    "trap '{ set +x; } 2>/dev/null; " + _TELL + "' EXIT\n"
    '. "$0"\n'
    "{ __opsbook_exit=$?; } 2>/dev/null\n" + _TELL + "\n"
    "{ test $__opsbook_exit -eq 0; } 2>/dev/null || exit $__opsbook_exit\n"
)
SH = "trap '{ set +x; } 2>/dev/null; env -0 >/proc/self/fd/63 2>/dev/null || :' EXIT\n. \"$0\"\n"

# A shell changes these by itself, or they are ours.
OF_THE_SHELL = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "OPSBOOK_STEP", "OPSBOOK_TARGET", "__opsbook_exit"})
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\Z")
_BEGIN = re.compile(rb"(?:declare -([A-Za-z-]+)|export) ([A-Za-z_][A-Za-z0-9_]*)(=?)")
_ANSI = {
    b"a": b"\a", b"b": b"\b", b"e": b"\x1b", b"E": b"\x1b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t",
    b"v": b"\v", b"\\": b"\\", b"'": b"'", b'"': b'"', b"?": b"?",
}  # fmt: skip
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", re.S)


def read_bash(told: bytes) -> tuple[bytes, dict[bytes, bytes]] | None:
    """The folder and the exported variables that bash told last; None where it told nothing whole."""
    parts = told.split(b"\0")
    if len(parts) < 3:
        return None
    whole = len(parts) - 1
    whole -= whole % 2
    return parts[whole - 2][:-1], read_exports(parts[whole - 1])


def read_env(told: bytes) -> tuple[bytes, dict[bytes, bytes]] | None:
    """The same of what `env -0` told."""
    found = {}
    for each in told.split(b"\0"):
        name, equals, value = each.partition(b"=")
        if equals and _NAME.match(name):
            found[name] = value
    if b"PWD" not in found:
        return None
    return found[b"PWD"], found


def read_exports(text: bytes) -> dict[bytes, bytes]:
    """The variables of what `export -p` prints. What is no plain variable (an array), or is without a value, is left
    out; so is the rest where something cannot be read."""
    found = {}
    at = 0
    while at < len(text):
        begin = _BEGIN.match(text, at)
        if begin is None:
            line_end = text.find(b"\n", at)
            if line_end < 0:
                break
            at = line_end + 1
            continue
        at = begin.end()
        if not begin.group(3):
            at = text.find(b"\n", at) + 1 or len(text)
            continue
        value, at = _read_value(text, at)
        attributes = begin.group(1) or b""
        if value is not None and b"a" not in attributes and b"A" not in attributes:
            found[begin.group(2)] = value
    return found


def _read_value(text: bytes, at: int) -> tuple[bytes | None, int]:
    """A value in the quotes of bash, up to the end of its line, and where the next line begins."""
    parts = []
    while at < len(text) and text[at : at + 1] != b"\n":
        if text.startswith(b"$'", at):
            part, at = _read_ansi(text, at + 2)
        elif text[at : at + 1] == b'"':
            part, at = _read_double(text, at + 1)
        elif text[at : at + 1] == b"'":
            end = text.find(b"'", at + 1)
            end = len(text) if end < 0 else end
            part, at = text[at + 1 : end], end + 1
        elif text[at : at + 1] == b"\\":
            part, at = text[at + 1 : at + 2], at + 2
        elif text[at : at + 1] == b"(":
            return None, _end_of_array(text, at)
        else:
            part, at = text[at : at + 1], at + 1
        parts.append(part)
    return b"".join(parts), at + 1


_DOUBLE = re.compile(rb'((?:[^"\\]|\\.)*)"', re.S)
_SINGLE = re.compile(rb"((?:[^'\\]|\\.)*)'", re.S)


def _read_double(text: bytes, at: int) -> tuple[bytes, int]:
    match = _DOUBLE.match(text, at)
    if match is None:
        return text[at:], len(text)
    return re.sub(rb'\\([$`"\\\n])', lambda each: b"" if each.group(1) == b"\n" else each.group(1), match.group(1)), (
        match.end()
    )


def _read_ansi(text: bytes, at: int) -> tuple[bytes, int]:
    match = _SINGLE.match(text, at)
    if match is None:
        return text[at:], len(text)
    return _ESCAPE.sub(_unescape, match.group(1)), match.end()


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    if code[:1] in b"01234567":
        return bytes((int(code, 8) & 255,))
    if code[:1] == b"x" and len(code) > 1:
        return bytes((int(code[1:], 16),))
    return _ANSI.get(code, b"\\" + code)


def _end_of_array(text: bytes, at: int) -> int:
    """Behind `([0]="…" …)`: brackets within quotes end nothing."""
    at += 1
    while at < len(text) and text[at : at + 1] != b")":
        if text.startswith(b"$'", at):
            at = _read_ansi(text, at + 2)[1]
        elif text[at : at + 1] == b'"':
            at = _read_double(text, at + 1)[1]
        else:
            at += 1
    return text.find(b"\n", at) + 1 or len(text)
