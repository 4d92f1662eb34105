"""Texts of rules as Markdown that says just these texts, and back: what a machine wrote on a page is read to the byte.

As little as possible is escaped, since people read and write here too; what no line of Markdown can hold is a fenced
text, and what no text of a page can hold (a carriage return) is JSON in a fence. Knows no page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,;:()/%+=\"'$?!@^-]*")
_MARKS = re.compile(r"[\\`\[\]<*~|]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{1,31};)|!(?=\[)|:(?=[\w+-]+:)")
_LINE_START = re.compile(r"(?=[#>=|~:+-])|\d{1,9}(?=[.)](?:\s|$))")
_UNESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
# A line of Markdown holds none of these: the control characters, and what other readers take for the end of a line.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]")
_PUT_OFF = re.compile(r"T(?:ODO|B[ACD])\b|FIXME\b|YYYY-MM-DD|^\W*$|^(?:none|n/a|na|\?+)$", re.I)
_ADDRESS = re.compile(r"https?://[^\s<>\\`\"{}|^\x00-\x20\[\]*]+")


def written(text: str, indent: int = 2) -> str | None:
    """A text in the words of a label's value, its lines held together by hard breaks; None where that cannot be."""
    if _PLAIN.fullmatch(text) and text[-1] != " " and not _PUT_OFF.search(text) and "://" not in text:
        return text
    if not text or _UNSAFE.search(text) or text != text.strip() or _PUT_OFF.search(text):
        return None
    if _ADDRESS.fullmatch(text):
        return f"<{text}>"
    lines = text.split("\n")
    if any(not line.strip() for line in lines) or any(line.endswith(" ") for line in lines[-1:]):
        return None
    if len(lines) > 1 and any(line[:1] == "\t" or "\t" in line[: len(line) - len(line.lstrip())] for line in lines):
        return None
    return ("\\\n" + " " * indent).join(_escaped(line, is_first=not at) for at, line in enumerate(lines))


def _escaped(line: str, *, is_first: bool) -> str:
    words = _MARKS.sub(lambda found: "\\" + found.group(), line).replace("://", ":\\//")
    content = words.lstrip(" ")
    start = None if is_first else _LINE_START.match(content)
    if start is not None:
        content = f"{content[: start.end()]}\\{content[start.end() :]}"
    return " " * (len(words) - len(words.lstrip(" "))) + content


def read_text(source: str, indent: int = 2) -> str:
    """The text of a label's value as it stands on the page; `indent` is that of the lines below the first."""
    source = source.strip(" \t\r\n")
    if source[:1] == "<" and source[-1:] == ">" and _ADDRESS.fullmatch(source[1:-1]):
        return source[1:-1]
    if len(source) > 2 and source[0] == "`" == source[-1] and (code := read_code(source)) is not None:
        return code
    if "\\" not in source and "\n" not in source:
        return source
    lines = source.replace("\r\n", "\n").split("\n")
    found = []
    for at, line in enumerate(lines):
        if at:
            line = line[min(indent, len(line) - len(line.lstrip(" "))) :]
        is_broken = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        found.append(_UNESCAPE.sub(r"\1", line[:-1] if is_broken else line.rstrip(" ")))
        if at < len(lines) - 1:
            found.append("\n" if is_broken or line.endswith("  ") else " ")
    return "".join(found)


def code(text: str) -> str | None:
    """A text as inline code; None where it has line breaks or what code drops."""
    if not text.strip() or _UNSAFE.search(text) or "\n" in text or text != text.strip():
        return None
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    if not longest:
        return f"`{text}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {text} {ticks}"


def read_code(source: str) -> str | None:
    """The text of a value that is one piece of inline code; None for any other."""
    opened = re.match(r"`+", source)
    if opened is None or not source.endswith(opened.group()):
        return None
    ticks = opened.group()
    inner = source[len(ticks) : -len(ticks)]
    if not inner or re.search(rf"(?<!`){ticks}(?!`)", inner):
        return None
    if len(inner) > 2 and inner[0] == inner[-1] == " " and inner.strip():
        inner = inner[1:-1]
    return inner


def named(text: str) -> str:
    """A name as inline code, whatever it is: one that code cannot hold, or that looks like JSON, as JSON."""
    plain = None if text[:1] == '"' else code(text)
    return plain if plain is not None else f"`{_json(text)}`"


def read_name(text: str) -> str:
    """The name of a value that `named` wrote, or as people write it; `text` is the value without the marks of code."""
    return _value(text)


_CHOMPED = " -"


def fenced(text: str, language: str) -> str:
    """A text as a fenced block below a label, indented as its bullet's text; behind the language ` -` says that the
    text ends without a line feed."""
    if _UNSAFE.search(text) or not text.strip():
        language, text = "json", msgspec.json.encode(text).decode() + "\n"
        text = _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    if not text.endswith("\n"):
        language, text = language + _CHOMPED, text + "\n"
    longest = max((len(run) for run in re.findall(r"^\s*(`{3,})", text, re.M)), default=2)
    fence = "`" * (longest + 1)
    body = "\n".join("  " + line if line else "" for line in text[:-1].split("\n"))
    return f"\n  {fence}{language}\n{body}\n  {fence}"


def read_fenced(info: str, text: str) -> str:
    """The text of a fenced block by its info string."""
    if info.strip() == "json":
        try:
            return msgspec.json.decode(text, type=str)
        except msgspec.DecodeError:
            return text
    return text.removesuffix("\n") if info.endswith(_CHOMPED) else text


_PAIR = re.compile(r"(`+) ?([^\s=`{}]+)\s*(?:=|:)\s*(\"(?:[^\"\\`]|\\.)*\"|[^`\"]*?) ?\1(?!`)")


def pairs(table: Mapping[str, str], *, is_cell: bool = False) -> str:
    """Labels as inline code, each `name="value"` with the value as JSON has it."""
    return ", ".join(f"`{name}={_json(value, is_cell=is_cell)}`" for name, value in table.items())


def _json(text: str, *, is_cell: bool = False) -> str:
    quoted = msgspec.json.encode(text).decode().replace("`", "\\u0060")
    quoted = _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
    return quoted.replace("|", "\\u007c") if is_cell else quoted


def read_pairs(source: str) -> dict[str, str]:
    """The labels of a value: in inline code, or in plain `name="value"` or `name=value` with commas between them."""
    found: dict[str, str] = {}
    matches = list(_PAIR.finditer(source))
    if not matches:
        plain = re.finditer(r"([A-Za-z_]\w*)\s*(?:=|:)\s*(\"(?:[^\"\\]|\\.)*\"|[^,;\s]+)", source)
        return {match[1]: _value(match[2]) for match in plain}
    for match in matches:
        found[match[2]] = _value(match[3])
    return found


def _value(text: str) -> str:
    if text[:1] == '"':
        try:
            return msgspec.json.decode(text, type=str)
        except msgspec.DecodeError:
            return text.strip('"')
    return text
