"""The parts of procedures, places in their commands, labels near to ours, scripts that only look, calls."""

from __future__ import annotations

from datetime import date

import pytest

from opsbook.book.calls import called
from opsbook.book.labels import is_prose, misspelt
from opsbook.book.lint import Around, LintSettings
from opsbook.book.outline import outline_of
from opsbook.book.page import read_page
from opsbook.book.parts import parts_of, range_of
from opsbook.book.read_only import only_reads
from opsbook.book.shell_texts import scripts

PATH = "docs/operations/procedures/x.md"


def page_of(text: str):
    return read_page(PATH, text.encode())


def test_a_rollback_that_two_procedures_share_is_there_once():
    page = page_of(
        "# X\n\n## Deploy\n1. Go\n   ```bash\n   ./go\n   ```\n\n## Migrate\n1. Go\n   ```bash\n   ./migrate\n   ```\n"
        "\n## Rollback\n1. Back\n   ```bash\n   ./back\n   ```\n"
    )
    texts = [command.text for _, _, command in parts_of(page).commands]
    assert sorted(texts) == ["./back\n", "./go\n", "./migrate\n"]


def test_commands_of_labels_are_there_too():
    page = page_of(
        "# X\n1. Go\n   ```bash\n   ./go\n   ```\n   - **Undo:** `./back`\n   - **Repeat:** ask; done if `./is-done`\n"
        "   - **When:** `test -e /x`\n   - **Dry run:**\n     ```bash\n     ./plan\n     ```\n2. Go on\n"
        "   - **When:** `$ENV` is `production`\n"
    )
    texts = [command.text.strip() for _, _, command in parts_of(page).commands]
    assert texts == ["./go", "./back", "./is-done", "test -e /x", "./plan"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# X\n1. Go\n   ```bash\n   ./go\n   ```\n   - **Time limit:** 5m\n", True),
        ("# X\n1. Go\n   ```bash\n   ./go\n   ```\n   - **Expected output:** all is well\n", False),
        ("# X\n\n**When:** after lunch\n\n1. Go\n   ```bash\n   ./go\n   ```\n", False),
    ],
)
def test_a_page_of_no_kind_of_ours_counts_when_it_speaks_our_language(text, kind):
    assert bool(parts_of(read_page("src/notes.md", text.encode())).procedures) is kind


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["", "   ", "   > "])
def test_a_place_in_a_command_is_a_place_in_the_file(indent, ending):
    lines = ["1. Ünïcode", *(indent + line for line in ("```bash", "échø 'ß'", "if true; then", "  echo X", "fi", "```"))]
    page = read_page(PATH, ("# X\n\n" + "\n".join(lines) + "\n").replace("\n", ending).encode())
    command = parts_of(page).commands[0][2]
    at = command.text.encode().index(b"X")
    start, end = range_of(page.document, command, at, at + 1)
    assert page.document.content[start:end] == b"X"
    assert page.span(start, end).line == 7
    first = command.text.encode().index("ß".encode())
    assert page.document.source(*range_of(page.document, command, first, first + 2)) == "ß"


def test_a_place_in_a_session_is_a_place_in_the_file():
    page = page_of("# X\n1. Look\n   ```console\n   $ ls\n   a b\n   $ cat \\\n   > file\n   ```\n")
    second = list(scripts(page))[1]
    at = second.text.index("file")
    start, end = second.place(page, at, at + 4)
    assert page.document.source(start, end) == "file"


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("timout", "Timeout"), ("aproval", "Approval"), ("rolback process", "Rollback Process"), ("expct", "Expect"),
        ("verfication", "Verification"), ("run onn", "Run on"), ("capure", "Capture"), ("approver", "Approval"),
        ("effect", None), ("export", None), ("required", None), ("progress", None), ("replay", None), ("task", None),
        ("timeout", None), ("run by", None), ("environments", None), ("note", None), ("ask", None),
    ],
)  # fmt: skip
def test_a_label_near_to_one_of_ours_is_a_misspelling_of_it(key, word):
    assert misspelt(key) == word


def test_over_a_whole_procedure_a_label_must_be_nearer():
    assert misspelt("approver", is_near=True) is None
    assert misspelt("timout", is_near=True) == "Timeout"
    assert is_prose("note")
    assert is_prose("root cause")


@pytest.mark.parametrize(
    "script",
    [
        "", "# only a remark", "kubectl get pods -n web | grep -c Running", "sudo systemctl status api --no-pager",
        "curl -fsS http://localhost/health | jq .", "X=$(date +%s)\necho \"$X\"", "cd /srv && ls -l", "git log -3",
        "psql -c 'select 1'", "for pod in a b; do kubectl logs \"$pod\"; done", "timeout 5 tail -f x",
        "kubectl exec api-0 -- ps aux", "if test -e x; then cat x; fi", "find . -name x", "sed -n 1p x",
    ],
)  # fmt: skip
def test_a_script_that_only_looks_is_known(script):
    assert only_reads(script)


@pytest.mark.parametrize(
    "script",
    [
        "kubectl delete pod x", "systemctl restart api", "curl -X POST http://x", "curl -d a=b http://x", "rm x",
        "cat x && ./deploy", "psql -c 'drop table x'", "helm upgrade web .", "sed -i s/a/b/ x", "find . -delete",
        "kubectl exec api-0 -- rm x", "sudo -u web ./migrate", "git push", "echo x | tee /etc/x", "for i in 1; do ./x; done",
    ],
)  # fmt: skip
def test_a_script_that_does_something_is_not_taken_for_one_that_looks(script):
    assert not only_reads(script)


def test_links_that_are_steps_are_calls_and_others_are_not():
    text = (
        "# X\n\nSee [there](y.md#z).\n\n## Go\n1. [Do that](y.md#z)\n2. Read [this](y.md#z) well\n3. [And this](#stop)\n\n"
        "- **Rollback Process:** [Back](y.md)\n\n## Stop\n1. Stop\n"
    )
    paths = frozenset({PATH, "docs/operations/procedures/y.md"})
    around = Around(date(2026, 11, 23), LintSettings(), pages=paths, exists=paths.__contains__)
    outline = outline_of(page_of(text), around)
    assert [(each.href, each.anchor, each.is_call, each.caller) for each in outline.references] == [
        ("y.md#z", "z", False, ""),
        ("y.md#z", "z", True, "go"),
        ("y.md#z", "z", False, ""),
        ("#stop", "stop", True, "go"),
        ("y.md", "", True, "go/rollback"),
    ]
    assert called(outline, "stop") == (PATH, "stop")
    assert called(outline, "go/rollback") == (PATH, "go/rollback")
    assert called(outline, "") is None
    assert called(outline, "elsewhere") is None
