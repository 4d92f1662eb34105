"""The slots that an author left open in a command (`<pod>`, `[NAME]`, `{{ENV}}`, `YOUR_TOKEN`), each with its place.

Refuses to fill one, and to call real shell a slot: `<(sort a)`, `cmd < in.txt`, `cat <<EOF`, `[ -f x ]`,
`date +%Y%m%d`, `docker ps --format '{{.ID}}'` are left alone. Every pattern below was read against the code
blocks of the corpora; where a reading is ambiguous the text counts as a slot, since a command wrongly held
back costs a look, and one wrongly run costs more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

from msgspec import Struct

from opsbook.ground.pattern import Pattern

Form = Literal["angle", "square", "mustache", "actions", "percent", "at", "your", "filler"]

# The forms that a template engine would replace: what rule E202 of the procedures reports.
SUBSTITUTIONS: frozenset[Form] = frozenset({"mustache", "actions", "percent", "at"})


class Placeholder(Struct, frozen=True, gc=False):
    """One open slot: its text as written, its byte range, and a variable name to put in its stead.

    `quoted` says that quotes keep the shell from reading it as anything but text.
    """

    text: str
    start: int
    end: int
    variable: str
    form: Form
    quoted: bool = False


def find(text: str, *, python: bool = False) -> tuple[Placeholder, ...]:
    """The open slots of a command in reading order, at byte offsets; comments are not looked into.

    In Python `[x]`, `{{x}}`, `%x%` and `@x@` are the language's own, so only `<x>` within a string and
    YOUR_X are looked for. Only the first 64 KiB are read: more is no command, and every search here is then short.
    """
    text = text[:_MOST]
    found: list[tuple[int, int, Form]] = []
    if "<" in text and ">" in text:
        _angles(text, found, python)
    if not python:
        if "[" in text:
            _squares(text, found)
        if "{{" in text:
            _mustaches(text, found)
        if text.count("%") > 1:
            _percents(text, found)
        if text.count("@") > 1:
            _ats(text, found)
    if any(map(text.__contains__, _YOUR_WORDS)):
        _yours(text, found)
    if not found:
        return ()
    return _placed(text, found)


def substitutions(text: str) -> tuple[Placeholder, ...]:
    """The slots that only a template engine would fill: `{{x}}`, `${{x}}`, `%x%`, `@x@` (nothing fills them here)."""
    return tuple(slot for slot in find(text) if slot.form in SUBSTITUTIONS)


def width(text: str) -> int:
    """The length of a text in bytes; a lone surrogate, which no file holds, counts as three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def variable_name(text: str) -> str:
    """The name of an environment variable that says the same as the slot; `VALUE` when it says nothing."""
    words = _NOT_WORD().sub("_", text.upper()).strip("_")
    for lead in ("YOUR_", "MY_", "THE_", "VALUE_OF_", "ENTER_", "INSERT_"):
        if words.startswith(lead) and len(words) > len(lead):
            words = words[len(lead) :]
    words = words.removesuffix("_HERE")[:40].rstrip("_")
    if not words or set(words) <= {"X", "_"}:
        return "VALUE"
    if words[0].isdigit():
        return f"VALUE_{words}"
    return f"{words}_VALUE" if words in _TAKEN or words.startswith(("LD_", "SSH_")) else words


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What is read of one text, and how many slots are looked at: far beyond any command, and an end for a hostile one.
_MOST = 65536
_MOST_SLOTS = 1000


