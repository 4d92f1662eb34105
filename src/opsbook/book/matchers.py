"""Label matchers as Alertmanager and amtool write them: read, written, and asked of labels. Never raises for a text.

`name="value"`, `!=`, `=~`, `!~`, several parted by commas, in braces or not. A regular expression is RE2 and matches
the whole value; a label that is absent is the empty value. A name may be quoted and then be anything. Values were first
written loosely (`instance=~10\\.0\\..*`, `a="\\d"`), later strictly; as in Alertmanager a text that is right strictly
is read so, and any other loosely.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from opsbook.ground.errors import Usage
from opsbook.ground.linear_regex import Regex, read_regex

MOST_LETTERS = 65_536
_BARE = re.compile(r"""[^\s{}!=~,\\"'`]+""")
_SIGN = re.compile(r"=~|!~|!=|=")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_GO_ESCAPES = re.compile(
    r"""(?:[^\\]|\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}))*""", re.DOTALL
)
_ESCAPE = re.compile(r"""\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))""")
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}


class Matcher(Struct, frozen=True):
    """One condition on a label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class Misread(Struct, frozen=True):
    """Why a text is no matchers, in a sentence, and at which column of it, counted from 1."""

    why: str
    column: int


def matches(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy all of the matchers."""
    for matcher in matchers:
        value = labels.get(matcher.name, "")
        hit = _is_hit(matcher.value, value) if matcher.is_regex else value == matcher.value
        if hit != matcher.is_equal:
            return False
    return True


def _is_hit(source: str, value: str) -> bool:
    regex = read_regex(source)
    return isinstance(regex, Regex) and regex.matches(value)


def written(matchers: Sequence[Matcher]) -> str:
    """The matchers as text that reads back to the same: `{alertname="ApiDown",job=~"api|web"}`."""
    return "{" + ",".join(map(written_one, matchers)) + "}"


def written_one(matcher: Matcher) -> str:
    """One matcher as text."""
    name = matcher.name if _BARE.fullmatch(matcher.name) else f'"{_escaped(matcher.name)}"'
    return f'{name}{sign_of(matcher)}"{_escaped(matcher.value)}"'


def sign_of(matcher: Matcher) -> str:
    """`=`, `!=`, `=~` or `!~`."""
    return ("=" if matcher.is_equal else "!") + ("~" if matcher.is_regex else "" if matcher.is_equal else "=")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def why_wrong(matcher: Matcher) -> str:
    """Why a matcher cannot be, in a sentence; empty where it can."""
    if not matcher.name:
        return "A matcher names no label."
    if len(matcher.name) + len(matcher.value) > MOST_LETTERS:
        return f"The matcher of {matcher.name[:50]} has more than {MOST_LETTERS:,} letters."
    if matcher.is_regex:
        regex = read_regex(matcher.value)
        if not isinstance(regex, Regex):
            return f"The regular expression {matcher.value!r} of {matcher.name} cannot be read: {regex.why}"
    return ""


def holds_of_anything(matchers: Sequence[Matcher]) -> bool:
    """Whether every alert satisfies the matchers, as far as anybody can tell: those that absent labels satisfy, and of
    the name that every alert has, whatever it is."""
    names = ("A", "Zz-9 _.:/", "é\u4e2d", "0")
    return all(matches((each,), {}) or (each.name == "alertname" and all(matches((each,), {"alertname": name})
               for name in names)) for each in matchers)  # fmt: skip


def matchers_of(texts: Sequence[str]) -> tuple[Matcher, ...]:
    """The matchers of several texts; raises Usage, with the column, where one is none."""
    found: list[Matcher] = []
    for text in texts:
        read = read_matchers(text)
        if isinstance(read, Misread):
            raise Usage(f"{text!r} is no matcher, at column {read.column}: {read.why} Write it as in"
                        " 'alertname=\"ApiDown\"' or 'job=~\"api|web\"'.")  # fmt: skip
        found += read
    return tuple(found)


