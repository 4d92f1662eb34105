"""From a shell script to its facts: one walk over the syntax tree, with a stack in place of recursion.

Refuses to judge what it finds, and to raise: a script that cannot be parsed in bounded time gives no facts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.shell.facts import Assigned, Command, Loop, Named, Place, Script, Stdin, Use, Word
from opsbook.book.shell.grammar import parse
from opsbook.book.shell.quotes import unquote
from opsbook.ground.pattern import Pattern

if TYPE_CHECKING:
    from tree_sitter import Node, Tree


@lru_cache(maxsize=32)
def read(script: str) -> Script:
    """The facts of a script, at byte offsets; placeholders in it count as plain words."""
    tree = parse(script)
    return Script(read=False) if tree is None else _Walk(script.encode("utf-8", "surrogatepass")).walk(tree)


class _Frame(Struct, frozen=True):
    """What holds for a whole command, set by the pipelines, redirections and functions around it."""

    stdin: Stdin = ""
    fed: str = ""
    targets: tuple[Word, ...] = ()
    captured: bool = False
    background: bool = False
    pipeline: int = -1
    function: str = ""


class _Spot(Struct, frozen=True, gc=False):
    """Where in a command or statement an expansion stands."""

    place: Place = ""
    quoted: bool = False
    command: int = -1


_NOWHERE = _Spot()
_EXPANSION = Pattern(r"\$\{[#!]?([A-Za-z_]\w*)(?:\[[^\]]*\])?(:?[-=?+])?(.*)\}\Z", re.S)
_NAME = Pattern(r"[A-Za-z_]\w*\Z")
_FUNCTION = Pattern(r"[A-Za-z_][\w:.-]*\Z")
_SETTERS = frozenset(("read", "mapfile", "readarray", "getopts", "printf"))
_LEAVES = re.compile(rb"\b(?:break|exit|return)\b")
_FOREVER = frozenset(("true", ":", "((1))", "[ 1 ]", "[ true ]", "[[ true ]]"))
_STATEMENTS = frozenset(("pipeline", "command", "redirected_statement", "list"))


def _continues_pipe(node: Node) -> bool:
    """Whether this is the `| b` of `a <<EOF | b`, which the grammar puts within the here-document."""
    return node.type == "pipeline" and node.children[0].type in ("|", "|&")


class _Walk:
    """One walk over one tree; `todo` is the stack that stands for recursion."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.todo: list[tuple[Node, _Frame, _Spot]] = []
        self.commands: list[Command] = []
        self.uses: list[Use] = []
        self.assigned: list[Assigned] = []
        self.functions: list[Named] = []
        self.loops: list[Loop] = []
        self.pipelines = 0

    def walk(self, tree: Tree) -> Script:
        todo, visitors = self.todo, _VISITORS
        todo.append((tree.root_node, _Frame(), _NOWHERE))
        while todo:
            node, frame, spot = todo.pop()
            visit = visitors.get(node.type)
            if visit is not None:
                visit(self, node, frame, spot)
            elif node.child_count:
                self._children(node, frame, spot)
        by_place = attrgetter("start")
        return Script(
            tuple(self.commands),
            tuple(sorted(self.uses, key=by_place)),
            tuple(sorted(self.assigned, key=by_place)),
            tuple(self.functions),
            tuple(self.loops),
        )

    def _children(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        following = ""
        for child in reversed(node.children):
            if child.is_named:
                behind = following == "&" and not frame.background
                self.todo.append((child, replace(frame, background=True) if behind else frame, spot))
            following = child.type

    def _text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")

    def _word(self, node: Node) -> Word:
        start, end = node.start_byte, node.end_byte
        return Word(unquote(self.source[start:end].decode("utf-8", "surrogatepass")), start, end)

    def _skip(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        pass

    def _command(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        words: list[Word] = []
        stdin, fed = frame.stdin, frame.fed
        inside = _Spot("argument", False, len(self.commands))
        pushed: list[tuple[Node, _Frame, _Spot]] = []
        for child in node.children:
            kind = child.type
            if kind == "variable_assignment":
                self._prefix(child, node, frame)
            elif kind == "herestring_redirect":
                stdin, fed = "herestring", self._text(child)
                pushed.append((child, frame, spot))
            elif kind == "file_redirect":
                pushed.append((child, frame, spot))
            elif child.is_named and kind != "comment":
                words.append(self._word(child))
                if child.child_count:
                    pushed.append((child, frame, inside))
        self.commands.append(
            Command(
                tuple(words),
                node.start_byte,
                node.end_byte,
                stdin,
                fed,
                frame.targets,
                frame.captured,
                frame.background,
                frame.pipeline,
                frame.function,
            )
        )
        if words and words[0].text in _SETTERS:
            self._set_by_command(words)
        self.todo.extend(reversed(pushed))

    def _prefix(self, assignment: Node, command: Node, frame: _Frame) -> None:
        """`A=1 cmd` sets A for that command alone; but the grammar also reads `A=1 B=2`, newline, `cmd` as such."""
        name = command.child_by_field_name("name")
        between = self.source[assignment.end_byte : name.start_byte] if name is not None else b""
        if b"\n" in between.replace(b"\\\n", b""):
            self._assign(assignment, frame, exported=False)
            return
        value = assignment.child_by_field_name("value")
        if value is not None:
            self.todo.append((value, frame, _Spot("assignment")))

    def _set_by_command(self, words: list[Word]) -> None:
        """What `read A B`, `mapfile -t A`, `getopts o A` and `printf -v A` set: their words that can be names."""
        for before, word in pairwise(words):
            if _NAME().match(word.text) and (words[0].text != "printf" or before.text == "-v"):
                self.assigned.append(Assigned(word.text, word.start, words[-1].end))

    def _declaration(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        options = [self._text(child) for child in node.children if child.type == "word"]
        exported = node.children[0].type == "export" or any(o.startswith("-") and "x" in o for o in options)
        for child in reversed(node.children):
            if child.type == "variable_name":
                self.assigned.append(Assigned(self._text(child), child.start_byte, child.end_byte, exported))
            elif child.type == "variable_assignment":
                self._assign(child, frame, exported=exported)
            elif child.child_count:
                self.todo.append((child, frame, _Spot("argument")))

    def _assignment(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self._assign(node, frame, exported=False)

    def _assign(self, node: Node, frame: _Frame, *, exported: bool) -> None:
        name = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        if name is not None:
            text = self._text(name).partition("[")[0]
            written = self._text(value) if value is not None else ""
            self.assigned.append(Assigned(text, node.start_byte, node.end_byte, exported, written))
        if value is not None:
            self.todo.append((value, frame, _Spot("assignment")))

    def _array(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self._children(node, frame, _Spot("list"))

    def _pipeline(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        parts = [child for child in node.children if child.is_named and child.type != "comment"]
        last = len(parts) - 1
        if _continues_pipe(node):
            number = frame.pipeline
        else:
            self.pipelines += 1
            number = self.pipelines
        first = replace(frame, pipeline=number, captured=True, targets=()) if last else frame
        middle = replace(first, stdin="pipe", fed="")
        final = replace(frame, pipeline=number, stdin="pipe", fed="")
        for index in range(last, -1, -1):
            stage = first if index == 0 else final if index == last else middle
            self.todo.append((parts[index], stage, spot))

    def _redirected(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        inner = frame
        for child in reversed(node.children):
            if child.type.endswith("_redirect"):
                self.todo.append((child, frame, spot))
        for child in node.children:
            if child.type.endswith("_redirect"):
                inner = self._behind(child, inner)
        for child in reversed(node.children):
            if child.is_named and not child.type.endswith("_redirect"):
                self.todo.append((child, inner, spot))

    def _behind(self, redirect: Node, frame: _Frame) -> _Frame:
        """What holds for a command with this redirection: what it reads and where its output goes."""
        if redirect.type == "herestring_redirect":
            return replace(frame, stdin="herestring", fed=self._text(redirect))
        if redirect.type == "heredoc_redirect":
            bodies = [child for child in redirect.children if child.type == "heredoc_body"]
            frame = replace(frame, stdin="heredoc", fed=self._text(bodies[0]) if bodies else "")
            for child in redirect.children:
                if child.type == "file_redirect":
                    frame = self._behind(child, frame)
                elif _continues_pipe(child):
                    frame = replace(frame, captured=True, pipeline=self.pipelines + 1)
            return frame
        operator = next((child.type for child in redirect.children if not child.is_named), "")
        target = redirect.child_by_field_name("destination")
        if operator.startswith("<"):
            return replace(frame, stdin="file", fed="")
        if target is None or (operator == ">&" and target.type == "number"):
            return frame
        descriptor = redirect.child_by_field_name("descriptor")
        captured = frame.captured or descriptor is None or self._text(descriptor) == "1"
        return replace(frame, targets=(*frame.targets, self._word(target)), captured=captured)

    def _redirect(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self._children(node, frame, _Spot("redirect"))

    def _herestring(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self._children(node, frame, _Spot("heredoc", True))

    def _heredoc(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self.pipelines += 1
        behind = replace(frame, stdin="pipe", fed="", pipeline=self.pipelines)
        for child in reversed(node.children):
            if child.type == "heredoc_body":
                self.todo.append((child, frame, _Spot("heredoc", True)))
            elif child.type in _STATEMENTS:
                self.todo.append((child, behind if _continues_pipe(child) else frame, spot))
            elif child.is_named and child.child_count:
                self.todo.append((child, frame, _Spot("argument")))

    def _substitution(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self._children(node, _Frame(stdin=frame.stdin, captured=True, function=frame.function), _NOWHERE)

    def _string(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        if node.named_child_count:
            self._children(node, frame, _Spot(spot.place, True, spot.command))

    def _test(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        # [ is a command whose words are split; [[ and (( are not.
        first = node.children[0].type if node.children else ""
        self._children(node, frame, _Spot("argument" if first == "[" else "test" if first == "[[" else "arithmetic"))

    def _arithmetic(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        self._children(node, frame, _Spot("arithmetic"))

    def _compound(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        counts = bool(node.children) and node.children[0].type == "(("
        self._children(node, frame, _Spot("arithmetic") if counts else spot)

    def _for(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        variable = node.child_by_field_name("variable")
        values = _Spot("list" if variable is not None else "arithmetic")
        for child in reversed(node.children):
            if child.type in ("do_group", "compound_statement"):
                self.todo.append((child, frame, spot))
            elif variable is not None and child.start_byte == variable.start_byte:
                self.assigned.append(Assigned(self._text(child), child.start_byte, child.end_byte))
            elif child.is_named:
                self.todo.append((child, frame, values))

    def _while(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        condition = node.child_by_field_name("condition")
        if condition is not None and self._text(condition) in _FOREVER and node.children[0].type == "while":
            body = self.source[condition.end_byte : node.end_byte]
            ends = _LEAVES.search(body) is not None or frame.background
            self.loops.append(Loop(node.start_byte, node.end_byte, ends))
        self._children(node, frame, spot)

    def _case(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        """`case $X in $Y)`: neither the word nor a pattern is split; both the statement and its items come here."""
        values = {value.start_byte for value in node.children_by_field_name("value")}
        for child in reversed(node.children):
            if child.is_named:
                self.todo.append((child, frame, _Spot("case") if child.start_byte in values else spot))

    def _function(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is not None and _FUNCTION().match(self._text(name)):
            self.functions.append(Named(self._text(name), name.start_byte, name.end_byte))
            frame = replace(frame, function=self._text(name))
        if body is not None:
            self.todo.append((body, frame, _NOWHERE))

    def _simple(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        name = self._text(node)[1:]
        if _NAME().match(name):
            self._used(node, spot, name, in_function=bool(frame.function))

    def _expansion(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        match = _EXPANSION().match(self._text(node))
        if match is not None:
            operator = (match[2] or "").lstrip(":")
            default = unquote(match[3]) if operator in ("-", "=") else "" if operator == "+" else None
            self._used(
                node,
                spot,
                match[1],
                in_function=bool(frame.function),
                default=default,
                demand=operator == "?",
            )
            if operator == "=":
                self.assigned.append(Assigned(match[1], node.start_byte, node.end_byte, value=default or ""))
        for child in reversed(node.children):
            if child.is_named and child.type != "variable_name":
                self.todo.append((child, frame, spot))

    def _bare_name(self, node: Node, frame: _Frame, spot: _Spot) -> None:
        if spot.place == "arithmetic" and _NAME().match(self._text(node)):  # $((A + 1)) uses A
            self._used(node, spot, self._text(node), in_function=bool(frame.function))

    def _used(
        self,
        node: Node,
        spot: _Spot,
        name: str,
        *,
        in_function: bool,
        default: str | None = None,
        demand: bool = False,
    ) -> None:
        start, end, place = node.start_byte, node.end_byte, spot.place
        self.uses.append(Use(name, start, end, place, spot.quoted, default, demand, spot.command, in_function))


_VISITORS: dict[str, Any] = {
    "command": _Walk._command,
    "declaration_command": _Walk._declaration,
    "unset_command": _Walk._skip,
    "variable_assignment": _Walk._assignment,
    "array": _Walk._array,
    "pipeline": _Walk._pipeline,
    "redirected_statement": _Walk._redirected,
    "file_redirect": _Walk._redirect,
    "herestring_redirect": _Walk._herestring,
    "heredoc_redirect": _Walk._heredoc,
    "command_substitution": _Walk._substitution,
    "process_substitution": _Walk._substitution,
    "string": _Walk._string,
    "translated_string": _Walk._string,
    "test_command": _Walk._test,
    "arithmetic_expansion": _Walk._arithmetic,
    "c_style_for_statement": _Walk._for,
    "compound_statement": _Walk._compound,
    "for_statement": _Walk._for,
    "while_statement": _Walk._while,
    "case_statement": _Walk._case,
    "case_item": _Walk._case,
    "function_definition": _Walk._function,
    "simple_expansion": _Walk._simple,
    "expansion": _Walk._expansion,
    "variable_name": _Walk._bare_name,
    "comment": _Walk._skip,
    "raw_string": _Walk._skip,
    "word": _Walk._bare_name,
    "number": _Walk._skip,
}
