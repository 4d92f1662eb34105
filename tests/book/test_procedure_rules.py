"""The rules about procedures together: the bad runbook, the good ones, what --fix does, and the pages of the wild."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.procedure_examples import DEPLOY as B
from tests.book.procedure_examples import RESTART
from tests.book.procedure_examples import RESTORE as C
from tests.book.procedure_lint import PROCEDURE_RULES, findings, mended, told

from opsbook.book.lint import LintSettings
from opsbook.book.page import read_page
from opsbook.book.parts import parts_of

BAD = """# Bad

### Restart
1. Restart
```bash
systemctl restart <service-name>
```
2. Check {{ENV}}
   ```bash
   echo {{ENV}} && curl https://$HOST/h
   ```
   - **Timout:** 5 minutes
   - **Aproval:** @nobody
3. 
   ```bash
   ```
3. Twice
   ```python timeout=abc
   print(1)
   ```
   - **Expect:** output matches `/(/`
- **Rollback:** [x](missing.md#nope)
"""

A = "# Payments Runbook\n\n## Common Operations\n\n" + RESTART

FAILOVER = """# Failover

## Fail over

1. Promote the replica
   ```bash
   pg_ctl promote
   ```

- **Verification:** `pg_isready` answers
"""

FOLDER = "docs/operations/procedures/"
INVENTORY = LintSettings(
    targets=frozenset({"web", "db-1", "databases"}),
    people=frozenset({"alice", "bob"}),
    approvers={"sre-leads": ("alice", "bob")},
)


def test_the_bad_runbook_gets_what_its_author_must_know():
    assert told({FOLDER + "bad.md": BAD}) == [
        (3, "no-verification", "The procedure 'Restart' has no verification."),
        (5, "stray-fence", "The command block is not indented under step 1, and taken as part of it all the same."),
        (6, "step-placeholder", "The placeholder <service-name> would be read by the shell as a redirection."),
        (8, "undeclared-variable", "$HOST is not a parameter, a captured value or in the step's environment list; "
                                   "a run asks for it at the start."),
        (10, "text-substitution", "{{ENV}} is text substitution, which is never done."),
        (12, "unknown-field", "There is no field **Timout:**."),
        (13, "unknown-field", "There is no field **Aproval:**."),
        (14, "step-without-text", "Step 3 has no text."),
        (15, "empty-command", "The command block is empty."),
        (17, "step-number", "The step number 3 is rendered as 4."),
        (18, "invalid-value", "timeout=abc is not a duration such as 30s, 5m, 2h."),
        # The reference's list ends with line 18; its catalogue asks for this one too.
        (21, "invalid-regex", "The regex /(/ does not compile: missing ), unterminated subpattern at its character 1."),
    ]  # fmt: skip


def test_the_bad_runbook_is_told_how_to_mend_it():
    fixes = {(found.span.line, found.rule): found.fix for found in findings({FOLDER + "bad.md": BAD})}
    assert fixes[5, "stray-fence"] == "Indent by 3 spaces."
    assert fixes[6, "step-placeholder"] == 'Declare a parameter and write "$SERVICE_NAME".'
    assert fixes[10, "text-substitution"] == 'Declare a parameter and write "$ENV".'
    assert fixes[12, "unknown-field"] == "Did you mean **Timeout:**?"
    assert fixes[13, "unknown-field"] == "Did you mean **Approval:**?"
    assert fixes[17, "step-number"] == "Write 4."


def test_the_placeholder_itself_is_pointed_at():
    found = next(f for f in findings({FOLDER + "bad.md": BAD}) if f.rule == "step-placeholder")
    assert (found.span.line, found.span.column) == (6, 19)
    assert BAD.encode()[found.span.start : found.span.end] == b"<service-name>"
    found = next(f for f in findings({FOLDER + "bad.md": BAD}) if f.rule == "text-substitution")
    assert (found.span.line, found.span.column) == (10, 9)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_fix_mends_what_has_one_right_answer_and_nothing_else(ending):
    before = BAD.replace("\n", ending).encode()
    found = findings({FOLDER + "bad.md": before})
    after = mended(before, found)
    assert after.replace(b"\r\n", b"\n").decode() == (
        BAD.replace("```bash\nsystemctl restart <service-name>\n```", "   ```bash\n   systemctl restart <service-name>\n   ```")
        .replace("Timout", "Timeout").replace("Aproval", "Approval").replace("3. Twice", "4. Twice")
    )  # fmt: skip
    left = {f.rule for f in findings({FOLDER + "bad.md": after}) if f.edits}
    assert not left


@pytest.mark.parametrize("settings", [None, INVENTORY], ids=["no inventory", "an inventory"])
@pytest.mark.parametrize(
    ("path", "text"),
    [("docs/operations/runbooks/payments.md", A), (FOLDER + "deploy.md", B), (FOLDER + "restore.md", C)],
    ids="ABC",
)
def test_the_good_examples_are_good(path, text, settings):
    found = findings({path: text, FOLDER + "failover.md": FAILOVER}, settings)
    grave = [(f.span.line, f.rule) for f in found if f.severity != "info"]
    # C asks for a monthly drill and says of none that it took place.
    assert grave == ([(3, "not-practised")] if text is C else [])


def test_what_the_good_examples_leave_open_is_only_hinted_at():
    found = findings({FOLDER + "restore.md": C, FOLDER + "failover.md": FAILOVER})
    assert [(f.span.line, f.rule) for f in found if f.severity == "info"] == [(19, "repeat-unknown")]


def test_the_template_of_the_user_owes_nothing_but_its_slots():
    page = """# [Service Name] Runbook

**Service:** [Service Name]  
**Owner:** [Team/Person]  

## Deployment

### Staging
- **Environment:** [URL]
- **Deployment Process:** [Steps]
- **Verification:** [How to verify]

### Production
- **Environment:** [URL]
- **Deployment Process:** [Steps]
- **Rollback Process:** [Steps]
- **Verification:** [How to verify]

## Common Operations

### Restart Service
1. [Step 1]
2. [Step 2]

## Troubleshooting

### Issue: [Problem Description]
**Symptoms:** [What you see]  
**Cause:** [Root cause]  
**Solution:** [How to fix]
"""
    assert told({"docs/operations/runbooks/api.md": page}) == []


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([*BAD.splitlines(), *B.splitlines(), *C.splitlines()]), max_size=30).map(
        lambda lines: "\n".join(lines).encode()
    )
)
def test_no_page_makes_a_rule_raise_and_every_place_is_in_it(raw):
    for path in (FOLDER + "x.md", "docs/operations/runbooks/x.md", "notes.md"):
        for found in findings({path: raw}, INVENTORY):
            assert 0 <= found.span.start <= found.span.end <= len(raw) + 16
            assert all(0 <= edit.start <= edit.end <= len(raw) for edit in found.edits)


def test_fixes_of_real_pages_change_no_command(corpora: Path):
    for path in sorted(corpora.rglob("*.md")):
        raw = path.read_bytes()
        name = path.relative_to(corpora).as_posix()
        found = [f for f in findings({name: raw}, rules=("stray-fence", "step-number")) if f.edits]
        if found:
            after = mended(raw, found)
            before_commands = [command.text for _, _, command in parts_of(read_page(name, raw)).commands]
            assert before_commands == [command.text for _, _, command in parts_of(read_page(name, after)).commands]


def test_every_rule_about_procedures_is_there():
    from opsbook.book.lint import RULES

    findings({})
    assert set(RULES.names()) >= PROCEDURE_RULES
