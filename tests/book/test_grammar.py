"""What the labels, types and fences of a procedure may say: tables of words and the values that they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book import grammar
from opsbook.book.grammar import (
    Approval,
    Ask,
    Capture,
    DryRun,
    Expect,
    Fence,
    ParameterType,
    Problem,
    Repeat,
    Retry,
    RunOn,
    Secret,
    UndoSteps,
    When,
    read_approval,
    read_ask,
    read_attributes,
    read_capture,
    read_dry_run,
    read_expect,
    read_fence,
    read_repeat,
    read_retry,
    read_run_on,
    read_secret,
    read_secrets,
    read_time_limit,
    read_type,
    read_undo_steps,
    read_when,
)

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
STRING = ParameterType("string")
NUMBER = ParameterType("number")


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_time_limit, "30s", 30 * SECOND),
        (read_time_limit, "`5m`", 5 * MINUTE),
        (read_time_limit, "2h", 2 * HOUR),
        (read_time_limit, "1h30m", 90 * MINUTE),
        (read_time_limit, "5 minutes", 5 * MINUTE),
        (read_retry, "3 times", Retry(3)),
        (read_retry, "once", Retry(1)),
        (read_retry, "3", Retry(3)),
        (read_retry, "3 times, every 10s", Retry(3, 10 * SECOND)),
        (read_retry, "5 times, every 1m, backoff x2", Retry(5, MINUTE, 2.0)),
        (read_retry, "up to 5 times, backoff 1.5", Retry(5, backoff=1.5)),
        (read_repeat, "safe", Repeat("safe")),
        (read_repeat, "Never.", Repeat("never")),
        (read_repeat, "yes", Repeat("safe")),
        (read_repeat, "no", Repeat("never")),
        (read_repeat, 'ask; done if `./migrate --is-at "$VERSION"`', Repeat("ask", './migrate --is-at "$VERSION"')),
        (read_repeat, "done if `test -e /srv/x`", Repeat("ask", "test -e /srv/x")),
        (read_undo_steps, "all", UndoSteps()),
        (read_undo_steps, "from step 3", UndoSteps("3")),
        (read_undo_steps, "From step 2.1.", UndoSteps("2.1")),
        (read_dry_run, "same", DryRun()),
        (read_dry_run, "`terraform plan`", DryRun("terraform plan")),
        (read_expect, "exit 0", Expect("exit", (0,))),
        (read_expect, "exit 0, 3", Expect("exit", (0, 3))),
        (read_expect, "exit code 0 or 2", Expect("exit", (0, 2))),
        (read_expect, 'output contains "ready"', Expect("contains", text="ready")),
        (read_expect, "output contains `ok, done`", Expect("contains", text="ok, done")),
        (read_expect, "output contains “ready”", Expect("contains", text="ready")),
        (read_expect, 'output contains "done within 5s"', Expect("contains", text="done within 5s")),
        (read_expect, 'output contains "$VERSION"', Expect("contains", text="$VERSION")),
        (
            read_expect,
            "output contains `$VERSION` within 2m, every 5s",
            Expect("contains", parameter="VERSION", within=2 * MINUTE, every=5 * SECOND),
        ),
        (read_expect, r"output matches /^v\d+$/", Expect("matches", pattern=r"^v\d+$")),
        (read_expect, "output matches `/a, b/`, within 1m", Expect("matches", pattern="a, b", within=MINUTE)),
        (read_expect, "output matches /a/b/ within 1m", Expect("matches", pattern="a/b", within=MINUTE)),
        (read_expect, "output is empty", Expect("empty")),
        (read_capture, r"`LSN` from `/restored to (\S+)/`", Capture("LSN", r"restored to (\S+)")),
        (read_capture, "`ID` from output", Capture("ID")),
        (read_capture, "ID from /id=(.*)/", Capture("ID", "id=(.*)")),
        (read_ask, "`ROWS` number", Ask("ROWS", NUMBER)),
        (read_ask, "`NOTE`", Ask("NOTE", STRING)),
        (read_ask, "`SIZE` integer 1..9", Ask("SIZE", ParameterType("integer", 1, 9))),
        (read_when, "`test -f /x`", When("command", command="test -f /x")),
        (read_when, "`test -f /x` succeeds", When("command", command="test -f /x")),
        (read_when, "`$ENV` is `production`", When("is", parameter="ENV", values=("production",))),
        (read_when, "`$ENV` is production", When("is", parameter="ENV", values=("production",))),
        (read_when, "`${ENV}` is not `staging`", When("is-not", parameter="ENV", values=("staging",))),
        (read_when, "`$ENV` in `a`, `b`", When("in", parameter="ENV", values=("a", "b"))),
        (read_when, "`$ENV` is not in a, b", When("not-in", parameter="ENV", values=("a", "b"))),
        (read_when, '`$ENV` is "two words"', When("is", parameter="ENV", values=("two words",))),
        (read_run_on, "local", RunOn()),
        (read_run_on, "db-1", RunOn(("db-1",))),
        (read_run_on, "`web-1`, deploy@web-2.example.org:2222", RunOn(("web-1", "deploy@web-2.example.org:2222"))),
        (read_run_on, "a and b", RunOn(("a", "b"))),
        (read_run_on, "`$TARGET`", RunOn(("$TARGET",))),
        (read_run_on, "each of `web`", RunOn(("web",), each=True)),
        (read_run_on, "each of `web`, 1 at a time, stop after 2 failures", RunOn(("web",), True, 1, 2)),
        (read_run_on, "each of web, one at a time", RunOn(("web",), True, 1)),
        (read_approval, "@sre-leads", Approval(1, ("sre-leads",))),
        (read_approval, "1 of @sre-leads within 1h", Approval(1, ("sre-leads",), HOUR)),
        (read_approval, "2 of @alice, @bob or `@leads`, within 1 day", Approval(2, ("alice", "bob", "leads"), 24 * HOUR)),
        (read_approval, "two of @acme/dba", Approval(2, ("acme/dba",))),
        (read_secret, "`DB_PASS` from vault:web/db", Secret("DB_PASS", "vault", "web/db")),
        (read_secret, "`DB_PASS` from `vault:web/db`", Secret("DB_PASS", "vault", "web/db")),
        (read_secrets, "`A` from env:A, `B` from file:/x", (Secret("A", "env", "A"), Secret("B", "file", "/x"))),
        (read_type, "", STRING),
        (read_type, "`string`", STRING),
        (read_type, "Number", NUMBER),
        (read_type, "integer", ParameterType("integer")),
        (read_type, "integer 1..9", ParameterType("integer", 1, 9)),
        (read_type, "integer 1..", ParameterType("integer", 1)),
        (read_type, "number -1.5..2", ParameterType("number", -1.5, 2)),
        (read_type, r"`a` \| `b`", ParameterType("choice", choices=("a", "b"))),
        (read_type, "a | b", ParameterType("choice", choices=("a", "b"))),
        (read_type, "`a | b`", ParameterType("choice", choices=("a", "b"))),
        (read_type, "boolean", ParameterType("choice", choices=("true", "false"))),
        (read_type, r"`/^v\d+\.\d+\.\d+$/`", ParameterType("pattern", pattern=r"^v\d+\.\d+\.\d+$")),
        (read_type, "/a|b/", ParameterType("pattern", pattern="a|b")),
        (read_type, "host in `databases`", ParameterType("host", group="databases")),
        (read_type, "host", ParameterType("host")),
        (read_type, "duration", ParameterType("duration")),
        (read_type, "file", ParameterType("file")),
        (read_type, "secret", ParameterType("secret")),
        (read_type, "secret `vault:web/db`", ParameterType("secret", source="vault:web/db")),
    ],
)
def test_a_value_is_read(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "said", "about"),
    [
        (read_time_limit, "abc", "'abc' is not a duration such as 30s, 5m, 2h.", "value"),
        (read_time_limit, "30", "'30' is not a duration", "value"),
        (read_time_limit, "0s", "'0s' is not a duration", "value"),
        (read_time_limit, "", "'' is not a duration", "value"),
        (read_retry, "if it fails", "'if it fails' does not say how often", "value"),
        (read_retry, "0 times", "'0 times' does not say how often", "value"),
        (read_retry, "3 times, soon", "'soon' is neither a pause nor a backoff", "value"),
        (read_repeat, "sometimes", "'sometimes' is none of safe, ask and never.", "value"),
        (read_repeat, "ask; done if it works", "'done if' is followed by no command.", "value"),
        (read_undo_steps, "the last two", "'the last two' does not say which steps", "value"),
        (read_dry_run, "terraform plan", "'terraform plan' is no command.", "value"),
        (read_expect, "all is well", "'all is well' is no expectation.", "value"),
        (read_expect, "", "'' is no expectation.", "value"),
        (read_expect, "exit 300", "A command never exits with 300", "value"),
        (read_expect, "output contains ready", "The text 'ready' is not in quotes.", "value"),
        (read_expect, "output matches v1", "The regex 'v1' is not between slashes.", "value"),
        (read_expect, "output matches `/(/`", "The regex /(/ does not compile", "regex"),
        (read_expect, "output matches //", "The regex is empty", "regex"),
        (read_expect, "exit 0 within ages", "'within ages' is not a duration", "value"),
        (read_expect, "exit 0, every 5s", "'every' says how often to look", "value"),
        (read_capture, "the id", "'the id' does not say what to capture.", "value"),
        (read_capture, "`ID` from /id/", "The regex /id/ has no group", "group"),
        (read_capture, "`ID` from /(/", "The regex /(/ does not compile", "regex"),
        (read_capture, "`id` from output", "'id' is no name for a parameter", "value"),
        (read_capture, "`LD_PRELOAD` from output", "'LD_PRELOAD' changes what the shell or the loader does", "value"),
        (read_ask, "how many rows there are", "names no variable to ask for.", "value"),
        (read_ask, "`ROWS` of the table", "'of the table' is not a type of parameter.", "value"),
        (read_when, "after six", "'after six' is no condition", "value"),
        (read_when, "`$ENV`", "`$ENV` alone is no condition.", "value"),
        (read_when, "`$ENV` is two words", "'two words' is no value to compare `$ENV` with.", "value"),
        (read_run_on, "the primary database", "'the primary database' is no host", "value"),
        (read_run_on, "", "Nothing says where to run.", "value"),
        (read_run_on, "local, db-1", "'local' is the machine of the run", "value"),
        (read_run_on, "web-1, 2 at a time", "'at a time' and 'stop after' go with a group.", "value"),
        (read_run_on, "each of web, 0 at a time", "'0 at a time' would never do anything.", "value"),
        (read_approval, "the CTO", "'the CTO' is no @user and no @group.", "value"),
        (read_approval, "0 of @leads", "'0 of' is no number of people.", "value"),
        (read_approval, "@leads within reach", "'within reach' is not a duration", "value"),
        (read_secret, "DB_PASS in vault", "does not say where a secret comes from.", "value"),
        (read_type, "thing", "'thing' is not a type of parameter.", "value"),
        (read_type, "/(/", "The regex /(/ does not compile", "regex"),
        (read_type, "integer 9..1", "The range of 'integer 9..1' is empty.", "value"),
        (read_type, "`a` | two words", "is no list of choices.", "value"),
    ],
)
def test_what_cannot_be_read_is_told(read, text, said, about):
    problem = read(text)
    assert isinstance(problem, Problem)
    assert said in problem.message
    assert problem.about == about
    assert problem.fix.endswith(".")


@pytest.mark.parametrize(
    ("info", "attributes"),
    [
        ("bash", {}),
        ("bash timeout=2h name=restore", {"timeout": "2h", "name": "restore"}),
        ('bash name="two words" env=A,B', {"name": "two words", "env": "A,B"}),
        (r'bash name="a \"b\""', {"name": 'a "b"'}),
        ("bash name='it is'", {"name": "it is"}),
        ("bash {name=x timeout=5m}", {"name": "x", "timeout": "5m"}),
        ("bash {name=x, timeout=5m}", {"name": "x", "timeout": "5m"}),
        ("{.bash name=x}", {"name": "x"}),
        ('sh {"name":"x","background":true,"retries":3}', {"name": "x", "background": "true", "retries": "3"}),
        ('sh {"tag":["a","b"],"cwd":null}', {"tag": "a,b", "cwd": ""}),
        ('bash title="x" hl_lines="1 2"', {"title": "x", "hl_lines": "1 2"}),
        ("bash {1,3-5}", {}),
        ("", {}),
    ],
)
def test_the_attributes_of_a_fence_are_read(info, attributes):
    assert read_attributes(info) == attributes


def test_a_fence_says_its_mechanics():
    info = "bash name=go timeout=5m retries=2 cwd=/srv shell=bash user=app background=on env=A,B strict=off"
    fence = Fence("go", 5 * MINUTE, 2, "/srv", "bash", "app", True, ("A", "B"), False)
    assert read_fence(info) == (fence, ())
    assert read_fence('sh {"interpreter":"dash","background":"true"}') == (Fence(shell="dash", background=True), ())


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ("python timeout=abc", "timeout=abc is not a duration such as 30s, 5m, 2h."),
        ("bash retries=many", "retries=many is not a number of retries."),
        ("bash strict=maybe", "strict=maybe is neither on nor off."),
        ("bash env=A,PATH", "'PATH' changes what the shell or the loader does"),
        ("bash timout=5m", "The fence has no attribute 'timout'."),
    ],
)
def test_a_fence_that_says_nonsense_is_told_and_the_rest_is_read(info, said):
    fence, problems = read_fence(info + " name=x")
    assert [said in problem.message for problem in problems] == [True]
    assert fence.name == "x"


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("string", "x" * 4097, "it is longer than 4096 characters"),
        ("string", "a\nb", "it holds a control character"),
        ("string", "", None),
        ("integer 1..9", "4", None),
        ("integer 1..9", "10", "it is not within 1..9"),
        ("integer 1..", "0", "it is not within 1.."),
        ("integer", "1.5", "it is not a whole number"),
        ("number", "1.5", None),
        ("number", "much", "it is not a number"),
        ("`a` | `b`", "c", "it is not one of a, b"),
        (r"/v\d+/", "v12", None),
        (r"/v\d+/", "v12 ", r"it does not match /v\d+/"),
        ("host", "db-1.example.org", None),
        ("host", "db 1", "it is not a host's name"),
        ("duration", "5m", None),
        ("duration", "soon", "it is not a duration such as 30s, 5m, 2h"),
        ("file", "/etc/x", None),
    ],
)
def test_a_value_is_of_a_type_or_it_is_said_why_not(text, value, why):
    kind = read_type(text)
    assert isinstance(kind, ParameterType)
    assert kind.mismatch(value) == why


READERS = [getattr(grammar, name) for name in grammar.__all__ if name.startswith("read_")]
WORDS = st.sampled_from(
    "`NAME` `$ENV` $ENV is not in from output contains matches /a(b)/ /(/ within every 5s 3 times , ; done if `x` "
    "each of at a time stop after 1 failures @sre or exit 0 all step integer 1..9 host secret vault:x \\| | \" ' ` ". split(" ")
)  # fmt: skip


@given(st.text(max_size=60) | st.lists(WORDS, max_size=12).map(" ".join))
def test_whatever_is_written_gives_a_value_or_a_problem(text):
    for read in READERS:
        read(text)


@pytest.mark.parametrize("unit", [" ", "`", "a ", "within ", "every 1s ", ", ", "/(", "1,", "$A is ", "done if ", "="])
def test_long_nonsense_is_read_in_no_time(unit):
    text = unit * (100_000 // len(unit))
    for read in READERS:
        read(text)
