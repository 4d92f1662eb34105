"""The page of every lint rule is its test; and the reading of such pages has tests of its own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.book.rule_pages import Example, Mistake, read_examples, unmarked

from opsbook.config import load
from opsbook.config_file import FIELDS
from opsbook.usecases.lint import Scope, lint
from opsbook.usecases.ports import Alerting
from opsbook.wire import build_book, build_workers, lint_settings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "rules"
PAGES = [path for path in sorted(FOLDER.glob("*.md")) if path.stem != "README"]


def lint_example(
    files: dict[str, str], settings: dict[str, str], rules: frozenset[str], folder: Path
) -> set[tuple[str, int, str]]:
    """What the named rules find in a small book, as (path, line, rule).

    The book is a repository of its own. Files of YAML are alert rules, of JSON
    dashboards; a setting is a key of opsbook.toml, or `today`,
    or `url_base` as --url-base takes it, or `practised` as PATH#ANCHOR=DATE and `verified` as
    names for what the ledger tells.
    """
    for path, text in {".git/HEAD": "ref: refs/heads/main\n", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    config = load(book=str(folder), environ={}, here=str(folder))
    config = replace(config, **dict(given(key, value) for key, value in settings.items() if key not in OF_THE_CALL))
    rule_files = [str(folder / path) for path in files if path.endswith((".yml", ".yaml"))]
    bases = dict([settings["url_base"].rsplit("=", 1)]) if "url_base" in settings else {}
    today = date.fromisoformat(settings.get("today", "2026-11-23"))
    told = [each.rsplit("=", 1) for each in settings.get("practised", "").split(",") if each]
    practised = {where: date.fromisoformat(day) for where, day in told}
    verified = {name: True for name in settings.get("verified", "").split(",") if name}
    lint_how = replace(lint_settings(config), practised=practised, verified=verified)
    boards = tuple(str(folder / path) for path in files if path.endswith(".json"))
    alerting = Alerting(tuple(rule_files), bases)
    scope = Scope(today, lint_how, select=tuple(rules), alerting=alerting, dashboards=boards)
    book = build_book(config)
    return {(f.span.path, f.span.line, f.rule) for f in lint(book, book, scope, build_workers()).findings}


OF_THE_CALL = ("today", "url_base", "practised", "verified")


def given(key: str, value: str) -> tuple[str, object]:
    """A key of opsbook.toml with a value in one word, as the field of Config and its value."""
    field = next(field for field in FIELDS if field.key == key or key.startswith(field.key + "."))
    if field.shape == "days":
        return field.into, int(value)
    words = tuple(value.split(","))
    if field.shape.startswith("table"):
        name = key.removeprefix(field.key + ".")
        return field.into, {name: words if field.shape == "table of lists" else value}
    return field.into, words if field.shape == "list" else value


def cases() -> list[object]:
    """One case for each small book of each page; a page that cannot be read is a case that says so."""
    found: list[object] = []
    for page in PAGES:
        try:
            examples = read_examples(page.read_text(encoding="utf-8"))
        except Mistake as mistake:
            found.append(pytest.param(page, mistake, id=page.stem))
            continue
        found += [pytest.param(page, each, id=f"{page.stem}: {each.heading}") for each in examples]
    return found


@pytest.mark.parametrize(("page", "example"), cases())
def test_the_marked_lines_are_found_and_no_others(page: Path, example: Example | Mistake, tmp_path: Path):
    if isinstance(example, Mistake):
        pytest.fail(f"{page.name}: {example}", pytrace=False)
    rules = frozenset({page.stem}) | {rule for _, _, rule in example.expected}
    found = {each for each in lint_example(example.files, example.settings, rules, tmp_path) if each[2] in rules}
    wrong = [f"{path}:{line} [{rule}] is marked, not found" for path, line, rule in sorted(example.expected - found)]
    wrong += [f"{path}:{line} [{rule}] is found, not marked" for path, line, rule in sorted(found - example.expected)]
    assert not wrong, "\n".join([f"{page.name}:{example.line} '{example.heading}'", *wrong])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_shows_what_its_rule_finds(page: Path):
    if page.stem == "unreadable-page":  # a page of a manual can hold no unreadable page; tests/adapters has real ones
        return
    examples = read_examples(page.read_text(encoding="utf-8"))
    assert any(rule == page.stem for each in examples for _, _, rule in each.expected)
    assert page.read_text(encoding="utf-8").startswith(f"# {page.stem}\n")


PAGE = """# stale

