"""A page becomes a plan: the three examples of the grammar, and one small page for each thing that a plan says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.book.planned_text import HEAD, planning, step, told, wrong
from tests.book.procedure_examples import DEPLOY, RESTART, RESTORE

from opsbook.book.grammar import Expect, Repeat, Retry, Secret, When
from opsbook.book.plan import Gate

FAILOVER = "# Failing over\n\n## Fail over\n\n1. Promote it\n   ```bash\n   promote\n   ```\n2. Tell everybody\n"


def fence(text: str, info: str = "bash", indent: int = 3) -> str:
    """A code block below a step."""
    pad = " " * indent
    return f"{pad}```{info}\n" + "".join(f"{pad}{each}\n" for each in text.split("\n")) + f"{pad}```\n"


def do(*steps: str, labels: str = "", more: str = "") -> str:
    """A page with one procedure `Do`."""
    body = "".join(f"{n}. {each}" if each.endswith("\n") else f"{n}. {each}\n" for n, each in enumerate(steps, 1))
    return f"{HEAD}## Do\n\n{labels}\n{body}\n{more}"


# -- the three examples ------------------------------------------------------------------------------------------


def test_with_no_syntax_at_all_it_is_two_commands_between_people():
    found = planning(RESTART, "restart-service")
    assert told(found) == [
        "1 manual: Drain traffic from the node",
        "2: Restart the unit $ sudo systemctl restart payments",
        "3: Watch the log for one minute $ timeout 60 journalctl -fu payments || true",
        "verify.1: `curl -fsS http://localhost:8080/health` answers within 2 s $ curl -fsS http://localhost:8080/health",
        "rollback.1 manual: Page the on-call DBA and restore traffic to the old node",
    ]
    assert (wrong(found), found.wrong_values, found.plan.rollback_on_request) == ([], (), False)
    check = step(found, "verify.1").script
    assert check is not None and check.is_inline
    assert (step(found, "1").limit_s, step(found, "2").limit_s) == (None, 900.0)


def test_a_deployment_is_done_on_its_hosts_and_taken_back_last_first():
    values = {"VERSION": "v1.2.3", "PREVIOUS": "v1.2.2", "ENV": "production"}
    found = planning(DEPLOY, "deploy-a-new-version", values=values, path="procedures/a.md")
    assert told(found) == [
        '1: Check the artifact exists $ curl -fsSI "https://artifacts.example/web/$VERSION.tgz"',
        "2 approval: Get a second pair of eyes",
        '3@db-1: Run the migrations $ ./migrate --to "$VERSION"',
        '4@web-1,web-2: Switch the release $ ln -sfn "/srv/web/$VERSION" /srv/web/current\nsystemctl reload web',
        "verify.1@web-1,web-2: The new version answers $ curl -fsS http://localhost/version",
        "verify.2@web-1,web-2: No errors in the last minute $ journalctl -u web --since -1min -p err --no-pager",
        'rollback.1.1@web-1,web-2: Undo step 4: Switch the release $ ln -sfn "/srv/web/$PREVIOUS" /srv/web/current'
        " && systemctl reload web (undoes 4)",
        'rollback.1.2@db-1: Undo step 3: Run the migrations $ ./migrate --down-from "$VERSION" (undoes 3)',
    ]
    assert (wrong(found), found.wrong_values) == ([], ())
    assert found.plan.lock == "deploy-web-production"
    assert [s.limit_s for s in found.plan.steps[:5]] == [1800.0, None, 600.0, 1800.0, 1800.0]
    assert step(found, "2").gate == Gate(1, ("ada", "ben"), "1 of @sre-leads within 1h", 3600.0)
    assert step(found, "2").when == When("is", parameter="ENV", values=("production",))
    assert step(found, "3").repeat == Repeat("ask", './migrate --is-at "$VERSION"')
    assert (step(found, "4").at_once, step(found, "4").stop_after) == (1, 1)
    wanted = Expect("contains", parameter="VERSION", within=timedelta(minutes=2), every=timedelta(seconds=5))
    assert step(found, "verify.1").expect == wanted
    output = step(found, "verify.2").script
    assert output is not None and output.expected == "-- No entries --\n"
    secret = next(each.secret for each in found.plan.parameters if each.name == "DB_PASS")
    assert secret == Secret("DB_PASS", "vault", "web/db")
    assert found.plan.values == values


def test_a_restore_asks_captures_and_fails_over_by_another_page():
    found = planning(RESTORE, "restore-from-backup", values={"TARGET": "db-2"}, others={"failover.md": FAILOVER})
    assert told(found) == [
        "1 manual: Tell #incidents that orders is going read-only",
        "2@db-2: Stop writers $ systemctl stop orders-api",
        '3@db-2: Restore $ pgbackrest --stanza=orders --set="$BACKUP" restore',
        "4 manual: Compare the row count with the dashboard and write it down",
        "5@db-2: Start writers $ systemctl start orders-api",
        'verify.1@db-2: Run the command $ test "$(psql -Atc \'select count(*) from orders\')" -ge "$ROWS"',
        "rollback.1.1@db-2: Promote it $ promote",
        "rollback.1.2 manual: Tell everybody",
    ]
    assert (wrong(found), found.wrong_values) == ([], ())
    assert found.plan.danger == "overwrites every order on the target; type the host name to go on"
    assert found.plan.danger_word == "db-2"
    assert (step(found, "3").limit_s, step(found, "3").repeat) == (7200.0, Repeat("never"))
    assert step(found, "5").retry == Retry(3, timedelta(seconds=10))
    assert [each.name for each in step(found, "4").ask] == ["ROWS"]


# -- steps -------------------------------------------------------------------------------------------------------


def test_a_step_with_several_blocks_is_as_many_steps():
    found = planning(do("One\n" + fence("a") + "\n" + fence("b"), "Two\n" + fence("c")))
    assert told(found) == ["1.1: One $ a", "1.2: One $ b", "2: Two $ c"]


def test_steps_nested_in_a_step_of_several_blocks_are_counted_on():
    found = planning(do("One\n" + fence("a") + "\n" + fence("b") + "\n   1. Deep\n      1. Deeper\n"))
    assert told(found) == ["1.1: One $ a", "1.2: One $ b", "1.3 manual: Deep", "1.3.1 manual: Deeper"]


def test_of_a_session_the_commands_are_run_and_the_rest_is_expected():
    found = planning(do("Look\n" + fence("$ cd /srv\n$ ls\na\nb\n$ id -u\n0", "console")))
    script = step(found, "1").script
    assert script is not None and (script.text, script.expected) == ("cd /srv\nls\nid -u", "...\na\nb\n0\n")


def test_a_session_without_output_expects_none():
    script = step(planning(do("Look\n" + fence("$ ls\n$ id", "console"))), "1").script
    assert script is not None and (script.text, script.expected) == ("ls\nid", None)


def test_what_a_fence_says_of_mechanics_is_kept():
    info = "sh cwd=/srv user=app env=TERM_A,B strict=off background=on timeout=2m retries=2 name=x"
    made = step(planning(do("Go\n" + fence("go", info))), "1")
    script = made.script
    assert script is not None
    assert (script.language, script.cwd, script.user, script.strict) == ("sh", "/srv", "app", False)
    assert (script.background, script.environment, made.limit_s) == (True, ("TERM_A", "B"), 120.0)
    assert made.retry == Retry(2)


def test_an_approval_with_a_command_is_a_gate_and_then_the_command():
    found = planning(do("Promote\n" + fence("promote") + "   - **Approval:** 1 of @dba\n"))
    assert told(found) == ["1.1 approval: Promote", "1.2: Promote $ promote"]


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (" `test -d /tmp`", ["prerequisite.1: `test -d /tmp` $ test -d /tmp"]),
        (" `test -d /tmp` holds.", ["prerequisite.1: `test -d /tmp` holds. $ test -d /tmp"]),
        (" `kubectl`", ["prerequisite.1 manual: `kubectl`"]),
        (" `kubectl 1.30` or newer", ["prerequisite.1 manual: `kubectl 1.30` or newer"]),
        (
            "\n  - `test -d /tmp`\n  - Access to `db 1`",
            ["prerequisite.1: `test -d /tmp` $ test -d /tmp", "prerequisite.2 manual: Access to `db 1`"],
        ),
    ],
)
def test_a_prerequisite_that_is_nothing_but_a_command_is_run_before_the_first_step(words, made):
    found = planning(do("Go\n" + fence("go"), labels=f"- **Prerequisites:**{words}\n"))
    assert told(found) == [*made, "1: Go $ go"]
    assert all(each.script.is_inline for each in found.plan.steps if each.script and each.number != "1")


def test_an_approval_of_the_whole_stands_before_its_first_step():
    text = do("Go\n" + fence("go"), labels="- **Approval:** 2 of @sre-leads\n- **Prerequisites:** Read this\n")
    found = planning(text)
    assert told(found) == ["approval.1 approval: Approval of 'Do'", "prerequisite.1 manual: Read this", "1: Go $ go"]
    assert step(found, "approval.1").gate == Gate(2, ("ada", "ben"), "2 of @sre-leads")


@pytest.mark.parametrize("words", ["Not applicable.", "None", "n/a", "Nothing to do: nothing was touched.", "-"])
def test_a_way_back_that_is_none_is_no_step(words: str):
    found = planning(do("Go\n" + fence("go"), labels=f"- **Rollback:** {words}\n- **Verification:** {words}\n"))
    assert told(found) == ["1: Go $ go"]


def test_words_that_say_what_to_check_are_for_a_person():
    found = planning(do("Go\n" + fence("go"), labels="- **Verification:** The last line says `staged`.\n"))
    assert told(found)[1:] == ["verify.1 manual: The last line says `staged`."]


def test_labels_of_the_procedure_hold_for_each_step_that_says_nothing_else():
    labels = (
        "- **Run on:** db-1\n- **Time limit:** 3m\n- **Retry:** 2 times\n- **Repeat:** safe\n"
        "- **Secrets:** `TOKEN` from env:TOKEN\n\n"
    )
    own = "Two\n" + fence("b") + "   - **Run on:** local\n   - **Time limit:** 1h\n   - **Repeat:** never\n"
    found = planning(do("One\n" + fence("a"), own, "Three", labels=labels))
    assert told(found) == ["1@db-1: One $ a", "2: Two $ b", "3 manual: Three"]
    assert [(s.limit_s, s.repeat.mode, s.retry) for s in found.plan.steps] == [
        (180.0, "safe", Retry(2)), (3600.0, "never", Retry(2)), (None, "safe", None),
    ]  # fmt: skip
    assert found.plan.secrets == (Secret("TOKEN", "env", "TOKEN"),)


def test_a_rollback_is_startable_alone_and_holds_the_lock_of_its_procedure():
    labels = "- **One at a time:** `deploy`\n- **Rollback:**\n  1. Back\n     ```bash\n     back\n     ```\n  2. Look\n"
    found = planning(do("Go\n" + fence("go"), labels=labels), "do/rollback")
    assert told(found) == ["1: Back $ back", "2 manual: Look"]
    assert {s.phase for s in found.plan.steps} == {"steps"}
    assert (found.plan.anchor, found.plan.title, found.plan.lock) == ("do/rollback", "Do: rollback", "deploy")


def test_a_rollback_alone_undoes_every_step_whatever_was_done():
    steps = ("One\n" + fence("a") + "   - **Undo:** `not a`\n", "Two\n" + fence("b") + "   - **Undo:** `not b`\n")
    found = planning(do(*steps, more="### Rollback\n\n1. Undo all\n   - **Undo steps:** all\n"), "do/rollback")
    assert told(found) == ["1.1: Undo step 2: Two $ not b", "1.2: Undo step 1: One $ not a"]


def test_a_verification_is_startable_alone():
    found = planning(do("Go\n" + fence("go"), labels="- **Verification:** `check it` says so\n"), "do/verification")
    assert told(found) == ["1: `check it` says so $ check it"]


def test_a_rollback_runs_although_its_procedure_cannot():
    labels = "- **Rollback:** `go back`\n"
    text = do("Go\n" + fence("go <where>"), labels=labels)
    assert wrong(planning(text, "do/rollback")) == []
    assert len(wrong(planning(text))) == 1


# -- ways back ---------------------------------------------------------------------------------------------------


def test_steps_with_an_undo_and_no_rollback_are_rolled_back_on_request_alone():
    found = planning(do("One\n" + fence("a") + "   - **Undo:** `not a`\n", "Two\n   - **Undo:** Tell them\n"))
    assert told(found)[2:] == [
        "rollback.1 manual: Undo step 2: Tell them (undoes 2)", "rollback.2: Undo step 1: One $ not a (undoes 1)",
    ]  # fmt: skip
    assert found.plan.rollback_on_request


def test_undoing_begins_at_the_step_that_is_named():
    undo = "\n" + fence("a") + "   - **Undo:** `not {}`\n"
    steps = tuple(f"Step {n}" + undo.format(n) for n in (1, 2, 3))
    text = do(*steps, more="### Rollback\n\n1. Undo\n   - **Undo steps:** from step 2\n")
    assert [each.undoes for each in planning(text).plan.of("rollback")] == ["3", "2"]
    assert wrong(planning(text.replace("from step 2", "from step 7"))) == [
        "24:1 There is no step 7 to undo from. Mend the number, or write 'all'."
    ]


def test_an_undo_of_several_blocks_is_one_script():
    undo = "   - **Undo:**\n" + fence("a", indent=5) + "\n" + fence("b", indent=5)
    found = planning(do("One\n" + fence("x") + undo))
    assert told(found)[1] == "rollback.1: Undo step 1: One $ a\nb (undoes 1)"


def test_a_step_of_several_blocks_is_undone_once():
    found = planning(do("One\n" + fence("a") + "\n" + fence("b") + "   - **Undo:** `not ab`\n"))
    assert [each.undoes for each in found.plan.of("rollback")] == ["1.1"]


# -- targets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run_on", "targets", "pace"),
    [
        ("local", ("local",), (1, 1)),
        ("db-1, db-2", ("db-1", "db-2"), (1, 1)),
        ("web", ("web-1", "web-2"), (1, 1)),
        ("each of web, 2 at a time, stop after 2 failures", ("web-1", "web-2"), (2, 2)),
        ("`$WHERE`", ("db-2",), (1, 1)),
    ],
)
def test_targets_are_hosts_of_the_inventory(run_on: str, targets: tuple[str, ...], pace: tuple[int, int]):
    table = "| Parameter | Type | Default |\n|---|---|---|\n| `WHERE` | host in databases | db-2 |\n\n"
    made = step(planning(do("Go\n" + fence("go"), labels=f"{table}- **Run on:** {run_on}\n")), "1")
    assert (made.targets, (made.at_once, made.stop_after)) == (targets, pace)


@pytest.mark.parametrize(
    ("run_on", "told_so"),
    [
        ("web-9", "5:15 There is no host or group 'web-9'. Did you mean 'web-1'?"),
        ("elsewhere", "5:15 There is no host or group 'elsewhere'. Mend the name, or add it to hosts or groups"
         " in opsbook.toml."),
        ("each of empty", "5:15 The group 'empty' has no hosts. Add some in opsbook.toml."),
        ("each of", "5:15 'each of' is no host, group or parameter. Write local, a host, 'a, b', `$PARAM`, or 'each of"
         " GROUP, 1 at a time, stop after 1 failure'."),
    ],
)  # fmt: skip
def test_a_target_that_is_none_keeps_it_from_being_run(run_on: str, told_so: str):
    assert wrong(planning(do("Go\n" + fence("go"), labels=f"- **Run on:** {run_on}\n"))) == [told_so]


def test_the_target_of_the_caller_wins_save_over_a_step_that_says_it_is_local():
    steps = ("One\n" + fence("a"), "Two\n" + fence("b") + "   - **Run on:** local\n")
    found = planning(do(*steps, labels="- **Run on:** db-1\n"), on="each of web")
    assert told(found) == ["1@web-1,web-2: One $ a", "2: Two $ b"]
    assert planning(do(*steps), on="web-9").wrong_values == ("There is no host or group 'web-9'. Did you mean 'web-1'?",)


@pytest.mark.parametrize(
    ("labels", "lock"),
    [
        ("", "runbooks/api.md#do on local"),
        ("- **Run on:** web\n", "runbooks/api.md#do on web-1, web-2"),
        ("- **One at a time:** `deploy`\n", "deploy"),
    ],
)
def test_only_one_run_at_a_time_has_the_key(labels: str, lock: str):
    assert planning(do("Go\n" + fence("go"), labels=labels)).plan.lock == lock


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ("- **Danger:** deletes\n", "Do"),
        ("- **Danger:** deletes\n- **Run on:** db-1\n", "db-1"),
        ("- **Danger:** deletes\n- **Run on:** web\n", "Do"),
        ("- **Danger:** type the host name\n- **Run on:** web\n", "web-1"),
        ("- **Danger:** none\n", ""),
    ],
)
def test_a_danger_has_a_word_to_type(labels: str, word: str):
    assert planning(do("Go\n" + fence("go"), labels=labels)).plan.danger_word == word


# -- procedures that run others ----------------------------------------------------------------------------------


def test_a_linked_procedure_is_part_of_the_plan():
    other = (
        "# Other Runbook\n\n## Point\n\n- **Run on:** db-2\n- **Danger:** points\n- **Approval:** 1 of @dba\n\n"
        "1. One\n" + fence("a") + "   1. Deep\n2. Two\n" + fence("b") + "\n- **Verification:** `c`\n"
    )
    text = do("First", "[Point](other.md#point)\n   - **When:** `$ENVIRONMENT` is `x`\n", "Last",
              labels="- **Environment:** x\n- **Run on:** web-1\n")  # fmt: skip
    found = planning(text, others={"other.md": other})
    assert told(found) == [
        "1 manual: First",
        "2.1 approval: Approval of 'Point'",
        "2.2@db-2: One $ a",
        "2.2.1 manual: Deep",
        "2.3@db-2: Two $ b",
        "2.4@db-2: `c` $ c",
        "3 manual: Last",
    ]
    assert wrong(found) == []
    assert {s.when for s in found.plan.steps if s.number.startswith("2")} == {
        When("is", parameter="ENVIRONMENT", values=("x",))
    }
    assert [s.number for s in found.plan.steps if s.danger] == ["2.2"]
    assert [page.path for page in found.pages] == ["runbooks/api.md", "runbooks/other.md"]


def test_procedures_that_run_each_other_are_refused():
    other = "# Other Runbook\n\n## Point\n\n1. [Back](api.md#do)\n"
    found = planning(do("[Point](other.md#point)"), others={"other.md": other})
    assert "run each other without end: runbooks/api.md#do → runbooks/other.md#point → runbooks/api.md#do" in wrong(found)[0]


@pytest.mark.parametrize("link", ["other.md#nothing", "missing.md#x"])
def test_a_rollback_that_leads_nowhere_is_refused(link: str):
    text = do("Go\n" + fence("go"), labels=f"- **Rollback:** [Back]({link})\n")
    assert len(wrong(planning(text, others={"other.md": "# Other\n\n## Nothing\n\nText.\n"}))) == 1


def test_a_link_to_read_is_for_a_person():
    found = planning(do("[Read this](design.md)", "[And this](https://x.example/)"), others={"design.md": "# Design\n"})
    assert told(found) == ["1 manual: [Read this](design.md)", "2 manual: [And this](https://x.example/)"]
    assert wrong(found) == []


def test_procedures_that_double_at_each_level_end():
    pages = {f"p{n}.md": f"# P{n} Runbook\n\n## Do\n\n1. [A](p{n + 1}.md#do)\n2. [B](p{n + 1}.md#do)\n" for n in range(18)}
    pages["p18.md"] = "# P18 Runbook\n\n## Do\n\n1. Do it\n"
    found = planning(do("[Go](p0.md#do)"), others=pages)
    assert len(found.plan.steps) <= 1000
    assert "more than 1000 steps" in wrong(found)[0]
