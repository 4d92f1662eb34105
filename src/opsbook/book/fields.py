"""Bold labels and their values: `**Owner:** Platform`, as a line, a bullet, or a bullet with blocks under it.

Reads a parsed document; decides nothing about what a label means.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from opsbook.ground.markdown import Document


class Field(Struct, frozen=True, gc=False):
    """A label and its value by byte ranges: the label's own [start, end) and the value's [value_start, value_end).

    `key` is the label in lower case without its colon. `block` is the paragraph's index; `item` the index of the
    list item whose first line the field is, or -1, and then the blocks inside that item belong to the value too.
    """

    key: str
    name: str
    start: int
    end: int
    value_start: int
    value_end: int
    block: int
    item: int

    def value(self, document: Document) -> str:
        """The value on the label's own lines, as written, without surrounding space, hard breaks and comments."""
        value = document.source(self.value_start, self.value_end)
        if "<!--" in value:
            value = value.partition("<!--")[0]
        return value.strip().rstrip("\\").rstrip()


@lru_cache(maxsize=16_384)
def _label(source: str) -> str:
    return " ".join(source.strip("*_ \t").rstrip(":： ").split())


def read_fields(document: Document) -> tuple[Field, ...]:
    """Every label of a page in order. A strong phrase counts when it opens a line and a colon ends or follows it,
    or when it is a whole line of its own (people write headings that way)."""
    fields: list[Field] = []
    content, blocks = document.content, document.blocks
    for start, end in reversed(document.strongs):  # backwards, since a value ends where the next label begins
        label = document.source(start + 2, end - 2)
        name = _label(label)
        if len(label) > 80 or not name:
            continue
        index = document.index_at(start + 1) - 1
        if index < 0 or blocks[index].kind != "paragraph":
            continue
        limit = blocks[index].end
        if fields and fields[-1].start < limit:
            limit = fields[-1].start
        value_start = end
        if content[end : end + 1] == b":":
            value_start = end + 1
        elif content[end : end + 3] == _WIDE_COLON:
            value_start = end + 3
        elif not label.rstrip().endswith((":", "：")):
            line_end = content.find(b"\n", end, limit)
            if content[end : limit if line_end < 0 else line_end].strip():
                continue
        while content[value_start : value_start + 1] in (b" ", b"\t") and value_start < limit:
            value_start += 1
        is_first = index > 0 and blocks[index - 1].kind == "item" and start <= blocks[index].start + 1
        item = index - 1 if is_first else -1
        fields.append(Field(name.lower(), name, start, value_start, value_start, limit, index, item))
    return tuple(reversed(fields))


_WIDE_COLON = "：".encode()
