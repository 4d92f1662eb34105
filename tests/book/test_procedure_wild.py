"""Procedures as people write them without our template: broken lists, numbered headings, boxes, sessions, open slots."""

from __future__ import annotations

import pytest
from tests.book.procedure_text import line, only, procedures, told

PAGE = "procedures/a.md"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        # A fence that is not indented breaks the list; the numbers go on.
        ("1. a\n```bash\nx\n```\n2. b\n```bash\ny\n```\n", ["1: a $ x", "2: b $ y"]),
        ("1. a\n\n```bash\nx\n```\n\n2. b\n", ["1: a $ x", "2 manual: b"]),
        ("1. a\n```bash\nx\n```\n1. b\n", ["1: a $ x", "2 manual: b"]),
        ("1. a\n\n```bash\nx\n```\n\nSome words.\n\n2. b\n", ["1: a\nSome words. $ x", "2 manual: b"]),
        ("1. a\n```bash\nx\n```\n```bash\ny\n```\n2. b\n", ["1: a $ x $ y", "2 manual: b"]),
        ("1. a\n```yaml\nx: 1\n```\n2. b\n", ["1 manual: a", "2 manual: b"]),
        ("1. a\n2. b\n```bash\nx\n```\n\nThe end.\n\n```bash\nnever\n```\n", ["1 manual: a", "2: b $ x"]),
        # Numbers as rendered.
        ("3. a\n3. b\n", ["3 manual: a", "4 manual: b"]),
        ("0. a\n1. b\n", ["1 manual: a", "2 manual: b"]),
        # Steps below steps, and several fences in one.
        ("1. a\n   1. b\n      ```sh\n      x\n      ```\n   2. c\n2. d\n", ["1 manual: a", "1.1: b $ x", "1.2 manual: c", "2 manual: d"]),
        ("1. a\n   ```sh\n   x\n   ```\n   and\n   ```sh\n   y\n   ```\n", ["1: a\nand $ x $ y"]),
        # Other fences are documentation.
        ("1. a\n   ```yaml\n   x: 1\n   ```\n   ```mermaid\n   x\n   ```\n   ```\n   ls\n   ```\n", ["1 manual: a"]),
        # Links, boxes, labels.
        ("1. [Do it](b.md#do)\n2. [Do](c.md) and more\n", ["1 sub-run: [Do it](b.md#do)", "2 manual: [Do](c.md) and more"]),
        ("- [ ] a\n- [x] b\n  ```sh\n  x\n  ```\n", ["1 manual: a", "2: b $ x"]),
        ("1. [ ] a\n2. [ ] b\n", ["1 manual: a", "2 manual: b"]),
        ("1. a\n   - **Approval:** @ops\n2. b\n   - **Note:** c\n   - d\n", ["1 approval: a", "2 manual: b\nd"]),
        ("1. **Stop it:** now\n2. **Start it**\n", ["1 manual: **Stop it:** now", "2 manual: **Start it**"]),
        # Expected output belongs to the command before it.
        ("1. a\n   ```sh\n   x\n   ```\n   Expected output:\n   ```text\n   ok\n   ```\n2. b\n", ["1: a $ x", "2 manual: b"]),
        ("```sh\nx\n```\n\nExpected output:\n\n```\nok\n```\n\n```sh\ny\n```\n", ["1: Run the command $ x", "2: Run the command $ y"]),
    ],
)  # fmt: skip
def test_a_list_is_one_sequence_of_steps(text, steps):
    assert only(f"# Do\n\n{text}", PAGE) == steps


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("# Do\n\n## Step 1: Build it\n\n```bash\nmake\n```\n\n## Step 2: Ship\n\n1. x\n2. y\n",
         ["1: Build it $ make", "2 manual: Ship", "2.1 manual: x", "2.2 manual: y"]),
        ("# Do\n\n## Procedure\n\n### Step 1 - Build\n\ntext\n\n### Step 2 - Ship\n\ntext\n", ["1 manual: Build", "2 manual: Ship"]),
        ("# Do\n\n## 1. Build\n\n```bash\nmake\n```\n\n### Why\n\nwords\n\n## 2. Ship\n\n**Approval:** @ops\n",
         ["1: Build $ make", "2 approval: Ship"]),
        ("# Do\n\n## Prerequisites\n\n- access\n\n## Step 1: a\n\n## Step 2: b\n\n## Verification\n\nlook\n",
         ["prerequisite.1 manual: access", "1 manual: a", "2 manual: b", "verify.1 manual: look"]),
    ],
)  # fmt: skip
def test_numbered_headings_are_steps(text, steps):
    (procedure,) = procedures(text, PAGE).values()
    assert told(procedure) == steps


