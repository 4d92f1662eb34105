"""Any YAML read by libyaml into located nodes; refuses (`Unreadable`) what is not YAML. Resolves no types."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from opsbook.ground.yaml_nodes import NULLS, Node, Scalar, SourceLines, Unreadable

if TYPE_CHECKING:
    from yaml._yaml import Mark as CMark
    from yaml.error import Mark
    from yaml.events import AliasEvent, Event, ScalarEvent

DEPTH_LIMIT = 200
"""Deeper nesting is refused: libyaml's time grows with its square, and whoever walks a tree has a stack."""

# libyaml of 2025 and later has a limit of its own for brackets, and tells of it before the first event.
_TOO_DEEP = "exceeded maximum nesting depth"

_NOTHING = Scalar("", 1, 1, 0, 0)


def read_any_yaml(source: SourceLines) -> list[Node]:
    """The documents of the text, anchors and merge keys resolved. Raises Unreadable."""
    # PyYAML takes 25 ms to import, so only who needs it pays. Events, not its composer, which recurses in C.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = source.text.encode("utf-8", "replace").decode()
    tree = _Tree(source)
    try:
        for event in yaml.parse(text, Loader=loader):
            tree.take(event)
            if len(tree.open) > DEPTH_LIMIT:
                row, column = source.place_of(_index(event.start_mark))
                why = f"nesting deeper than {DEPTH_LIMIT} levels"
                raise Unreadable(why, row + 1, column + 1, tree.documents)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        row, column = source.place_of(_index(mark))
        why = wrong.problem or wrong.context or "not YAML"
        if why == _TOO_DEEP:
            why = f"nesting deeper than {DEPTH_LIMIT} levels"
        raise Unreadable(why, row + 1, column + 1, tree.documents) from None
    except yaml.reader.ReaderError as wrong:
        row, column = source.place_of(_first_odd(text))
        raise Unreadable(wrong.reason, row + 1, column + 1, tree.documents) from None
    # A document of nothing (a lone `---`) is none.
    return [document for document in tree.documents if not isinstance(document, Scalar) or document.text]


def _index(mark: Mark | CMark | None) -> int:
    return mark.index if mark else 0


def _first_odd(text: str) -> int:
    # libyaml gives this position in bytes on one side and in characters on the other; so look for it.
    for index, character in enumerate(text):
        if not character.isprintable() and character not in "\t\n\r\x85\u2028\u2029":
            return index
    return 0


class _Tree:
    """Builds the nodes from events."""

    def __init__(self, source: SourceLines) -> None:
        self.source = source
        self.documents: list[Node] = []
        self.anchors: dict[str, Node] = {}
        self.open: list[tuple[Node, str | None]] = []
        self.into: Node = self.documents
        self.key: str | None = None

    def take(self, event: Event) -> None:
        # By name, because the classes are not to be imported before they are needed.
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._add(self._scalar(cast("ScalarEvent", event)), event)
        elif kind == "MappingStartEvent":
            self._enter({}, event)
        elif kind == "SequenceStartEvent":
            self._enter([], event)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            if isinstance(self.into, dict) and "<<" in self.into:
                _merge(self.into)
            self.into, self.key = self.open.pop()
        elif kind == "AliasEvent":
            alias = cast("AliasEvent", event)
            self._put(self.anchors.get(alias.anchor or "", _NOTHING))
        elif kind == "DocumentStartEvent":
            self.anchors = {}

    def _enter(self, node: Node, event: Event) -> None:
        self._add(node, event)
        self.open.append((self.into, self.key))
        self.into, self.key = node, None

    def _add(self, node: Node, event: Event) -> None:
        anchor = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = node
        self._put(node)

    def _put(self, node: Node) -> None:
        if isinstance(self.into, list):
            self.into.append(node)
        elif isinstance(self.into, dict):
            if self.key is None:
                # A key that is a collection has no text; its value goes where no reader looks.
                self.key = node.text if isinstance(node, Scalar) else ""
            else:
                self.into[self.key] = node
                self.key = None

    def _scalar(self, event: ScalarEvent) -> Scalar:
        source, style, text = self.source, event.style or "", event.value
        row, column = source.place_of(_index(event.start_mark))
        end_row, end_column = source.place_of(_index(event.end_mark))
        if style in ("'", '"'):
            column, end_column = column + 1, end_column - 1
        elif style in ("|", ">"):
            last = end_row + 1 if end_column else end_row
            rows = [at for at in range(row + 1, last) if source.lines[at].strip(" ")]
            if rows:
                row, end_row = rows[0], rows[-1]
                column = len(source.lines[row]) - len(source.lines[row].lstrip(" "))
                end_column = len(source.lines[end_row])
            else:
                end_row, end_column = row, column
        elif text in NULLS and (self.key is not None or not isinstance(self.into, dict)):
            text = ""
        start, end = source.byte_at(row, column), source.byte_at(end_row, end_column)
        return Scalar(text, row + 1, column + 1, start, end, style)


def _merge(mapping: dict[str, Node]) -> None:
    """`<<: *defaults` resolved in place: the mapping's own keys win, then the first that was merged."""
    merged = mapping.pop("<<")
    sources = merged if isinstance(merged, list) else [merged]
    for source in sources:
        if isinstance(source, dict):
            for key, node in source.items():
                mapping.setdefault(key, node)
