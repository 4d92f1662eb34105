"""HCL as far as jobs of Nomad need it: blocks with labels, attributes with plain values. Never raises.

What is an expression (`var.x`, a function, a template in a string) is no plain value and is left out: what it comes to
is known to Nomad alone. Source: the HCL native syntax specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
      |(?P<here><<-?(?P<mark>[A-Za-z_]\w*)[ \t]*\r?\n.*?(?:^[ \t]*(?P=mark)[ \t]*$|\Z))
      |(?P<text>"(?:[^"\\\n]|\\.)*")
      |(?P<word>[A-Za-z_][\w.-]*)
      |(?P<number>-?\d+(?:\.\d+)?)
      |(?P<mark_>[\n{}\[\]=,:()])
      |(?P<other>.)""",
    re.X | re.S | re.M,
)
_ESCAPES = {'\\"': '"', "\\n": "\n", "\\t": "\t", "\\\\": "\\"}
LARGEST_DEPTH = 60


class Value(Struct, frozen=True):
    """An attribute's plain values (one, or those of a list) and its place in characters from the start."""

    texts: tuple[str, ...]
    at: int


class Block(Struct):
    """A block: its type, its labels, what stands in it. A map that is written as an attribute is a block too."""

    kind: str
    labels: tuple[str, ...]
    at: int
    attributes: dict[str, Value]
    blocks: list[Block]

    def text(self, name: str) -> str:
        """The attribute's only value, or ""."""
        value = self.attributes.get(name)
        return value.texts[0] if value and len(value.texts) == 1 else ""

    def within(self, kind: str) -> list[Block]:
        """The blocks of that type, in their order."""
        return [block for block in self.blocks if block.kind == kind]

    def one(self, kind: str) -> Block:
        """The first block of that type; an empty one where there is none."""
        return next(iter(self.within(kind)), Block(kind, (), self.at, {}, []))


class _Token(Struct, frozen=True, gc=False):
    kind: str
    text: str
    at: int


def read_hcl(text: str) -> Block:
    """The file as one block. What cannot be read is passed over, up to the next line."""
    tokens = list(_tokens(text))
    root = Block("", (), 0, {}, [])
    _fill(root, tokens, 0, 0)
    return root


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "mark":
            kind = "here"
        if kind != "skip":
            yield _Token("mark" if kind == "mark_" else kind, match[0], match.start())


def _fill(block: Block, tokens: list[_Token], at: int, depth: int) -> int:
    """Reads into the block until its end; the place behind it."""
    while at < len(tokens):
        token = tokens[at]
        if token.text == "}" and token.kind == "mark":
            return at + 1
        if token.kind not in ("word", "text"):
            at += 1
            continue
        name = _plain(token)
        follows = at + 1
        labels: list[str] = []
        while follows < len(tokens) and tokens[follows].kind in ("text", "word"):
            labels.append(_plain(tokens[follows]) or "")
            follows += 1
        sign = tokens[follows].text if follows < len(tokens) else ""
        if sign in ("=", ":") and not labels:
            at = _attribute(block, (name or "", token.at), tokens, follows + 1, depth=depth)
        elif sign == "{" and depth < LARGEST_DEPTH:
            inner = Block(name or "", tuple(labels), token.at, {}, [])
            at = _fill(inner, tokens, follows + 1, depth + 1)
            block.blocks.append(inner)
        else:
            at = _line_end(tokens, at + 1)
    return at


def _attribute(block: Block, named: tuple[str, int], tokens: list[_Token], at: int, *, depth: int) -> int:
    name, place = named
    if at < len(tokens) and tokens[at].text == "{" and tokens[at].kind == "mark" and depth < LARGEST_DEPTH:
        inner = Block(name, (), place, {}, [])
        block.blocks.append(inner)
        return _fill(inner, tokens, at + 1, depth + 1)
    end, texts, is_plain, depth_of_list = at, [], True, 0
    while end < len(tokens):
        token = tokens[end]
        if token.kind == "mark" and token.text in "[(":
            depth_of_list += 1
            is_plain = is_plain and token.text == "["
        elif token.kind == "mark" and token.text in "])":
            depth_of_list -= 1
        elif token.kind == "mark" and depth_of_list <= 0 and token.text in "\n,}":
            break
        elif token.kind in ("text", "number", "here") or token.text in ("true", "false"):
            word = _plain(token)
            is_plain = is_plain and word is not None
            texts.append(word or "")
        elif token.kind != "mark":
            is_plain = False
        end += 1
    if is_plain:
        block.attributes[name] = Value(tuple(texts), place)
    return end


def _line_end(tokens: list[_Token], at: int) -> int:
    while at < len(tokens) and tokens[at].text not in ("\n", "}"):
        at += 1
    return at


def _plain(token: _Token) -> str | None:
    """The token's text; None for a string with a template in it."""
    if token.kind == "here":
        return token.text.partition("\n")[2].rpartition("\n")[0]
    if token.kind != "text":
        return token.text
    text = token.text[1:-1]
    if "${" in text.replace("$${", "") or "%{" in text.replace("%%{", ""):
        return None
    return re.sub(r"\\.", lambda match: _ESCAPES.get(match[0], match[0]), text).replace("$${", "${")
