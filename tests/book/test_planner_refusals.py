"""What keeps a procedure from being run is told with its place, all of it at once; and no page makes the planner raise."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.planned_text import APPROVERS, GROUPS, HOSTS, planning, step, told, wrong
from tests.book.test_planner import do, fence
from tests.markdown_pieces import any_page

from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import Page, read_page
from opsbook.book.plan import Plan
from opsbook.book.planner import Known, planned
from opsbook.book.procedure import procedures_of
from opsbook.usecases.run_rules import HINDERING

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


def test_every_error_of_the_bad_example_is_told_at_its_line():
    lines = [int(each.partition(":")[0]) for each in wrong(planning(BAD, "restart", path="runbooks/bad.md"))]
    assert lines == [6, 10, 12, 13, 14, 15, 18, 21, 22]


@pytest.mark.parametrize(
    ("text", "told_so"),
    [
        (do("Go\n" + fence("go <where>")), "8:7 The command holds the placeholder"),
        (do("Go\n" + fence("go {{ WHERE }}")), "8:7 The command holds the placeholder '{{ WHERE }}'"),
        (do("Go\n" + fence("go ...")), "7:4 The command leaves something out"),
        (do("Go\n" + fence("vim /etc/hosts")), "8:4 'vim /etc/hosts' needs a terminal"),
        (do("Go\n" + fence("")), "7:4 The command block is empty"),
        (do("Go\n" + fence("go") + "   - **Timeout:** soon\n"), "10:19 'soon' is not a duration"),
        (do("Go\n" + fence("go") + "   - **Aproval:** @ada\n"), "10:6 There is no field **Aproval:**"),
        (do("Go\n   - **Approval:** 1 of @nobody\n"), "7:20 '@nobody' is no approver"),
        (do("Go\n   - **Approval:** 3 of @sre-leads\n"), "7:20 3 must approve, and there are only 2."),
        (do("Go\n   - **Approval:** Bob\n"), "7:20 'Bob' is no @user and no @group."),
        (do("Go\n" + fence("go") + "   - **When:** `$A`\n"), "10:16 `$A` alone is no condition."),
        (do("Go\n" + fence("go") + "   - **Capture:** `A` from /x/\n"), "10:19 The regex /x/ has no group"),
        (do("Go\n   - **Ask:** `A` secret\n"), "7:6 A person cannot be asked for the secret A"),
        (do("Go\n" + fence("go"), labels="- **One at a time:** `x-$NOPE`\n"), "5:3 The lock uses $NOPE"),
        (do("Go\n" + fence("go", "bash timeout=2m") + "   - **Timeout:** 3m\n"), "7:4 The fence's timeout"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_says_where_and_why(text: str, told_so: str):
    (only,) = wrong(planning(text))
    assert only.startswith(told_so), only


def test_a_label_that_cannot_be_read_is_never_passed_over():
    """Though lint is told to let it pass: a step whose condition is not understood must not run."""
    text = do("Go\n" + fence("go") + "   <!-- opsbook: allow invalid-value -->\n   - **When:** whenever\n")
    assert len(wrong(planning(text))) == 1


def test_what_another_procedure_of_the_page_does_wrong_is_not_told():
    text = do("Go\n" + fence("go")) + "\n## Else\n\n1. Go\n" + fence("go <where>")
    assert wrong(planning(text)) == []


def test_what_a_linked_procedure_does_wrong_is_told_with_its_page():
    other = "# Other Runbook\n\n## Go\n\n1. Go\n" + fence("go <where>")
    (hindrance,) = planning(do("[Go](other.md#go)"), others={"other.md": other}).hindrances
    assert hindrance.span.path == "runbooks/other.md"


def test_a_page_of_a_real_world_is_planned_as_it_stands(root: Path):
    """The template with prose, defaults in commands, and ways back that are none."""
    text = (
        "# Queue Runbook\n\n**Service:** queue\n\n## Deployment\n\n### Staging\n\n- **Environment:** none\n"
        "- **Deployment Process:** Start it.\n  ```bash\n  deploy \"${VERSION:-1.1.0}\" --no-switch\n  ```\n"
        "- **Rollback Process:** Nothing to do: the live colour was not touched.\n"
        "- **Verification:** The last line says `staged`.\n"
    )  # fmt: skip
    found = planning(text, "staging")
    assert told(found) == [
        '1: Start it. $ deploy "${VERSION:-1.1.0}" --no-switch', "verify.1 manual: The last line says `staged`.",
    ]  # fmt: skip
    assert (found.wanted.defaults, found.plan.environment) == ({"VERSION": "1.1.0"}, "none")


def test_a_step_that_asks_twice_for_different_things_is_refused():
    text = do("Go\n" + fence("go") + "   - **Expect:** exit 0\n   - **Expect:** output is empty\n")
    assert wrong(planning(text)) == ["11:6 The step expects two things, and only one can be looked at."
                                     " Make two steps of it."]  # fmt: skip
    assert step(planning(do("Go\n" + fence("go") + "   - **Expect:** exit 0\n")), "1").expect is not None


ODD = st.text(st.characters(codec="utf-8"), max_size=30)


@given(any_page(), any_page(), st.dictionaries(st.sampled_from(["A", "NAME", "ENV", "x", "PATH"]), ODD, max_size=3))
def test_no_page_makes_the_planner_raise(raw: bytes, other: bytes, values: dict[str, str]):
    page, linked = read_page("runbooks/a.md", raw), read_page("runbooks/b.md", other)

    def follow(_page: Page, href: str) -> Page | None:
        return linked if len(href) % 2 else page

    known = Known(HOSTS, GROUPS, APPROVERS, follow)
    for procedure in procedures_of(page):
        for ending in ("", "/rollback", "/verification"):
            found = planned(
                page, procedure, ending, known, given=values, around=Around(date.min, LintSettings()), checks=HINDERING
            )
            numbers = [each.number for each in found.plan.steps]
            assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found.plan)), Plan) == found.plan
            assert len(numbers) == len(set(numbers)) <= 1100
            if not found.hindrances and not found.wrong_values:
                assert numbers
                assert all(each.script is not None for each in found.plan.steps if each.kind == "command")
                assert all(each.gate is not None for each in found.plan.steps if each.kind == "approval")
