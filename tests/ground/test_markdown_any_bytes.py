"""Whatever the bytes of a page, the reader gives blocks that lie within it and agree with one another, and soon."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.markdown_pieces import any_page

from opsbook.ground import markdown
from opsbook.ground.markdown import Document, parse

SOURCE = Path(markdown.__file__).parents[2]
DEEP = 50_000


@given(any_page())
def test_every_range_lies_within_the_content_and_in_reading_order(raw):
    document = parse(raw)
    size = len(document.content)
    assert size == len(raw)
    document.content.decode("utf-8")
    starts = [block.start for block in document.blocks]
    assert starts == sorted(starts)
    ranges = [(block.start, block.end) for block in document.blocks]
    ranges += [(link.start, link.end) for link in document.links] + document.strongs
    assert all(0 <= start <= end <= size for start, end in ranges)
    assert 0 <= document.front_start <= size


@given(any_page())
def test_finding_a_block_by_its_place_agrees_with_the_list_of_blocks(raw):
    document = parse(raw)
    blocks = document.blocks
    for index, block in enumerate(blocks):
        first = document.index_at(block.start)
        assert blocks[first].start == block.start
        stop = document.stop(index)
        assert all(other.start < block.end for other in blocks[index + 1 : stop])
        assert all(other.start >= block.end for other in blocks[stop:])
        for child in document.inside(index):
            assert index < child < stop
    outermost = list(document.children(0, len(blocks)))
    seen = [inner for outer in outermost for inner in range(outer, document.stop(outer))]
    assert seen == list(range(len(blocks)))


@given(any_page())
def test_the_lists_of_headings_codes_lists_tables_and_tasks_are_those_of_the_blocks(raw):
    document = parse(raw)
    blocks = document.blocks
    assert document.headings == [block for block in blocks if block.kind == "heading"]
    assert document.codes == [i for i, block in enumerate(blocks) if block.kind == "code"]
    assert document.ordered == [i for i, block in enumerate(blocks) if block.kind == "list" and block.level >= 0]
    assert document.tables == [i for i, block in enumerate(blocks) if block.kind == "table"]
    assert sorted(document.tasks) == [i for i, block in enumerate(blocks) if block.kind == "item" and block.level]


@given(any_page())
def test_the_line_of_a_byte_is_the_same_on_a_small_page_and_on_a_large_one(raw):
    small, large = parse(raw), Document(raw + b"\n" * 70_000, True)
    for offset in range(0, len(raw) + 1, max(1, len(raw) // 40)):
        assert small.line(offset) == large.line(offset) == raw.count(b"\n", 0, offset) + 1


@given(any_page(), st.lists(st.integers(0, 400), max_size=30))
def test_a_place_is_a_line_and_a_column_of_the_text_as_an_editor_shows_it(raw, order):
    document = parse(raw)
    text = document.content.decode().removeprefix("\ufeff")
    lines = text.split("\n")
    starts = [block.start for block in document.blocks[:50]]
    for start in [*starts, *(starts[at % len(starts)] for at in order if starts)]:
        span = document.span("a.md", start, start)
        before = document.content[:start].decode("utf-8", "replace").removeprefix("\ufeff")
        assert "\n".join([*lines[: span.line - 1], lines[span.line - 1][: span.column - 1]]) == before


@pytest.mark.parametrize(
    "raw",
    [
        b">" * DEEP + b" a", b"> " * DEEP + b"a", b"- " * DEEP + b"a", b"1. " * DEEP + b"a", b"[" * DEEP + b"a" + b"]" * DEEP,
        b"[" * DEEP + b"a" + b"](b)" * DEEP, b"![" * DEEP, b"*a " * DEEP, b"*_" * DEEP + b"a" + b"_*" * DEEP, b"`a``" * DEEP,
        b"<a " * DEEP, b"<!--" * DEEP, b"<a href=" * DEEP, b"|" * DEEP + b"\n" + b"|-" * DEEP, b"# a\n" * DEEP, b"\x00" * DEEP,
        b"\xff" * DEEP, b"\r" * DEEP, b"---\n" * DEEP, b"[a]: b\n" * DEEP, b"".join(b" " * 2 * i + b"- a\n" for i in range(2000)),
    ],
    ids=lambda raw: repr(raw[:12]),
)  # fmt: skip
def test_nesting_and_repeating_fifty_thousand_times_costs_less_than_two_seconds(raw):
    began = time.process_time()
    document = parse(raw)
    assert time.process_time() - began < 2
    if document.blocks:
        list(document.inside(0))
        document.stop(len(document.blocks) - 1)


def test_the_places_of_a_line_of_megabytes_are_told_in_good_time():
    document = parse(b"word [x](gone.md) " * 150_000)
    began = time.process_time()
    columns = [document.span("a.md", link.start, link.end).column for link in document.links]
    assert time.process_time() - began < 5
    assert columns == [18 * number + 6 for number in range(150_000)]


def test_a_page_of_fifty_megabytes_is_read_in_bounded_time_and_memory():
    """In a program of its own, so that its memory alone is measured. It takes 4 s and 770 MB where this was written;
    the bounds leave room for slower machines, and none for growth that is not linear."""
    program = (
        "import resource, time\n"
        "from opsbook.ground.markdown import parse\n"
        "unit = b'## Heading\\n\\n' + b'Words that say nothing, and a [link](a.md).\\n' * 10 + b'\\n```sh\\nls\\n```\\n\\n'\n"
        "raw = unit * (50_000_000 // len(unit))\n"
        "began = time.process_time()\n"
        "document = parse(raw)\n"
        "assert len(document.links) == raw.count(b'link') and document.line(len(raw)) == raw.count(b'\\n') + 1\n"
        "print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, timeout=120)
    assert done.returncode == 0, done.stderr
    seconds, kibibytes = map(float, done.stdout.split())
    assert seconds < 20
    assert kibibytes < 1_000_000
