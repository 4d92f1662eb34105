"""The three examples of the grammar's specification are read as it says, field by field."""

from __future__ import annotations

from tests.book.procedure_examples import DEPLOY, RESTART, RESTORE
from tests.book.procedure_text import line, procedures, told

from opsbook.book.procedure import Procedure

PATH = "procedures/a.md"


def only(text: str) -> Procedure:
    (procedure,) = procedures(text, PATH).values()
    return procedure


def labels(procedure: Procedure) -> dict[str, dict[str, str]]:
    """The fields of each step by its number; a nested command is the value of its field."""
    return {
        step.number: {
            field.label: field.value or "\n".join(code.text.strip() for code in field.codes) for field in step.fields
        }
        for step in procedure.all_steps()
        if step.fields
    }


def test_with_no_syntax_at_all_a_list_is_a_procedure():
    procedure = only(RESTART)
    assert procedure.title == "Restart Service"
    assert told(procedure) == [
        "1 manual: Drain traffic from the node",
        "2: Restart the unit $ sudo systemctl restart payments",
        "3: Watch the log for one minute $ timeout 60 journalctl -fu payments || true",
        "verify.1: `curl -fsS http://localhost:8080/health` answers within 2 s $ curl -fsS http://localhost:8080/health",
        "rollback.1 manual: Page the on-call DBA and restore traffic to the old node",
    ]
    assert procedure.parameters == ()


def test_a_deployment_has_parameters_approval_targets_checks_and_undo():
    procedure = only(DEPLOY)
    assert told(procedure) == [
        '1: Check the artifact exists $ curl -fsSI "https://artifacts.example/web/$VERSION.tgz"',
        "2 approval: Get a second pair of eyes",
        '3: Run the migrations $ ./migrate --to "$VERSION"',
        '4: Switch the release $ ln -sfn "/srv/web/$VERSION" /srv/web/current\nsystemctl reload web',
        "verify.1: The new version answers $ curl -fsS http://localhost/version",
        "verify.2: No errors in the last minute $ journalctl -u web --since -1min -p err --no-pager",
        "rollback.1 manual: Undo every finished step, last first",
    ]
    assert labels(procedure) == {
        "1": {"Run on": "local", "Repeat": "safe"},
        "2": {"Approval": "1 of @sre-leads within 1h", "When": "`$ENV` is `production`"},
        "3": {
            "Run on": "db-1",
            "Repeat": 'ask; done if `./migrate --is-at "$VERSION"`',
            "Undo": '`./migrate --down-from "$VERSION"`',
            "Time limit": "10m",
        },
        "4": {"Repeat": "safe", "Undo": 'ln -sfn "/srv/web/$PREVIOUS" /srv/web/current && systemctl reload web'},
        "verify.1": {"Expect": "output contains `$VERSION` within 2m, every 5s"},
        "rollback.1": {"Undo steps": "all"},
    }
    assert {field.label: field.value for field in procedure.fields} == {
        "Run on": "each of `web`, 1 at a time, stop after 1 failure",
        "One at a time": "`deploy-web-$ENV`",
        "Time limit": "30m",
    }


def test_the_parameters_of_the_deployment_are_the_rows_of_its_table():
    declared = [parameter for parameter in only(DEPLOY).parameters if parameter.is_declared]
    assert [(p.name, p.type, p.default, p.required, p.description) for p in declared] == [
        ("VERSION", r"`/^v\d+\.\d+\.\d+$/`", None, True, "Git tag to ship"),
        ("ENV", "`staging` | `production`", "staging", False, "Where to deploy"),
        ("DB_PASS", "secret `vault:web/db`", None, True, "Migration user"),
    ]


def test_the_output_written_below_a_check_is_what_it_expects():
    (command,) = only(DEPLOY).verification[1].commands
    assert command.expected == "-- No entries --\n"
    (command,) = only(DEPLOY).verification[0].commands
    assert command.expected is None


def test_a_restore_captures_asks_warns_and_retries():
    procedure = only(RESTORE)
    assert told(procedure) == [
        "1 manual: Tell #incidents that orders is going read-only",
        "2: Stop writers $ systemctl stop orders-api",
        '3: Restore $ pgbackrest --stanza=orders --set="$BACKUP" restore',
        "4 manual: Compare the row count with the dashboard and write it down",
        "5: Start writers $ systemctl start orders-api",
        "verify.1: Run the command $ test \"$(psql -Atc 'select count(*) from orders')\" -ge \"$ROWS\"",
        "rollback.1 sub-run: [Fail over to the replica](failover.md#fail-over)",
    ]
    assert labels(procedure) == {
        "2": {"Undo": "`systemctl start orders-api`"},
        "3": {"Repeat": "never", "Capture": r"`RESTORED_LSN` from `/restored to (\S+)/`"},
        "4": {"Ask": "`ROWS` number"},
        "5": {"Retry": "3 times, every 10s"},
    }
    assert procedure.steps[2].commands[0].info == "bash timeout=2h name=restore"
    assert procedure.rollback[0].link == "failover.md#fail-over"


def test_what_a_step_captured_or_asked_for_is_no_parameter():
    assert [parameter.name for parameter in only(RESTORE).parameters] == ["BACKUP", "TARGET"]


def test_every_step_of_the_examples_runs_as_it_stands():
    for text in (RESTART, DEPLOY, RESTORE):
        assert [line(step) for step in only(text).all_steps() if not step.runnable] == []
