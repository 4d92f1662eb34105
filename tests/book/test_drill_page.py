"""What a scenario's page says, and that nothing which is written there is an error of the program."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.markdown_pieces import any_page

from opsbook.book.drill_page import read_scenario
from opsbook.book.page import read_page
from opsbook.book.procedure import procedures_of

PATH = "docs/operations/drills/api.md"
PAGE = """# Drill: The API answers 500

**Service:** api
**Severity:** P1
**Fault:**
```bash
faults/fault-api-500.sh
```

**Right Section:** [API returns 500](../runbooks/api.md#issue-api-returns-500)
**Right Step:** Step 2

## Alerts

| Time | Alert | Labels | Summary |
| --- | --- | --- | --- |
| 10:00 | ApiErrors | `severity="critical", zone="a, b"` | /api/items answers 500 |
| 10:02 | ApiSlow | severity=warning | It is slow |

## Answer

1. It is the last release.
2. Look at the log:
   ```bash
   grep ERROR
   ```
- [ ] Roll back.

## Debrief

Who knew of the release?
"""


def scenario(text: str, path: str = PATH):
    return read_scenario(read_page(path, text.encode()))


def test_a_scenario_is_read_whole() -> None:
    found = scenario(PAGE)
    assert (found.title, found.service, found.severity, found.fault) == (
        "The API answers 500", "api", "P1", "faults/fault-api-500.sh"
    )  # fmt: skip
    assert [(each.name, each.after_s, each.labels) for each in found.alerts] == [
        ("ApiErrors", 0.0, (("severity", "critical"), ("zone", "a, b"))), ("ApiSlow", 120.0, (("severity", "warning"),)),
    ]  # fmt: skip
    assert (found.sections, found.steps) == (("docs/operations/runbooks/api.md#issue-api-returns-500",), ("2",))
    assert found.reveals == ("It is the last release.", "Look at the log:\n```bash\ngrep ERROR\n```", "Roll back.")
    assert (found.debrief, found.faults) == ("Who knew of the release?", ())


def test_alerts_may_be_named_on_one_line() -> None:
    found = scenario("# Drill: Slow\n\n**Alerts:** ApiErrors, `ApiSlow`\n")
    assert [each.name for each in found.alerts] == ["ApiErrors", "ApiSlow"]


def test_a_time_that_is_none_is_told_with_its_line() -> None:
    found = scenario("# Drill: Slow\n\n| Time | Alert |\n| --- | --- |\n| soon | ApiSlow |\n")
    assert found.faults == ("'soon' on line 5 is no time. Write a clock as 10:05, or a length as 5m.",)


def test_what_lies_elsewhere_or_names_nothing_is_no_scenario() -> None:
    assert scenario(PAGE, "docs/operations/runbooks/api.md") is None
    assert scenario("# Drills\n\nWe drill on Fridays.\n") is None
    assert scenario(PAGE, "docs/operations/drills/README.md") is None


def test_nothing_of_a_scenario_can_be_run_as_a_procedure() -> None:
    assert procedures_of(read_page(PATH, PAGE.encode())) == ()


@given(any_page(), st.integers(0, len(PAGE)), st.integers(0, len(PAGE)))
def test_reading_never_raises(raw: bytes, begin: int, end: int) -> None:
    read_scenario(read_page(PATH, raw))
    read_scenario(read_page(PATH, PAGE[:begin].encode() + raw + PAGE[end:].encode()))
