"""The syntax of Go's regular expressions (RE2), as a tree. Matches nothing.

What RE2 refuses is refused here too: references back, looking around, possessive repeats. Groups are read, and what
they are called is forgotten.
"""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

MOST_REPEATS = 1000  # as in RE2
DEEPEST = 100  # groups within groups

_LAST = "\U0010ffff"
_CLASSES: dict[str, tuple[tuple[str, str], ...]] = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": (("\t", "\n"), ("\f", "\r"), (" ", " ")),
}
_POSIX: dict[str, tuple[tuple[str, str], ...]] = {
    "alnum": (("0", "9"), ("A", "Z"), ("a", "z")), "alpha": (("A", "Z"), ("a", "z")), "ascii": (("\0", "\x7f"),),
    "blank": (("\t", "\t"), (" ", " ")), "cntrl": (("\0", "\x1f"), ("\x7f", "\x7f")), "digit": (("0", "9"),),
    "graph": (("!", "~"),), "lower": (("a", "z"),), "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")), "space": (("\t", "\r"), (" ", " ")),
    "upper": (("A", "Z"),), "word": _CLASSES["w"], "xdigit": (("0", "9"), ("A", "F"), ("a", "f")),
}  # fmt: skip
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_CATEGORIES = frozenset("C L M N P S Z Cc Cf Co Cs Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So"
                        " Zl Zp Zs".split())  # fmt: skip


