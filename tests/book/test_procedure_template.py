"""The user's template, filled in by people, is read as the procedures that its table promises."""

from __future__ import annotations

import pytest
from tests.book.procedure_text import only, procedures, told
from tests.book.whole_reading import page_of

from opsbook.book.procedure import procedures_of

DEPLOYMENT = "# API Runbook\n\n**Service:** API\n\n## Deployment\n\n### Production\n"
OPERATIONS = "# API Runbook\n\n## Common Operations\n\n"


@pytest.mark.parametrize(
    ("process", "steps"),
    [
        ("- **Deployment Process:** Push the tag\n", ["1 manual: Push the tag"]),
        ("- **Deployment Process:**\n  1. Build\n     ```bash\n     make\n     ```\n  2. Ship\n", ["1: Build $ make", "2 manual: Ship"]),
        ("- **Deployment Process:** Build\n  1. one\n  2. two\n", ["1 manual: one", "2 manual: two"]),
        ("- **Deployment Process:** run it:\n  ```bash\n  make deploy\n  ```\n", ["1: run it: $ make deploy"]),
        ("- **Deployment Process:**\n  ```bash\n  # Build it\n  make a\n  ```\n  then\n  ```bash\n  make b\n  ```\n",
         ["1: Build it $ # Build it\nmake a", "2: then $ make b"]),
        ("- **Deployment Process:** Twice\n  ```bash\n  a\n  ```\n  ```bash\n  b\n  ```\n",
         ["1 manual: Twice", "2: Run the command $ a", "3: Run the command $ b"]),
        ("- **Deployment Process:**\n  - merge\n  - wait\n", ["1 manual: merge", "2 manual: wait"]),
        ("- **Deployment Process:**\n  - [ ] merge\n  - [x] wait\n", ["1 manual: merge", "2 manual: wait"]),
        ("- **Deployment Process:** [Deploy](../procedures/deployment.md#deploy)\n",
         ["1 sub-run: [Deploy](../procedures/deployment.md#deploy)"]),
        ("- **Deployment Process:** `make deploy`\n", ["1 manual: `make deploy`"]),
        ("- **Deploy process**: Push\n", ["1 manual: Push"]),
        ("- **Steps:** Push\n", ["1 manual: Push"]),
        ("\n**Deployment Process:**\n\n1. Build\n2. Ship\n", ["1 manual: Build", "2 manual: Ship"]),
        ("\n**Deployment Process:** Build it\n\n```bash\nmake\n```\n", ["1: Build it $ make"]),
        ("\n**Deployment Process:**\n\nBuild it\n\n```bash\nmake\n```\n\nShip it\n\n```bash\nship\n```\n",
         ["1: Build it $ make", "2: Ship it $ ship"]),
        ("1. Build\n2. Ship\n", ["1 manual: Build", "2 manual: Ship"]),
        ("```bash\nmake\n```\n", ["1: Run the command $ make"]),
        ("- **Deployment Process:**\n", []),
    ],
)  # fmt: skip
def test_the_steps_of_a_deployment_are_the_value_of_its_process(process, steps):
    assert only(DEPLOYMENT + process) == steps


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        (" Look at the page\n", ["{} manual: Look at the page"]),
        (" `curl -f https://x/` answers\n", ["{}: `curl -f https://x/` answers $ curl -f https://x/"]),
        (" run `x` first\n", ["{} manual: run `x` first"]),
        ("\n  ```bash\n  make check\n  ```\n", ["{}: Run the command $ make check"]),
        ("\n  1. one\n     ```sh\n     a\n     ```\n  2. two\n", ["{}: one $ a", "{} manual: two"]),
        ("\n  - one\n  - two\n", ["{} manual: one", "{} manual: two"]),
        (" [Fail over](failover.md#fail-over)\n", ["{} sub-run: [Fail over](failover.md#fail-over)"]),
    ],
)
@pytest.mark.parametrize(("label", "prefix"), [("Verification", "verify"), ("Rollback Process", "rollback")])
def test_a_deployment_is_verified_and_rolled_back_by_its_labels(label, prefix, value, steps):
    numbered = [step.format(f"{prefix}.{number}") for number, step in enumerate(steps, 1)]
    assert only(f"{DEPLOYMENT}- **Deployment Process:** Push\n- **{label}:**{value}") == ["1 manual: Push", *numbered]