Quoted for the reader, and no example:

```markdown path=no.md
# not a heading of this page <!-- [stale] -->
```

## Found

````markdown path=docs/a.md today=2026-11-23 lint.stale_days=90
# A
**Last Updated:** 2020-01-01   <!-- [stale] -->
```sh
echo <!-- kept -->
```
````

Another file of the same book.

````yaml path=rules/x.yml
groups: [] # [stale] [no-owner]
````

### Not found

````markdown path=docs/a.md title="two words"
# A
````

`````markdown
````markdown path=quoted.md
An example that is only quoted. <!-- [stale] -->
````
`````
"""


def test_each_heading_with_fences_is_a_small_book():
    found, not_found = read_examples(PAGE)
    assert (found.heading, found.line) == ("Found", 9)
    assert found.files == {
        "docs/a.md": "# A\n**Last Updated:** 2020-01-01  \n```sh\necho <!-- kept -->\n```\n",
        "rules/x.yml": "groups: []\n",
    }
    assert found.settings == {"today": "2026-11-23", "lint.stale_days": "90"}
    assert found.expected == {("docs/a.md", 2, "stale"), ("rules/x.yml", 1, "stale"), ("rules/x.yml", 1, "no-owner")}
    assert not_found == Example("Not found", 25, {"docs/a.md": "# A\n"}, {"title": "two words"}, frozenset())


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("````markdown\n````\n", "line 1: an example fence tells path="),
        ("````markdown path=../x.md\n````\n", "line 1: an example fence tells path="),
        ("````markdown path=/x.md\n````\n", "line 1: an example fence tells path="),
        ("text\n````markdown path=x.md\n", "line 2: this fence is never closed"),
        ("````markdown path=x.md\n````\n````markdown path=x.md\n````\n", "line 3: x.md is there twice"),
        ("````md path=x.md\n````\n````md path=y.md today=1\n````\n", "line 3: settings stand on the first fence"),
        ("````markdown path=x.md oops\n````\n", "line 1: the words after a fence"),
        ("````path=x.md\n````\n", "line 1: the words after a fence"),
    ],
)
def test_a_page_that_cannot_be_a_test_says_where(page, said):
    with pytest.raises(Mistake) as mistake:
        read_examples(page)
    assert str(mistake.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "language", "left", "marked"),
    [
        ("a <!-- [x] -->", "markdown", "a", [(1, "x")]),
        ("a<!-- [x] -->", "md", "a", [(1, "x")]),
        ("\n<!-- [x-y] -->\n", "markdown", "\n\n", [(2, "x-y")]),
        ("a <!-- x -->", "markdown", "a <!-- x -->", []),
        ("a <!-- [x] --> b", "markdown", "a <!-- [x] --> b", []),
        ("# [x]", "markdown", "", [(1, "x")]),
        ("a <!-- [x] -->  ", "markdown", "a", [(1, "x")]),
        ("a: 1 # [x]", "yaml", "a: 1", [(1, "x")]),
        ("a: 1 # [x] [y]", "yaml", "a: 1", [(1, "x"), (1, "y")]),
        ("a: 1 # note", "yaml", "a: 1 # note", []),
        ("a <!-- [x] -->", "yaml", "a <!-- [x] -->", []),
    ],
)
def test_markers_are_taken_out_and_lines_stay_where_they_are(text, language, left, marked):
    assert unmarked(text, language) == (left, marked)


@hypothesis.given(st.text(alphabet="ab# `\n<!->[]=~", max_size=200) | st.text(max_size=200))
def test_reading_a_page_ends_in_examples_or_in_a_mistake(page):
    try:
        examples = read_examples(page)
    except Mistake as mistake:
        assert 1 <= mistake.line <= page.count("\n") + 1
    else:
        assert all(example.files for example in examples)


@hypothesis.given(
    st.lists(st.sampled_from(["a", "a <!-- [x] -->", "", "a # [x]"]), max_size=9), st.sampled_from(["md", "yaml"])
)
def test_a_file_has_as_many_lines_without_its_markers(lines, language):
    left, _ = unmarked("\n".join(lines), language)
    assert left.count("\n") == max(len(lines) - 1, 0)
    assert unmarked(left, language)[1] == []