@pytest.mark.parametrize(
    "text",
    ["# Notes\n\n## 1. Overview\n\n## 2. Deployment\n\n```sh\nx\n```\n", "# Notes\n\n## 1. First\n\nwords\n\n## 2. Second\n\nwords\n"],
)
def test_numbered_chapters_are_no_steps(text):
    assert all(len(procedure.steps) < 2 for procedure in procedures(text, PAGE).values())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Do\n\n### Restart\n1. a\n\n#### Verification\n1. v\n\n#### Rollback\n```sh\nr\n```\n",
         {"restart": ["1 manual: a", "verify.1 manual: v", "rollback.1: Run the command $ r"]}),
        ("# Do\n\n## Steps\n\n1. a\n\n## Verification\n\n- v\n- w\n\n## Rollback\n\n1. r\n",
         {"steps": ["1 manual: a", "verify.1 manual: v", "verify.2 manual: w", "rollback.1 manual: r"], "rollback": ["1 manual: r"]}),
        ("# Do\n\n## A\n\n1. a\n\n### Verification\n\n- v\n\n## B\n\n1. b\n\n## Verification\n\nlook\n",
         {"a": ["1 manual: a", "verify.1 manual: v"], "b": ["1 manual: b", "verify.1 manual: look"]}),
        ("# Do\n\n## A\n\n1. a\n\n## B\n\n1. b\n\n## Rollback\n\n1. r\n",
         {"a": ["1 manual: a"], "b": ["1 manual: b", "rollback.1 manual: r"], "rollback": ["1 manual: r"]}),
        ("# Do\n\n1. a\n\n## How to verify\n\n```sh\nv\n```\n", {"do": ["1 manual: a", "verify.1: Run the command $ v"]}),
    ],
)  # fmt: skip
def test_headings_below_and_beside_a_procedure_are_its_check_and_its_rollback(text, found):
    assert {anchor: told(procedure) for anchor, procedure in procedures(text, PAGE).items()} == found


@pytest.mark.parametrize(
    ("block", "commands", "why"),
    [
        ("```console\n$ ls -l\ntotal 0\n$ make x \\\n    y\n```", ["ls -l", "make x \\\n    y"], None),
        ("```bash\nsystemctl restart <service-name>\n```", ["systemctl restart <service-name>"], "<service-name>"),
        ("```sh\ncurl {{ HOST }}\n```", ["curl {{ HOST }}"], "{{ HOST }}"),
        ("```sh\nexport TOKEN=...\n```", ["export TOKEN=..."], None),
        ("```sh\ncurl ... https://x\n```", ["curl ... https://x"], "..."),
        ("```sh\n```", [], "empty"),
        ("```sh\n# only words\n```", [], "comments"),
        ("```console\nplain words of output\n```", [], "prompt"),
        ("```bash\necho \"$NAME\" | jq '.a[]' > /tmp/x\n```", ["echo \"$NAME\" | jq '.a[]' > /tmp/x"], None),
    ],
)  # fmt: skip
def test_a_command_that_cannot_run_says_why(block, commands, why):
    (procedure,) = procedures(f"# Do\n\n1. a\n\n{block}\n", PAGE).values()
    (step,) = procedure.steps
    assert [text.text for command in step.commands for text in command.code.commands] == commands
    assert step.kind == "command"
    if why is None:
        assert step.why_not is None and step.runnable
    else:
        assert step.why_not is not None and why in step.why_not and not step.runnable


def test_one_command_that_cannot_run_stops_its_step_and_no_other():
    text = "# Do\n\n1. a\n   ```sh\n   x\n   ```\n   ```sh\n   y <z>\n   ```\n2. b\n   ```sh\n   w\n   ```\n"
    (procedure,) = procedures(text, PAGE).values()
    assert [step.runnable for step in procedure.steps] == [False, True]


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ("| `A` | string | `x` | words |", ("A", "string", "x", False, "words")),
        ("| `$A` | | required | |", ("A", "string", None, True, "")),
        ("| A | `x` \\| `y` | | |", ("A", "`x` | `y`", None, True, "")),
        ("| A | number | - | |", ("A", "number", None, True, "")),
        ("| A |", ("A", "string", None, True, "")),
    ],
)
def test_a_row_of_the_table_is_a_parameter(row, read):
    text = f"# Do\n\n| Parameter | Type | Default | Description |\n|---|---|---|---|\n{row}\n\n1. a\n"
    (procedure,) = procedures(text, PAGE).values()
    assert [(p.name, p.type, p.default, p.required, p.description) for p in procedure.parameters] == [read]


