"""The sessions that the manual shows are what the program prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.house.doc_sessions import agrees, replay, rewritten, sessions
from tests.house.lint_picture import PICTURE, drawn, told

from opsbook.entrypoints import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [page for page in sorted(DOCS.glob("*.md")) if "\n```console\n" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_session_shows_what_is_printed(page: Path, tmp_path: Path):
    wrong = [
        "\n".join([f"docs/{page.name}:{shown.line}: $ {shown.command}", *printed])
        for shown, printed in replay(page.read_text(encoding="utf-8"), tmp_path)
        if not agrees(shown.output, printed)
    ]
    assert not wrong, "\n".join(["", *wrong, "'python -m tests.house.doc_sessions' writes them anew."])


def test_the_picture_shows_what_a_terminal_does():
    assert PICTURE.read_text(encoding="utf-8") == drawn(told())


def test_every_link_of_the_manual_leads_somewhere(capsys, monkeypatch):
    monkeypatch.chdir(DOCS.parent)
    pages = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs"]
    rules = "broken-link,broken-anchor,link-escapes-repository"
    assert cli.run(["lint", *pages, "--select", rules, "--no-cache"]) == 0, capsys.readouterr().out


def test_the_manual_shows_sessions():
    assert len(PAGES) >= 4


PAGE = """# A page

````markdown path=docs/a.md
# A
$ not a command
````

```console
$ opsbook show docs/a.md --book docs
A  (page)
...
    1  A
$ cat docs/a.md | head -1
# B
```

```sh
$ not shown in a session
```
"""


def test_a_session_is_a_command_and_the_lines_behind_it():
    assert [(shown.line, shown.command, shown.output) for shown in sessions(PAGE)] == [
        (9, "opsbook show docs/a.md --book docs", ["A  (page)", "...", "    1  A"]),
        (13, "cat docs/a.md | head -1", ["# B"]),
    ]


def test_what_is_printed_is_compared_with_what_is_shown(tmp_path):
    done = replay(PAGE, tmp_path)
    assert [agrees(shown.output, printed) for shown, printed in done] == [True, False]


def test_only_outputs_that_differ_are_written_anew():
    assert rewritten(PAGE) == PAGE.replace("# B\n", "# A\n")


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        (["a"], ["a"], True), (["a"], ["b"], False), ([], [], True), ([], ["a"], False), (["..."], [], True),
        (["✓ done in 6 ms"], ["✓ done in 1.2 s"], True), (["done  Look  6 ms"], ["done  Look  12 ms"], True),
        (["limit: 15 min"], ["limit: 5 min"], False), (["done after 6 ms: x"], ["done after 6 ms: y"], False),
        (["a", "...", "z"], ["a", "b", "c", "z"], True), (["a", "..."], ["b"], False), (["a."], ["ab"], False),
    ],
)  # fmt: skip
def test_three_dots_stand_for_any_lines(shown, printed, is_same):
    assert agrees(shown, printed) is is_same