class Misread(Exception):
    """What is wrong with an expression, in a sentence, and at which letter of it, counted from 0."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


class Symbols(Struct, frozen=True):
    """One letter out of many: of ranges, of categories of Unicode, of other sets; or any that is not."""

    ranges: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()
    sets: tuple[Symbols, ...] = ()
    is_not: bool = False
    is_caseless: bool = False

    def __contains__(self, letter: str) -> bool:
        return self._has(letter) != self.is_not

    def _has(self, letter: str) -> bool:
        for each in {letter, letter.lower(), letter.upper()} if self.is_caseless else (letter,):
            if len(each) != 1:  # `ß` is two letters in upper case
                continue
            if any(low <= each <= high for low, high in self.ranges) or any(each in one for one in self.sets):
                return True
            if self.categories and unicodedata.category(each).startswith(self.categories):
                return True
        return False


class Assertion(Struct, frozen=True):
    """Something that must hold between two letters: begin, end, line begin, line end, word border, no word border."""

    kind: str


class Repeat(Struct, frozen=True):
    """A part, at least and at most so often; None: as often as it likes."""

    part: Node
    least: int
    most: int | None


class Several(Struct, frozen=True):
    """Parts one behind the other, or one of them."""

    parts: tuple[Node, ...] = ()
    is_choice: bool = False


Node = Symbols | Assertion | Repeat | Several


def parse(source: str) -> Node:
    """The tree of an expression; raises Misread."""
    parser = _Parser(source)
    node = parser.choice()
    if parser.at < len(source):
        raise Misread("A ')' has no '(' before it.", parser.at)
    return node


def literals(node: Node) -> frozenset[str] | None:
    """The words that an expression which only lists words stands for; None for any other."""
    choices = node.parts if isinstance(node, Several) and node.is_choice else (node,)
    words: list[str] = []
    for choice in choices:
        while isinstance(choice, Several) and len(choice.parts) == 1:
            choice = choice.parts[0]
        if isinstance(choice, Several) and choice.is_choice:
            inner = literals(choice)
            if inner is None:
                return None
            words += inner
            continue
        letters = choice.parts if isinstance(choice, Several) else (choice,)
        word = "".join(map(_letter_of, letters))
        if len(word) != len(letters):
            return None
        words.append(word)
    return frozenset(words)


def _letter_of(node: Node) -> str:
    is_one = isinstance(node, Symbols) and len(node.ranges) == 1 and not (node.is_not or node.is_caseless or node.sets)
    if not is_one or node.ranges[0][0] != node.ranges[0][1]:  # type: ignore[union-attr]
        return ""
    return node.ranges[0][0]  # type: ignore[union-attr]


class _Parser:
    """Reads from left to right. Flags hold until the end of the group in which they are set."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.flags = frozenset[str]()
        self.depth = 0

    def choice(self) -> Node:
        """What stands between two brackets, or all."""
        choices = [self.row()]
        while self.source.startswith("|", self.at):
            self.at += 1
            choices.append(self.row())
        return choices[0] if len(choices) == 1 else Several(tuple(choices), True)

    def row(self) -> Node:
        """What stands between two bars."""
        parts: list[Node] = []
        while self.at < len(self.source) and self.source[self.at] not in "|)":
            if self.source.startswith(r"\Q", self.at):
                parts += self.quoted()
                continue
            part = self.atom()
            if part is not None:
                parts.append(self.repeated(part))
        return parts[0] if len(parts) == 1 else Several(tuple(parts))

    def quoted(self) -> list[Node]:
        """The letters between `\\Q` and `\\E`."""
        end = self.source.find(r"\E", self.at)
        text = self.source[self.at + 2 : end if end >= 0 else None]
        self.at = end + 2 if end >= 0 else len(self.source)
        return [self.one(letter) for letter in text]

    def one(self, letter: str) -> Symbols:
        """A letter by itself."""
        is_caseless = "i" in self.flags and letter.lower() != letter.upper()
        return Symbols(((letter, letter),), is_caseless=is_caseless)

    def atom(self) -> Node | None:
        """One thing that may be repeated; None where flags were set, which is nothing."""
        letter = self.source[self.at]
        begin, self.at = self.at, self.at + 1
        if letter == "(":
            return self.group(begin)
        if letter == "[":
            return self.brackets(begin)
        if letter == ".":
            return Symbols((("\0", _LAST),)) if "s" in self.flags else Symbols((("\n", "\n"),), is_not=True)
        if letter == "^":
            return Assertion("line begin" if "m" in self.flags else "begin")
        if letter == "$":
            return Assertion("line end" if "m" in self.flags else "end")
        if letter in "*+?" or (letter == "{" and self.bounds(begin) is not None):
            raise Misread(f"A '{letter}' has nothing before it that it could repeat.", begin)
        if letter != "\\":
            return self.one(letter)
        following = self.source[self.at : self.at + 1]
        if following and following in "AzbB":
            self.at += 1
            return Assertion({"A": "begin", "z": "end", "b": "word border", "B": "no word border"}[following])
        return self.escape(begin)

    def group(self, begin: int) -> Node | None:
        """What stands in round brackets."""
        outer = self.flags
        if self.source.startswith("?", self.at):
            found = re.compile(r"\?(?:P?<[A-Za-z0-9_]+>|([imsU]*)(?:-([imsU]+))?([:)]))").match(self.source, self.at)
            if found is None:
                raise Misread("What begins with '(?' here is not known: nothing can look around or behind.", begin)
            self.at = found.end()
            self.flags = (self.flags | set(found.group(1) or "")) - set(found.group(2) or "")
            if found.group(3) == ")":
                return None
        self.depth += 1
        if self.depth > DEEPEST:
            raise Misread("Groups stand within groups too deep.", begin)
        node = self.choice()
        if not self.source.startswith(")", self.at):
            raise Misread("A '(' is never closed.", begin)
        self.at += 1
        self.depth -= 1
        self.flags = outer
        return node

    def bounds(self, begin: int) -> tuple[int, int | None, int] | None:
        """The bounds in `{2,3}` and where they end; None where that is no repeat, and stands for itself."""
        found = re.compile(r"\{(\d+)(?:(,)(\d*))?\}").match(self.source, begin)
        if found is None:
            return None
        least = int(found.group(1)[:6])
        most = least if found.group(2) is None else int(found.group(3)[:6]) if found.group(3) else None
        if max(least, most or 0) > MOST_REPEATS or (most is not None and most < least):
            raise Misread(f"{found.group()} is no repeat: at most 1,000 times, the smaller number first.", begin)
        return least, most, found.end()

    def repeated(self, part: Node) -> Node:
        """A part with the repeat behind it."""
        limits = self.limits()
        if limits is None:
            return part
        least, most, self.at = limits
        if self.source.startswith("?", self.at):
            self.at += 1
        if self.limits() is not None:
            raise Misread("A repeat cannot be repeated without brackets.", self.at)
        return Repeat(part, least, most)

    def limits(self) -> tuple[int, int | None, int] | None:
        """How often what stands before this place is repeated, and where that is told; None where it is not."""
        sign = self.source[self.at : self.at + 1]
        if sign == "{":
            return self.bounds(self.at)
        known: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        return (*known[sign], self.at + 1) if sign in known else None

    def escape(self, begin: int) -> Symbols:
        """What a backslash and the letters behind it stand for."""
        letter = self.source[self.at : self.at + 1]
        if letter and letter in "dDsSwW":
            self.at += 1
            return Symbols(_CLASSES[letter.lower()], is_not=letter.isupper())
        if letter and letter in "pP":
            return self.category(begin)
        return self.one(self.character(begin))

    def category(self, begin: int) -> Symbols:
        """`\\pL`, `\\p{Lu}`, `\\P{^Lu}`."""
        found = re.compile(r"([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))").match(self.source, self.at)
        name = (found.group(3) or found.group(4)) if found else ""
        if found is None or name not in _CATEGORIES:
            raise Misread("This class of Unicode is not known here; general categories are, such as \\p{Lu}.", begin)
        self.at = found.end()
        return Symbols(categories=(name,), is_not=(found.group(1) == "P") != bool(found.group(2)))

    def character(self, begin: int) -> str:
        """The one letter that an escape stands for."""
        found = re.compile(r"x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2}))|(0[0-7]{0,2}|[1-7][0-7]{1,2})").match(
            self.source, self.at
        )
        if found is not None:
            self.at = found.end()
            octal = found.group(3)
            code = int(octal, 8) if octal else int(found.group(1) or found.group(2), 16)
            if code > ord(_LAST):
                raise Misread("There is no such letter in Unicode.", begin)
            return chr(code)
        letter = self.source[self.at : self.at + 1]
        self.at += 1
        if not letter:
            raise Misread("A backslash at the end has nothing behind it.", begin)
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter.isascii() and not letter.isalnum() and letter != "_":
            return letter
        raise Misread(f"What '\\{letter}' means is not known.", begin)

    def brackets(self, begin: int) -> Symbols:
        """What stands in square brackets."""
        is_not = self.source.startswith("^", self.at)
        self.at += is_not
        ranges: list[tuple[str, str]] = []
        sets: list[Symbols] = []
        is_first = True
        while is_first or not self.source.startswith("]", self.at):
            if self.at >= len(self.source):
                raise Misread("A '[' is never closed.", begin)
            is_first = False
            part = self.member()
            if isinstance(part, Symbols):
                sets.append(part)
            else:
                ranges.append((part, self.upper_end(part)))
        self.at += 1
        return Symbols(tuple(ranges), sets=tuple(sets), is_not=is_not, is_caseless="i" in self.flags)

    def member(self) -> str | Symbols:
        """One letter or one set within square brackets."""
        begin = self.at
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.source, begin)
        if posix is not None:
            if posix.group(2) not in _POSIX:
                raise Misread(f"The class {posix.group()} is not known.", begin)
            self.at = posix.end()
            return Symbols(_POSIX[posix.group(2)], is_not=bool(posix.group(1)))
        self.at += 1
        if self.source[begin] != "\\":
            return self.source[begin]
        if self.source[self.at : self.at + 1] in tuple("dDsSwWpP"):
            return self.escape(begin)
        return self.character(begin)

    def upper_end(self, low: str) -> str:
        """The upper end of a range that begins with `low`, which is its own where there is no range."""
        begin = self.at
        if not self.source.startswith("-", begin) or self.source[begin + 1 : begin + 2] in ("]", ""):
            return low
        self.at += 1
        high = self.member()
        if isinstance(high, Symbols) or high < low:
            raise Misread("A range in square brackets has its ends in the wrong order, or none.", begin)
        return high