@pytest.mark.parametrize("head", ["| Param | Default |", "| Parameters | Default |", "| PARAMETER | Default |"])
def test_the_table_is_known_by_its_first_head(head):
    (procedure,) = procedures(f"# Do\n\n{head}\n|-|-|\n| A | b |\n\n1. a\n", PAGE).values()
    assert [(p.name, p.default, p.required) for p in procedure.parameters] == [("A", "b", False)]


@pytest.mark.parametrize(
    ("commands", "implied"),
    [
        ("echo $NAME ${OTHER}", ["NAME", "OTHER"]),
        ("NAME=x\necho $NAME", []),
        ("export NAME=x; echo $NAME $HOME $PATH $USER", []),
        ("for HOST in a b; do echo $HOST; done", []),
        ("read -r LINE; echo $LINE", []),
        ("echo '$NAME' \\$NAME", []),
        ("echo $lower $1 $? $$", []),
        ("cat <<'E'\n$NAME\nE", []),
    ],
)
def test_a_variable_that_nothing_sets_is_a_parameter(commands, implied):
    (procedure,) = procedures(f"# Do\n\n```bash\n{commands}\n```\n", PAGE).values()
    assert [parameter.name for parameter in procedure.parameters] == implied


def test_a_variable_that_an_earlier_step_exports_is_no_parameter_and_a_later_one_is():
    text = "# Do\n\n1. a\n   ```sh\n   export A=1\n   echo $B\n   ```\n2. b\n   ```sh\n   echo $A; export B=2\n   ```\n"
    (procedure,) = procedures(text, PAGE).values()
    assert [parameter.name for parameter in procedure.parameters] == ["B"]


def test_the_parameters_of_the_table_come_before_those_that_are_implied():
    text = "# Do\n\n| Parameter | Default |\n|-|-|\n| Z | x |\n\n```sh\necho $A $Z\n```\n"
    (procedure,) = procedures(text, PAGE).values()
    assert [(p.name, p.is_declared) for p in procedure.parameters] == [("Z", True), ("A", False)]


def test_a_step_knows_its_place_and_its_written_number():
    raw = "# Do\n\n1. é\n5. b\n\n   words\n"
    (procedure,) = procedures(raw, PAGE).values()
    first, second = procedure.steps
    assert (first.number, first.written, second.number, second.written) == ("1", 1, "2", 5)
    assert raw.encode()[second.start : second.end].decode().startswith("5. b")
    assert line(second) == "2 manual: b\nwords"


@pytest.mark.parametrize("deep", ["1. " * 3000 + "a", "".join("   " * i + "1. a\n" for i in range(300)), "- **Undo:** " * 800 + "x"])
def test_lists_nested_without_end_are_read_as_far_as_a_person_could(deep):
    for procedure in procedures(f"# Do\n\n{deep}\n", PAGE).values():
        assert 1 <= len(procedure.steps) < 100


LABELLED = """# A

## Do it

1. Switch
   - **When:** `test -e "$MARKER"`
   ```bash
   new=x; switch "$VERSION"
   ```
   - **Repeat:** ask; done if `is-at "$AT" "$VERSION"`
   - **Undo:** `switch "$PREVIOUS" "$LATER"`
2. Write
   ```bash
   echo a
   ```
   - **Capture:** `LATER` from output
   - **Undo:**
     ```bash
     remove "$WRITTEN"
     ```
3. Look
   - **When:** `$KIND` is `large`
"""


def test_variables_of_commands_in_labels_are_parameters_too_as_a_run_has_them():
    (procedure,) = procedures(LABELLED, PAGE).values()
    assert [parameter.name for parameter in procedure.parameters] == [
        "MARKER", "VERSION", "AT", "KIND", "PREVIOUS", "WRITTEN",
    ]  # fmt: skip
