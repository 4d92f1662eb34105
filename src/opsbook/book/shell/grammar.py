"""The syntax tree of a shell script, by tree-sitter-bash, in bounded time; refuses what is too long or too dense.

A slot such as `<pod>` is masked by a word of the same length first, lest it be read as a redirection.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from opsbook.book import placeholders
from opsbook.ground.pattern import Pattern

if TYPE_CHECKING:
    from tree_sitter import Language, Tree

# The parser takes the square of the length of one pipeline, of one word of many parts, and of what it recovers from:
# 20,000 pipes need 18 s. Within these two limits the worst of some thousands of repeated pieces took 2 s. A real
# script of 42 KB has 2,700 of these characters; the longest block of the corpora is 4.6 KB, and the densest has 230.
LONGEST = 32768
JOINTS = b"|<>()&`;?[]{}$@:+^~,=%*!"
MOST_JOINTS = 3000
_NOT_JOINTS = bytes(set(range(256)) - set(JOINTS))


def parse(script: str) -> Tree | None:
    """The syntax tree of a script with its placeholders masked, or None when it is too long or too dense."""
    source = script.encode("utf-8", "surrogatepass")
    if len(source) > LONGEST:
        return None
    if len(source) > MOST_JOINTS and len(source.translate(None, _NOT_JOINTS)) > MOST_JOINTS:
        return None
    if b"\r" in source or b"\0" in source:  # same length, and the parser takes a NUL for the end
        source = source.replace(b"\r\n", b" \n").replace(b"\0", b" ")
    if b"<" in source or b"{{" in source:
        source = _masked(script, source)
    if not source.isascii():
        source = _WIDE().sub(_narrowed, source)
    tree: Tree = _parser().parse(source)
    return tree


# The grammar's scanner asks C's isdigit() about whole code points, which reads beyond a table and may kill the process
# (`{` and U+D46E7 does). To the shell such a letter is a letter, but no part of a name: `$Aé` is A.
_WIDE = Pattern(rb"(\$\w*)?([\x80-\xff]+)")


def _narrowed(match: re.Match[bytes]) -> bytes:
    name = match[1] or b""
    return name + (b"~" if name else b"x") * len(match[2])


def _masked(script: str, source: bytes) -> bytes:
    """The script with `<slots>` and `{{slots}}` as words of the same length, lest they be read as redirections."""
    masked = bytearray(source)
    for slot in placeholders.find(script):
        if slot.form in ("angle", "mustache", "actions"):
            masked[slot.start : slot.end] = b"x" * (slot.end - slot.start)
    return bytes(masked)


def _parser() -> Any:
    # A parser for each parse: it costs half a microsecond, and one shared by threads is not safe.
    from tree_sitter import Parser  # within: it costs 2 ms, and most pages need no parser

    return Parser(_language())


@cache
def _language() -> Language:
    from importlib.machinery import PathFinder

    from tree_sitter import Language

    # The package's own __init__ imports importlib.resources (7 ms of a 50 ms lint) for query files not used
    # here, so its extension module is loaded by itself where it can be found.
    package = PathFinder.find_spec("tree_sitter_bash")
    spec = PathFinder.find_spec("_binding", package.submodule_search_locations) if package else None
    if spec is not None and spec.loader is not None and (module := spec.loader.create_module(spec)) is not None:
        spec.loader.exec_module(module)
        return Language(cast(Any, module).language())
    import tree_sitter_bash

    return Language(tree_sitter_bash.language())