def test_every_environment_is_a_procedure_and_its_address_is_shown():
    text = (
        "# API Runbook\n\n## Deployment\n\n### Staging\n- **Environment:** https://staging.example\n"
        "- **Deployment Process:** a\n\n### Production (EU)\n- **Environment:** https://example\n- **Deployment Process:** b\n"
        "- **Rollback Process:** c\n- **Verification:** d\n\n### Notes\n\nWords.\n"
    )
    found = procedures(text)
    assert {anchor: told(procedure) for anchor, procedure in found.items()} == {
        "staging": ["1 manual: a"],
        "production-eu": ["1 manual: b", "verify.1 manual: d", "rollback.1 manual: c"],
    }
    assert [procedure.environment for procedure in found.values()] == ["https://staging.example", "https://example"]


def test_a_deployment_without_environments_is_a_procedure_itself():
    text = "# API Runbook\n\n## Deployment\n\n- **Deployment Process:** Push\n- **Verification:** Look\n"
    assert only(text) == ["1 manual: Push", "verify.1 manual: Look"]


def test_the_environment_is_no_parameter_and_other_variables_are():
    text = DEPLOYMENT + (
        "- **Environment:** prod\n- **Deployment Process:**\n  ```bash\n"
        '  ship "$ENVIRONMENT" "$VERSION" "${REGION:-eu}" "$HOME"\n  ```\n'
    )
    (procedure,) = procedures(text).values()
    assert [(p.name, p.default, p.required, p.is_declared) for p in procedure.parameters] == [
        ("VERSION", None, True, False),
        ("REGION", "eu", False, False),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("shape", ["**{}:**\n\n1. {}\n2. more\n\n", "- **{}:**\n  1. {}\n  2. more\n\n"])
def test_steps_check_and_rollback_are_told_apart_in_any_order_as_paragraphs_and_as_bullets(order, shape):
    parts = [("Deployment Process", "go"), ("Verification", "look"), ("Rollback Process", "back")]
    text = DEPLOYMENT + "\n" + "".join(shape.format(*parts[index]) for index in order)
    assert only(text) == [
        "1 manual: go", "2 manual: more", "verify.1 manual: look", "verify.2 manual: more", "rollback.1 manual: back",
        "rollback.2 manual: more",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rollback", "steps"),
    [
        ("\n**Rollback:**\n\n1. back\n2. more\n", ["rollback.1 manual: back", "rollback.2 manual: more"]),
        ("\n**Rollback:** go back:\n\n1. back\n", ["rollback.1 manual: back"]),
        ("\n**Rollback:** by hand\n", ["rollback.1 manual: by hand"]),
        ("\n**Rollback:** by hand\n\n1. back\n", ["rollback.1 manual: back"]),
        ("\n**Rollback:**\n\n```bash\nback\n```\n", ["rollback.1: Run the command $ back"]),
        ("\n**Rollback**\n\nAsk first.\n\n```bash\nback\n```\n", ["rollback.1: Ask first. $ back"]),
        ("\n**Verification:**\n\n```bash\nlook\n```\n", ["verify.1: Run the command $ look"]),
        ("\n**Verification:** `look` says yes\n", ["verify.1: `look` says yes $ look"]),
        ("- **Rollback:**\n  ```bash\n  back\n  ```\n", ["rollback.1: Run the command $ back"]),
    ],
)
def test_what_undoes_a_procedure_is_never_one_of_its_steps(rollback, steps):
    assert only(f"{OPERATIONS}### Restart\n1. Stop\n2. Start\n{rollback}") == ["1 manual: Stop", "2 manual: Start", *steps]
    assert only(f"{OPERATIONS}### Restart\n```bash\nrestart\n```\n{rollback}") == ["1: Run the command $ restart", *steps]


@pytest.mark.parametrize(
    "text",
    ["**Verification:** look\n\n1. dump\n2. copy\n", "**Prerequisites:**\n\n- disk\n\n1. dump\n2. copy\n\n**Verification:** look\n"],
)
def test_steps_may_stand_behind_a_check_or_a_prerequisite(text):
    assert [step for step in only(OPERATIONS + "### Backup\n" + text) if step[0].isdigit()] == ["1 manual: dump", "2 manual: copy"]


@pytest.mark.parametrize("name", ["Restart Service", "Scale Service", "Backup", "Rotate the keys"])
def test_every_heading_of_the_common_operations_with_an_ordered_list_is_a_procedure(name):
    text = f"{OPERATIONS}### {name}\n1. Drain\n2. Go\n   ```bash\n   go\n   ```\n\n### About\n\nWords.\n\n- a\n- b\n"
    assert [(p.title, told(p)) for p in procedures(text).values()] == [(name, ["1 manual: Drain", "2: Go $ go"])]


@pytest.mark.parametrize(
    ("solution", "steps"),
    [
        ("**Solution:** restart it\n", ["1 manual: restart it"]),
        ("**Solution:**\n\n1. one\n   ```sh\n   a\n   ```\n2. two\n", ["1: one $ a", "2 manual: two"]),
        ("**Solution:** do:\n\n1. one\n2. two\n", ["1 manual: one", "2 manual: two"]),
        ("**Solution:** it is known\n\n1. one\n", ["1 manual: it is known", "2 manual: one"]),
        ("**Solution:**\n```bash\nfix\n```\n", ["1: Run the command $ fix"]),
        ("**Solution**\n\nFree the disk.\n\n```bash\nfix\n```\n\n**Notes:** z\n\n```bash\nnever\n```\n", ["1: Free the disk. $ fix"]),
        ("\n- **Solution:**\n  ```bash\n  fix\n  ```\n", ["1: Run the command $ fix"]),
        ("**Resolution:** restart it\n", ["1 manual: restart it"]),
        ("**Fix:** [Restart](#restart-service)\n", ["1 sub-run: [Restart](#restart-service)"]),
    ],
)
@pytest.mark.parametrize("heading", ["### Issue: It is slow", "### Problem 2: It is slow", "### It is slow"])
def test_a_solution_is_a_procedure(heading, solution, steps):
    text = f"# API Runbook\n\n## Troubleshooting\n\n{heading}\n**Symptoms:** slow  \n**Cause:** disk  \n{solution}"
    assert only(text) == steps


@pytest.mark.parametrize("slot", ["Diagnosis", "Mitigation"])
@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Look at it.\n\nAsk the team.\n", ["1 manual: Look at it.", "2 manual: Ask the team."]),
        ("- Look at it\n- Ask\n", ["1 manual: Look at it", "2 manual: Ask"]),
        ("Look:\n\n```shell\nkubectl get pods\n```\n", ["1: Look: $ kubectl get pods"]),
        ("1. Look\n   - closely\n2. Ask\n", ["1 manual: Look\nclosely", "2 manual: Ask"]),
    ],
)
def test_the_diagnosis_and_mitigation_of_an_alert_are_procedures(slot, text, steps):
    page = f"# KubePodCrashLooping\n\n## Meaning\n\nIt crashes.\n\n## Impact\n\nBad.\n\n## {slot}\n\n{text}"
    found = procedures(page, "runbooks/KubePodCrashLooping.md")
    assert {anchor: told(procedure) for anchor, procedure in found.items()} == {slot.lower(): steps}


@pytest.mark.parametrize("path", ["templates/a.md", "incidents/2026-01-02-x.md", "monitoring/metrics.md", "post-mortems/x.md"])
def test_templates_and_reports_hold_no_procedures(path):
    assert procedures_of(page_of(DEPLOYMENT + "- **Deployment Process:** Push\n", path)) == ()


def test_a_free_page_holds_a_procedure_where_its_list_holds_a_command():
    text = "# Notes\n\n## Ideas\n\n1. a\n2. b\n\n## Try\n\n1. a\n   ```sh\n   x\n   ```\n"
    assert list(procedures(text, "notes.md")) == ["try"]