def read_matchers(text: str) -> tuple[Matcher, ...] | Misread:
    """The matchers of a text, none for `{}`; or why it is none."""
    if len(text) > MOST_LETTERS:
        return Misread(f"It has more than {MOST_LETTERS:,} letters.", 1)
    reader = _Reader(text)
    try:
        return reader.all()
    except _Wrong as wrong:
        return Misread(wrong.why, wrong.at + 1)


class _Wrong(Exception):
    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


class _Reader:
    """Reads from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.is_strict = all(_GO_ESCAPES.fullmatch(found.group(1)) for found in _QUOTED.finditer(text))

    def all(self) -> tuple[Matcher, ...]:
        """All matchers."""
        self.pass_spaces()
        is_braced = self.takes("{")
        found: list[Matcher] = []
        self.pass_spaces()
        while self.at < len(self.text) and self.text[self.at] != "}":
            found.append(self.one())
            self.pass_spaces()
            if not self.takes(","):
                break
            self.pass_spaces()
        if is_braced and not self.takes("}"):
            raise _Wrong("A '{' is never closed, or a ',' is missing.", self.at)
        self.pass_spaces()
        if self.at < len(self.text):
            raise _Wrong(f"There is {self.text[self.at]!r} where the next matcher or the end was expected.", self.at)
        return tuple(found)

    def one(self) -> Matcher:
        """One matcher."""
        begin = self.at
        name = self.quoted() if self.text[self.at] == '"' else self.bare_name()
        if not name:
            raise _Wrong("The name of a label is missing.", begin)
        self.pass_spaces()
        sign = _SIGN.match(self.text, self.at)
        if sign is None:
            raise _Wrong(f"Behind {name!r} one of =, !=, =~ and !~ is missing.", self.at)
        self.at = sign.end()
        self.pass_spaces()
        place = self.at
        value = self.quoted() if self.text.startswith('"', self.at) else self.bare_value()
        matcher = Matcher(name, value, "~" in sign.group(), not sign.group().startswith("!"))
        if matcher.is_regex:
            regex = read_regex(value)
            if not isinstance(regex, Regex):
                offset = regex.at + (1 if self.text.startswith('"', place) else 0)
                raise _Wrong(f"The regular expression cannot be read: {regex.why}", min(place + offset, self.at))
        return matcher

    def bare_name(self) -> str:
        """A name without quotes, empty where there is none."""
        found = _BARE.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def bare_value(self) -> str:
        """A value without quotes: up to the next comma or closing brace that is none of a repeat, without spaces."""
        found = re.compile(r'(?:[^,}"{\\]|\\.|\{[^{}"]*\})*', re.DOTALL).match(self.text, self.at)
        value = found.group() if found else ""
        if self.text.startswith('"', self.at + len(value)):
            raise _Wrong("A value that begins without a quote has one within it.", self.at + len(value))
        self.at += len(value)
        return self.unescaped(value.strip())

    def quoted(self) -> str:
        """What stands in quotes."""
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            raise _Wrong("A quote is never closed.", self.at)
        self.at = found.end()
        return self.unescaped(found.group(1))

    def unescaped(self, text: str) -> str:
        """A value without its escapes: those of Go where all of them are, else only the three that were first."""
        if "\\" not in text:
            return text
        if self.is_strict and _GO_ESCAPES.fullmatch(text):
            return _ESCAPE.sub(_letter_of, text)
        return re.sub(r'\\([\\n"])', lambda found: _CONTROLS[found.group(1)], text)

    def pass_spaces(self) -> None:
        """Goes on to the next letter that is no space."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def takes(self, letter: str) -> bool:
        """Goes on behind a letter where that is the next one."""
        is_next = self.text.startswith(letter, self.at)
        self.at += is_next
        return is_next


def _letter_of(found: re.Match[str]) -> str:
    control, *codes = found.groups()
    if control:
        return _CONTROLS[control]
    octal = codes.pop()
    code = int(octal, 8) if octal else int(next(filter(None, codes)), 16)
    return chr(code) if code < 0x110000 else "\ufffd"