def _each(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(pattern.finditer(text), _MOST_SLOTS)


# Names that the shell or the loader gives a meaning to, so that a parameter must not bear them.
_TAKEN = _set("PATH HOME USER PWD SHELL HOSTNAME LANG TERM TMPDIR IFS UID EUID PPID EDITOR PS1 PS4 BASH RANDOM SECONDS")
_NOT_WORD = Pattern(r"[^A-Z0-9]+")
_YOUR_WORDS = ("your", "YOUR", "Your", "xxx", "XXX", "CHANGE", "REPLACE", "changeme")

# A letter first, no white space at either end, and none of the characters that only shell writes there.
_ANGLE = Pattern(r"""(?<![<\\?])<([^\W\d](?:[^<>\n"`$;&{}()\\]{0,78}[\w.)…?])?|\d+-[a-z][\w-]*)>""")
_DOUBLE_ANGLE = Pattern(r"(?<!<)<<([A-Za-z][\w-]*)>>(?!>)")
_EMAIL = Pattern(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_FILE = Pattern(r"\.\w{1,5}$")
# What kubectl, docker and git print for "nothing", and so what people look for with grep.
_PRINTED = _set("none nil null unknown pending invalid unset error eof undefined missing blank") | {"no value"}
# Tags that stand open in real HTML; a slot called <body> or <title> is likelier than the tag.
_TAGS = _set("html head div span p br hr pre tr td th li ul ol svg script style h1 h2 h3 img table")


def _angles(text: str, found: list[tuple[int, int, Form]], python: bool) -> None:
    matches = [match for match in _each(_ANGLE(), text) if _is_slot(text, match, python)]
    if "<<" in text and ">>" in text:
        lines = {line.strip() for line in text.split("\n")}  # where a here-document would end
        matches += [match for match in _each(_DOUBLE_ANGLE(), text) if match[1] not in lines]
    _add(text, matches, found, "angle")


def _add(text: str, matches: Iterable[re.Match[str]], found: list[tuple[int, int, Form]], form: Form) -> None:
    found.extend((match.start(), match.end(), form) for match in matches if not in_comment(text, match.start()))


def _is_slot(text: str, match: re.Match[str], python: bool) -> bool:
    inner, start, end = match[1], match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    if text[start - 3 : start] in ("(?P", "?P"):  # a named group of a regular expression
        return False
    if inner.lower() in _PRINTED or "://" in inner or ("@" in inner and _EMAIL().fullmatch(inner)):
        return False
    if (
        "||" in inner
        or " | " in inner
        or re.search(r" \d$", inner)
        or ("'" in inner and not re.search(r"\w'\w", inner))
    ):
        return False
    if f"</{inner}>" in text or (inner.lower() in _TAGS and _quoted(text, start)):
        return False
    if "sage:" in text and "sage:" in _line_before(text, start):  # a script that tells how it is called
        return False
    if " " in inner and (before.isalnum() or before in ")]_."):  # a<b and c>d
        return False
    if python:
        return _quoted(text, start) and " " not in inner.replace(" name", "")
    # `sort <in.txt>out` reads a file; so does `mysql <dump.sql>/dev/null`.
    if before.isspace() and (after.isalnum() or after in ("$", '"', "'")) and not _quoted(text, start):
        return False
    return not (before.isspace() and after == "/" and _FILE().search(inner))


# ALL CAPS, Capitalised Words, or lower-case-words, as a whole word or a part of a path or address.
_SQUARE = Pattern(
    r"""(?<![^\s=/:"'@,(-])\[([A-Z][A-Z0-9]*(?:[ _-][A-Z0-9]+)*|[A-Z][a-z]+(?:[ -][A-Za-z]+)*"""
    r"""|[a-z]+(?:[ _-][a-z0-9]+)*)\](?=[\s/:"'@,.;)_-]|$)"""
)
# Words that print or match brackets as they are.
_LITERAL_WORDS = Pattern(r"\b(?:echo|printf|grep|egrep|rg|awk|sed|tr|jq|log|logger|read|pip3?|case)\b")


def _squares(text: str, found: list[tuple[int, int, Form]]) -> None:
    for match in _each(_SQUARE(), text):
        inner, start, end = match[1], match.start(), match.end()
        if len(inner) < (2 if inner.isupper() else 3) or (len(inner) < 4 and not (inner.isupper() or inner.islower())):
            continue
        line = _line_before(text, start) + _line_after(text, start)
        if line.strip() == match[0] or text[end : end + 2] in (
            "](",
            "]=",
        ):  # a heading of an ini file, or a list
            continue
        # "[PIR-123] Add limits" is a title, and `verbs: [get]` is YAML.
        if text[start - 1 : start] in ('"', "'") and text[end : end + 1] not in (
            '"',
            "'",
            "/",
            ":",
            "@",
            ".",
            "-",
        ):
            continue
        literal = _LITERAL_WORDS().search(line) is not None and text[start - 1 : start] not in ("/", "@", ":")
        if literal or re.search(r"^\s*(?:- )?[\w-]+: ?\[", line) or in_comment(text, start):
            continue
        found.append((start, end, "square"))


_MUSTACHE = Pattern(r"(\$?)\{\{-?[ \t]*([^{}\n]{0,200}?)[ \t]*-?\}\}")
_PLAIN = Pattern(r"[A-Za-z_]\w*(?:[.-]\w+)*(?:\s*\|\s*\w.*)?")
_ALERT = Pattern(r"\$(?:labels|externalLabels|value|annotations)\b.*")
_GO_WORDS = _set("end else range if with block define template break continue json table")
_FORMAT = Pattern(r"--format|--template|go-template|--output|--pretty|--jq|\s-[fot][\s=]|inspect\b|printf\b")


def _mustaches(text: str, found: list[tuple[int, int, Form]]) -> None:
    for match in _each(_MUSTACHE(), text):
        if in_comment(text, match.start()):
            continue
        if match[1]:
            found.append((match.start(), match.end(), "actions"))
            continue
        inner = match[2]
        # An alert's template within single quotes is the text of a rule file, which is what such quotes are for.
        alert = _ALERT().fullmatch(inner) is not None and not _quoted(text, match.start(), "'")
        if (alert or _PLAIN().fullmatch(inner)) and inner.split(" ")[0] not in _GO_WORDS and not _formats(text, match):
            found.append((match.start(), match.end(), "mustache"))


def _formats(text: str, match: re.Match[str]) -> bool:
    """Whether the braces are the argument of an option such as --format: Go's templates, not the author's slots."""
    line = _line_before(text, match.start())
    return _FORMAT().search(line) is not None and _quoted(text, match.start())


_PERCENT = Pattern(r"(?<![\w%])%([A-Za-z][A-Za-z0-9_-]{2,}|[A-Z][A-Z0-9_])%(?![\w%])|(?<![\w%])%([A-Z][A-Z0-9_]*)%")
_PRINTERS = Pattern(r"\b(?:date|printf|stat|strftime|git|like|ilike|ps|curl -w)\b|-printf|--format|--pretty", re.I)


def _percents(text: str, found: list[tuple[int, int, Form]]) -> None:
    for match in _each(_PERCENT(), text):
        start, end = match.span()
        inner = match[1] or match[2]
        line = _line_before(text, start)
        wrapped = text[start - 1 : start] in ("'", '"') and not inner.isupper()  # LIKE '%error%'
        if len(inner) > 1 and not wrapped and not _PRINTERS().search(line) and not in_comment(text, start):
            found.append((start, end, "percent"))


_AT = Pattern(r"(?<![\w@.$}\\])@([A-Za-z_][A-Za-z0-9_]*)@(?![\w@])")


def _ats(text: str, found: list[tuple[int, int, Form]]) -> None:
    _add(text, _each(_AT(), text), found, "at")


_YOUR = Pattern(
    r"(?<![\w$])(?<!\$\{)(?<![\w-]\.)"
    r"(?P<your>(?:YOUR|Your|your)[_-][A-Za-z][\w-]*+|CHANGE_?ME\w*+|changeme|REPLACE_?(?:ME|WITH)\w*+)(?!=)"
    r"|(?<![A-Za-z0-9.])(?P<filler>x{3,}|X{3,})(?![A-Za-z0-9=])"
)


# Hetzner's own domains: u1234.your-storagebox.de is a real host.
_REAL_NAMES = ("your-storagebox", "your-server", "your-database", "your-cloud")


def _yours(text: str, found: list[tuple[int, int, Form]]) -> None:
    taken = [(start, end) for start, end, _ in found]
    for match in _each(_YOUR(), text):
        start, end = match.span()
        if any(left <= start < right for left, right in taken) or match[0].startswith(_REAL_NAMES):
            continue
        line = _line_before(text, start) + _line_after(text, start)
        if "mktemp" in line or in_comment(text, start):  # its XXXXXX are its own
            continue
        found.append((start, end, "filler" if match["filler"] else "your"))


def _line_before(text: str, at: int) -> str:
    """The line up to the place; at most 1,000 characters, so that one endless line costs no square of its length."""
    low = max(0, at - 1000)
    return text[max(low, text.rfind("\n", low, at) + 1) : at]


def _line_after(text: str, at: int) -> str:
    high = min(len(text), at + 1000)
    end = text.find("\n", at, high)
    return text[at : high if end < 0 else end]


def _quoted(text: str, at: int, marks: str = "\"'") -> bool:
    """Whether a quote opened on an earlier place of the text is still open here; a rough count, not a parse."""
    before = text[max(0, at - 400) : at]
    return any(before.count(mark) % 2 for mark in marks)


def in_comment(text: str, at: int) -> bool:
    """Whether the place is in a shell comment: a `#` at the start of a word of its line, outside quotes."""
    line = _line_before(text, at)
    if "#" not in line:
        return False
    if line.lstrip().startswith("#"):
        return True
    mark = re.search(r"\s#", line)
    return mark is not None and not any(line.count(quote, 0, mark.start()) % 2 for quote in "\"'")


# NAME='<value of the label>': the author has named the variable already.
_ASSIGNED = Pattern(r"(?:^|\s)([A-Z][A-Z0-9_]*)=([\"']?)$")


def _placed(text: str, found: list[tuple[int, int, Form]]) -> tuple[Placeholder, ...]:
    found.sort()
    wide = not text.isascii()
    slots = []
    last = -1
    for start, end, form in found:
        if start < last:
            continue
        last = end
        written = text[start:end]
        at = width(text[:start]) if wide else start
        size = width(written)
        assigned = _ASSIGNED().search(_line_before(text, start))
        name = assigned[1] if assigned and text[end : end + 1] in ("", "\n", assigned[2]) else variable_name(written)
        slots.append(Placeholder(written, at, at + size, name, form, _quoted(text, start)))
    return tuple(slots)
