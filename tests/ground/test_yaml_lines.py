"""Block YAML by lines: what it accepts it reads as libyaml does, and it says so when it is not sure."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_lines import read_block_yaml
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable


def texts(node: Node) -> object:
    """The tree without its places."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, list):
        return [texts(item) for item in node]
    return {key: texts(value) for key, value in node.items()}


def read(text: str) -> object:
    return [texts(node) for node in read_block_yaml(SourceLines(text))]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: b\n", {"a": "b"}),
        ("a: b # c\n# d\ne: f\n", {"a": "b", "e": "f"}),
        ("a:\n- b\n- c\n", {"a": ["b", "c"]}),
        ("a:\n  - b: 1\n    c: 2\n  -\n    b: 3\n", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ("'a b': 'it''s'\n", {"a b": "it's"}),
        ('"a": "b\\n\\u00e9 # no"\n', {"a": "b\né # no"}),
        ("a: |\n  b\n   c\n\nd: e\n", {"a": "b\n c\n", "d": "e"}),
        ("a: |-\n  b\n", {"a": "b"}),
        ("a: |+\n  b\n\n", {"a": "b\n\n"}),
        ("a: |2\n   b\n", {"a": " b\n"}),
        ("a: >\n  b\n  c\n\n  d\n   e\n", {"a": "b c\nd\n e\n"}),
        ("a: b\n  c\n\n  d\n", {"a": "b c\nd"}),
        ("a: 'b\n\n  c'\n", {"a": "b\nc"}),
        ('a: "b\n  c"\n', {"a": "b c"}),
        ("a: { b: c, 'd': \"e, f\" }\n", {"a": {"b": "c", "d": "e, f"}}),
        ("a: {}\nb: []\n", {"a": {}, "b": []}),
        ("a: ~\nb:\nc: null\n", {"a": "", "b": "", "c": ""}),
        ("a: http://b/c#d\n", {"a": "http://b/c#d"}),
        ("a: b\r\nc: |\r\n  d\r\n", {"a": "b", "c": "d\n"}),
        ("\ufeffa: b\n", {"a": "b"}),
    ],
)
def test_block_yaml_is_read(text: str, tree: object) -> None:
    assert read(text) == [tree]


def test_each_document_of_a_stream_is_read() -> None:
    assert read("---\na: 1\n---\n# none\n---\nb: 2\n") == [{"a": "1"}, {"b": "2"}]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\n", "a: *x\n", "a: !!str 1\n", "? a\n", "a: b: c\n", "a: [b]\n", "a: {b: {c: d}}\n",
        'a: "b\n', "a: @b\n", "a: 'b' c\n", "a: b\nc\n", "a:\n   b: 1\n  c: 2\n", "a: b # c\n  d\n",
        "a: \x00\n", "a: b\rc: d\n", "a: |x\n", "a: - b\n", "a: {{ b }}\n", "{{ if }}\n", "<<: a\n",
        "\ta: b\n", "%YAML 1.2\n---\na: b\n",
    ],
)  # fmt: skip
def test_it_refuses_what_it_is_not_sure_of(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_a_scalar_stands_where_its_own_text_begins() -> None:
    (tree,) = read_block_yaml(SourceLines('\ufeffé: "ü x"\nb: >-\n  y\n'))
    assert isinstance(tree, dict)
    assert tree["é"] == Scalar("ü x", 1, 5, 8, 12, '"')
    assert tree["b"] == Scalar("y", 3, 3, 22, 23, ">")


def test_nesting_has_an_end() -> None:
    with pytest.raises(Unreadable, match="60 levels"):
        read("- " * 50_000 + "a")


@pytest.mark.parametrize("opening", ["- ", "[", "{a: "])
def test_nesting_has_an_end_for_libyaml_too(opening: str) -> None:
    with pytest.raises(Unreadable, match="200 levels"):
        read_any_yaml(SourceLines(opening * 50_000 + "a"))


def test_anchors_and_merge_keys_are_resolved() -> None:
    text = "x: &d {a: 1, b: 2}\ny: &e {c: 3}\nz:\n  <<: [*d, *e]\n  b: 4\nw: *d\n"
    (tree,) = read_any_yaml(SourceLines(text))
    assert texts(tree) == {
        "x": {"a": "1", "b": "2"},
        "y": {"c": "3"},
        "z": {"b": "4", "a": "1", "c": "3"},
        "w": {"a": "1", "b": "2"},
    }


def test_what_is_no_yaml_is_refused_with_its_place_and_what_was_read() -> None:
    with pytest.raises(Unreadable) as wrong:
        read_any_yaml(SourceLines("a: 1\nb: c: d\n"))
    assert (wrong.value.line, wrong.value.column) == (2, 5)
    assert texts(wrong.value.partial[0]) == {"a": "1", "b": "c"}


def same_as_libyaml(text: str) -> bool:
    """Whether the text was accepted; what is accepted must be the same to the last byte range."""
    source = SourceLines(text)
    try:
        mine = read_block_yaml(source)
    except Unreadable:
        return False
    assert mine == read_any_yaml(source)
    return True


def test_every_yaml_file_of_the_corpora_is_read_as_libyaml_reads_it(corpora: Path) -> None:
    files = [path for path in sorted(corpora.rglob("*")) if path.suffix in (".yml", ".yaml")]
    accepted = 0
    for path in files:
        text = path.read_text()
        accepted += same_as_libyaml(text)
        same_as_libyaml("\ufeff" + text.replace("\n", "\r\n").replace("description", "désçription"))
    assert accepted > 0.95 * len(files) > 100


LINES = st.sampled_from(
    [
        "a: b", "a:", "- a", "-", "- a: b", "- - a", "a: 'b'", 'a: "b"', "a: |", "a: >",
        "a: |-", "a: >+", "a: |2",
        "b c", "# c", "a: b # c", "", "", "'q", 'q"', "a: 'q", 'a: "q', "{a: b}", "a: [",
        "a: { b: c, d: 'e' }",
        "]", "a: {b: 'c', d: e }", '- {a: "b"}', "a: {b: c d, e: f} # g", "---", "...",
        "a: {{ b }}", "{{ b }}",
        "x: *a", "x: &a b", "<<: *a", "a: ~", 'a: "\\n\\x41"', "é: ü", "\t", "a: http://b",
        "a: b:", ": a", "? a",
        "a : b", "a:\tb", "'a b': c", '"a": b', "null: a", "a: '' ", "a: b  ",
    ]
)  # fmt: skip
INDENTS = st.sampled_from(["", "", "  ", "  ", "    ", "   ", " ", "      "])
TEXTS = st.builds(
    lambda lines, break_, end: break_.join(indent + line for indent, line in lines) + end,
    st.lists(st.tuples(INDENTS, LINES), max_size=8),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n", " "]),
)


@given(TEXTS)
def test_what_is_accepted_is_read_as_libyaml_reads_it(text: str) -> None:
    same_as_libyaml(text)


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (read_block_yaml, read_any_yaml):
        try:
            reader(SourceLines(text))
        except Unreadable as refused:
            assert refused.line >= 1
            assert refused.column >= 1
