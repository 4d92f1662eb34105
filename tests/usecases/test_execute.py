"""A run does what it says: each rule of executing, in a world whose clock is moved."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from tests.ledger.planned import RUN, START, command, gate, manual
from tests.usecases.executed_world import Program, World

from opsbook.book.grammar import Capture, DryRun, Expect, ParameterType, Repeat, Retry, Secret, When
from opsbook.book.plan import PlannedParameter, Script
from opsbook.ground.errors import Failure
from opsbook.ledger import run_events as events
from opsbook.ledger.event import verify
from opsbook.usecases.run_journal import TOLD

SECRET = Secret("DB_PASS", "vault", "db")


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close_all()


def test_steps_are_done_one_after_the_other_each_with_one_append(world):
    world.start(*(command(str(number)) for number in range(1, 21)))
    before = world.ledger.head()
    pause = world.advance()
    assert (pause.kind, pause.run.state, len(world.begun)) == ("ended", "succeeded", 20)
    assert world.appends == 21
    assert world.kinds()[:4] == [events.RUN_STARTED, events.RUN_TAKEN, events.INTENDED, events.ATTEMPT_ENDED]
    assert pause.run == world.run()
    assert verify(world.ledger.after(0, 1000)) == []
    assert before == 1


def test_an_attempt_is_recorded_before_it_is_begun(world):
    world.start(command("1"))
    seen = []
    real = world.program
    world.program = lambda order: (seen.append(world.run().steps[0].attempts[-1].key), real(order))[1]
    world.advance()
    assert seen == [f"{RUN}/1.1"] == [order.key for order in world.begun]


def test_output_is_kept_told_and_its_end_stands_in_the_ledger(world):
    world.start(command("1"))
    world.programs["do 1"] = Program(output=b"a\r\nb\n")
    told = []
    world.advance(tell=lambda *part: told.append(part))
    assert told == [("1", f"{RUN}/1.1", 0, b"a\r\nb\n")]
    assert world.outputs[f"{RUN}/1.1"] == b"a\r\nb\n"
    assert world.run().steps[0].attempts[0].tail == "a\nb\n"


def test_variables_folder_and_exports_are_carried_from_step_to_step_on_each_target(world):
    world.start(
        command("1", targets=("a",), capture=(Capture("ID", r"id=(\S+)"),)), command("2", targets=("a",)),
        command("3", targets=("b",)), command("4", targets=("a",), script=Script("do 4", cwd="etc")),
        values={"VERSION": "v1"}, environment="https://x",
    )  # fmt: skip
    world.programs["do 1"] = Program(output=b"id=7\n", cwd="/srv", exports={"COLOUR": "red", "VERSION": "v9"})
    world.programs["do 2"] = Program(cwd="/srv/app", exports={"SIZE": "1"})
    world.advance()
    second, third, fourth = world.begun[1:]
    assert (second.cwd, third.cwd, fourth.cwd) == ("/srv", "", "/srv/app/etc")
    assert second.environment == {"VERSION": "v1", "ENVIRONMENT": "https://x", "ID": "7", "COLOUR": "red"}
    assert third.environment == {"VERSION": "v1", "ENVIRONMENT": "https://x", "ID": "7"}
    assert fourth.environment == {**second.environment, "SIZE": "1"}


def test_what_failed_carries_nothing_on(world):
    world.start(command("1"), assumes_yes=True)
    world.programs["do 1"] = Program(3, cwd="/srv", exports={"A": "1"})
    world.advance()
    assert (world.run().cwd, world.run().exports, world.run().state) == ({}, {}, "failed")


def test_a_secret_is_fetched_when_its_step_starts_and_never_reaches_the_ledger(world):
    world.start(
        command("1", secrets=(SECRET,)), command("2", capture=(Capture("KEY", r"key: (.*)"), Capture("PIN", r"pin: (.*)"))),
        command("3"), parameters=(PlannedParameter("TOKEN", ParameterType("secret"), secret=Secret("TOKEN", "vault", "db")),),
    )  # fmt: skip
    world.programs["do 1"] = Program(exports={"A": "1"}, secret_exports=("DB_PASS", "PGPASS"), secret_values={"DB_PASS": "other horse", "PGPASS": "pre-horse"})
    world.programs["do 2"] = Program(output=b"key: 7\npin: 1234\n::mask::PIN\n", exports={"PIN": "1234", "B": "1234"})
    world.advance()
    assert [order.secrets for order in world.begun] == [
        {"TOKEN": "correct horse", "DB_PASS": "correct horse"}, {"TOKEN": "correct horse", "PGPASS": "pre-horse"},
        {"TOKEN": "correct horse", "PGPASS": "pre-horse", "PIN": "1234", "B": "1234"},
    ]  # fmt: skip
    assert world.begun[2].environment == {"A": "1", "KEY": "7"}
    assert set(world.run().secret_names) == {"DB_PASS", "PGPASS", "PIN"}
    assert "1234" not in str([event.facts for event in world.ledger.read(f"run/{RUN}")])
    assert "horse" not in str([event.facts for event in world.ledger.read(f"run/{RUN}")])


def test_a_secret_that_cannot_be_had_is_a_known_failure_of_a_step_that_never_started(world):
    world.vault = {}
    world.start(command("1", secrets=(SECRET,), retry=Retry(1, timedelta(seconds=5))), assumes_yes=True)
    pause = world.advance()
    assert (pause.kind, pause.until) == ("time", START + timedelta(seconds=5))
    world.vault = {"vault:db": "correct horse"}
    world.forward(5)
    assert world.advance().run.state == "succeeded"
    first, second = world.run().steps[0].attempts
    assert (first.outcome, first.is_ok, first.why) == ("never-started", False, "vault does not have db.")
    assert (second.is_ok, len(world.begun)) == (True, 1)


def exported(world, value, **more):
    """A run whose runner is gone once step 1 had exported a secret; steps 2 and 3 come, and the way back."""
    world.start(
        command("1", secrets=(SECRET,)), command("2", "psql"), manual("3"),
        command("rollback.1"), command("rollback.2", "psql $PGPASS"), **more,
    )  # fmt: skip
    world.programs["do 1"] = Program(secret_exports=("PGPASS",), secret_values={"PGPASS": value})
    assert world.killed("after an append", 1)


def test_an_exported_secret_is_fetched_again_by_another_runner_where_a_source_has_it(world):
    exported(world, "correct horse")
    world.advance()
    assert world.begun[1].secrets == {"PGPASS": "correct horse"}


def test_an_exported_secret_that_is_kept_nowhere_fails_the_next_step_before_it_begins(world):
    exported(world, "made of a horse", assumes_yes=True)
    assert world.advance().run.state == "failed"
    assert "Step 1 exported PGPASS" in world.run().why
    assert f"opsbook runs resume {RUN} -p PGPASS" in world.run().why
    assert world.texts() == ["do 1"]


def test_an_exported_secret_is_typed_at_the_resume(world):
    exported(world, "made of a horse")
    assert world.advance(typed={"PGPASS": "made of a horse"}).question == "confirm"
    assert world.begun[1].secrets == {"PGPASS": "made of a horse"}


def test_a_way_back_only_needs_the_exported_secrets_that_it_names(world):
    exported(world, "made of a horse", assumes_yes=True)
    world.advance()
    world.say(events.phase_begun("rollback", "back"))
    assert world.advance().run.state == "rollback-failed"
    assert world.states()["rollback.1"] == "done"
    assert "PGPASS" in world.run().why


def test_an_end_that_nobody_followed_leaves_an_exported_secret_unknown(world):
    world.start(command("1", "slow"), command("2"), assumes_yes=True)
    world.programs["slow"] = Program(secret_exports=("PGPASS",))
    world.advance()
    assert "Step 1 exported PGPASS" in world.run().why


@pytest.mark.parametrize(
    ("expect", "exit_code", "output", "is_ok"),
    [
        (Expect("exit", (0, 2)), 2, b"", True), (Expect("exit", (2,)), 0, b"", False),
        (Expect("contains", text="ready"), 0, b"all ready\r\n", True), (Expect("contains", text="ready"), 1, b"ready", False),
        (Expect("contains", parameter="VERSION"), 0, b"is v1", True), (Expect("contains", parameter="X"), 0, b"is v1", False),
        (Expect("matches", pattern="^b+$"), 0, b"a\nbbb\n", True), (Expect("matches", pattern="^b+$"), 0, b"ab\n", False),
        (Expect("empty"), 1, b" \n", True), (Expect("empty"), 0, b"x", False), (Expect("empty"), 2, b"", False),
        (Expect("contains", text="is red"), 0, b"is \x1b[31mred\x1b[0m", True),
    ],
)  # fmt: skip
def test_a_command_must_come_to_what_is_expected(world, expect, exit_code, output, is_ok):
    world.start(command("1", expect=expect), assumes_yes=True, values={"VERSION": "v1"})
    world.programs["do 1"] = Program(exit_code, output)
    assert world.advance().run.state == ("succeeded" if is_ok else "failed")


def test_an_expectation_is_polled_until_its_time_is_over(world):
    waits = Expect("contains", text="up", within=timedelta(seconds=20), every=timedelta(seconds=10))
    world.start(command("1", expect=waits))
    world.programs["do 1"] = [Program(output=b"down"), Program(output=b"down"), Program(output=b"up")]
    for seconds in (10, 20):
        pause = world.advance()
        assert (pause.kind, pause.until) == ("time", START + timedelta(seconds=seconds))
        assert world.ledger.next_due_s("run/") == pytest.approx(10)
        world.forward(10)
    assert world.advance().run.state == "succeeded"
    assert world.ledger.next_due_s("run/") is None


def test_a_capture_that_finds_nothing_fails_the_step(world):
    world.start(command("1", capture=(Capture("ID", r"id=(\d+)"),)), assumes_yes=True)
    assert world.advance().run.state == "failed"
    assert "`ID` was to be taken" in world.run().why


def test_a_command_that_could_not_be_begun_is_a_known_failure(world):
    world.start(command("1", targets=("a",), retry=Retry(1)))
    world.host("a").refuses_next = 1
    assert world.advance().run.state == "succeeded"
    assert [attempt.outcome for attempt in world.run().steps[0].attempts] == ["never-started", "finished"]


def test_a_cut_connection_is_no_failed_step(world):
    world.start(command("1", targets=("a",)))
    world.host("a").cuts_next = 1
    assert world.advance().run.state == "succeeded"
    assert len(world.begun) == 1


def test_a_machine_that_falls_silent_is_asked_until_its_time_is_over_and_then_the_step_is_in_doubt(world):
    world.start(command("1", targets=("a",)), command("2", targets=("a",)), is_interactive=False)
    machine = world.host("a")
    machine.cuts_next = 1
    real = world.program
    world.program = lambda order: (setattr(machine, "is_silent", True), real(order))[1]
    engine = world.engine()
    pause = world.advance(engine=engine)
    assert (pause.kind, pause.words, pause.until) == ("time", "a does not answer.", START + timedelta(seconds=5))
    world.forward(299)
    assert world.advance(engine=engine).kind == "time"
    world.forward(1)
    pause = world.advance(engine=engine)
    assert (pause.kind, pause.question, pause.run.state) == ("person", "unknown", "unknown")
    assert events.OWED in world.kinds()
    assert pause.until == world.now() + timedelta(seconds=60)
    machine.is_silent = False
    world.program = real
    assert world.advance(engine=engine).run.state == "succeeded"
    assert world.texts() == ["do 1", "do 2"]


def test_a_person_settles_a_doubt_although_the_machine_stays_silent(world):
    world.start(command("1", targets=("a",)), command("2"))
    machine = world.host("a")
    world.programs["do 1"] = Program(hangs=True)
    assert world.killed("running")
    machine.is_silent = True
    world.advance(engine=world.engine(reach_s=0))
    world.say(events.step_decided("1", "done", "I saw it"))
    assert world.advance().run.state == "succeeded"
    assert world.run().steps[0].by == "zoe"


def test_another_node_never_does_what_is_local_and_its_own_node_settles_the_doubt(world):
    world.start(command("1"), command("2", targets=("a",)), command("3"))
    world.programs["do 1"] = Program(hangs=True)
    assert world.killed("running")
    there = world.engine("there")
    pause = world.advance(engine=there, owner="there")
    assert (pause.kind, pause.question, world.states()["1"]) == ("person", "unknown", "unknown")
    assert "here" in pause.words
    world.doing(f"{RUN}/1.1").finish(0, world.now())
    pause = world.advance(owner="here")
    assert (pause.run.state, world.texts()) == ("succeeded", ["do 1", "do 2", "do 3"])


def test_a_run_between_steps_is_taken_over_as_far_as_it_goes_elsewhere(world):
    world.start(command("1", targets=("a",)), command("2"))
    assert world.killed("before an append", 1)
    pause = world.advance(engine=world.engine("there"), owner="there")
    assert (pause.kind, pause.holder, pause.step) == ("node", "here", "2")
    assert world.advance().run.state == "succeeded"
    assert world.texts() == ["do 1", "do 2"]


def test_several_targets_at_once(world):
    world.start(command("1", targets=("a", "b", "c"), at_once=3))
    for_all = threading.Barrier(3, timeout=5)
    real = world.program
    world.program = lambda order: (for_all.wait(), real(order))[1]
    assert world.advance().run.state == "succeeded"


def test_a_cancel_interrupts_a_step_and_the_run_ends_when_nothing_is_left(world):
    world.start(command("1", targets=("a", "b"), at_once=2), command("2"))
    world.programs["do 1"] = Program(hangs=True)
    threading.Thread(
        target=lambda: (world.doing(f"{RUN}/1.2@b"), world.say(events.cancel_asked("wrong host"))), daemon=True
    ).start()
    pause = world.advance()
    assert (pause.kind, pause.run.state, pause.run.why) == ("ended", "cancelled", "Cancelled by zoe: wrong host")
    assert {attempt.outcome for attempt in world.run().steps[0].attempts} == {"killed"}
    assert world.texts() == ["do 1", "do 1"]


def test_what_cannot_be_ended_is_said_and_the_run_is_not_cancelled_yet(world):
    world.start(command("1"))
    world.programs["do 1"] = Program(hangs=True)
    assert world.killed("running")
    doing = world.doing(f"{RUN}/1.1")
    doing.ignores = ("123 sleep",)
    world.say(events.cancel_asked("enough"))
    pause = world.advance()
    assert (pause.kind, pause.words, world.run().state) == ("time", "Still there on local: 123 sleep.", "running")
    assert world.run().why == "Still there on local: 123 sleep."
    doing.ignores = ()
    world.forward(5)
    assert world.advance().run.state == "cancelled"


def test_a_silent_machine_keeps_a_run_from_being_cancelled_until_it_answers(world):
    world.start(command("1", targets=("a",)))
    world.programs["do 1"] = Program(hangs=True)
    assert world.killed("running")
    world.host("a").is_silent = True
    world.say(events.cancel_asked("enough"))
    assert (world.advance().kind, world.run().why) == ("time", "a does not answer.")
    world.host("a").is_silent = False
    assert world.advance().run.state == "cancelled"


def test_a_pause_takes_effect_before_the_next_step(world):
    world.start(command("1"), command("2"))
    world.programs["do 1"] = Program(hangs=True)

    def meanwhile():
        doing = world.doing(f"{RUN}/1.1")
        world.say(events.run_paused("lunch"))
        doing.finish(0, world.now())

    threading.Thread(target=meanwhile, daemon=True).start()
    pause = world.advance()
    assert (pause.kind, pause.words, world.texts()) == ("person", "It is paused: lunch.", ["do 1"])
    world.say(events.run_resumed("back"))
    assert world.advance().run.state == "succeeded"


def test_what_others_record_while_a_step_runs_takes_nothing_of_its_end(world):
    world.start(command("1"), command("2"))
    real = world.program
    world.program = lambda order: (world.say(events.notification_owed((), "x", "y")), real(order))[1]
    assert world.advance().run.state == "succeeded"
    assert world.texts() == ["do 1", "do 2"]


def test_a_runner_whose_lease_is_anothers_records_nothing_more(world):
    world.start(command("1"), command("2"))
    engine = world.engine()
    lease = engine.claim(RUN, "first")
    real = world.program

    def taken(order):
        world.forward(16)
        assert world.ledger.claim(f"run/{RUN}", "second", 15)
        return real(order)

    world.program = taken
    assert engine.advance(RUN, lease).kind == "taken"
    world.program = real
    assert world.states() == {"1": "running", "2": "pending"}
    assert world.advance(owner="second").run.state == "succeeded"
    assert world.texts() == ["do 1", "do 2"]


def test_a_machine_refuses_what_a_stale_runner_orders(world):
    world.start(command("1"))
    engine = world.engine()
    lease = engine.claim(RUN, "first")
    world.host("local").fence(RUN, lease.epoch + 1)
    assert engine.advance(RUN, lease).kind == "taken"
    assert world.begun == []


def test_only_one_run_has_the_lock_of_its_procedure_until_it_has_ended(world):
    world.start(command("1"), manual("2"), lock="deploy-web")
    world.start(command("1"), lock="deploy-web", run="other")
    assert world.advance().kind == "person"
    world.forward(3600)
    pause = world.advance("other")
    assert (pause.kind, pause.holder, len(world.begun)) == ("lock", RUN, 1)
    held = world.run("other")
    assert (held.state, held.why) == ("waiting", f"Of 'deploy-web' only one may run at a time, and {RUN} does.")
    assert world.advance("other").run.number == held.number
    world.say(events.step_answered("2"))
    assert world.advance().run.state == "succeeded"
    assert world.advance("other").run.state == "succeeded"


def test_a_run_that_is_cancelled_while_it_waits_for_a_lock_says_why(world):
    world.start(manual("1"), lock="web")
    world.start(command("1"), lock="web", run="other")
    world.advance()
    assert world.advance("other").kind == "lock"
    world.say(events.cancel_asked("not today"), run="other")
    world.say(events.run_held("Of 'web' only one may run at a time."), run="other")  # by a runner that looked before
    assert (world.advance("other").run.state, world.run("other").why) == ("cancelled", "Cancelled by zoe: not today")


def test_a_run_that_is_cancelled_without_a_reason_ends_without_a_colon(world):
    world.start(manual("1"))
    world.say(events.cancel_asked(""))
    assert world.advance().run.why == "Cancelled by zoe."


def test_a_step_that_is_done_after_a_retry_does_not_keep_the_words_of_its_failure(world):
    world.start(command("1", retry=Retry(1, timedelta(seconds=30))))
    world.programs["do 1"] = [Program(1), Program()]
    world.advance()
    assert "exit status 1" in world.run().steps[0].why
    world.forward(30)
    assert (world.advance().run.state, world.run().steps[0].why) == ("succeeded", "")


@pytest.mark.parametrize(("exit_code", "state"), [(0, "succeeded"), (1, "failed")])
def test_what_goes_on_in_the_background_is_stopped_before_its_run_ends(world, exit_code, state):
    world.start(command("1", script=Script("serve", background=True)), command("2"), assumes_yes=True)
    world.programs["do 2"] = Program(exit_code)
    world.host("local").is_stubborn = True
    pause = world.advance()
    assert (pause.kind, pause.run.state, world.stopped) == ("time", "running", [f"{RUN}/1.1"])
    assert pause.words == "Still there on local: 7 serve."
    world.host("local").is_stubborn = False
    world.forward(5)
    assert (world.advance().run.state, world.stopped) == (state, [f"{RUN}/1.1"] * 2)


def test_a_run_does_not_end_while_nobody_can_tell_whether_its_background_command_goes_on(world):
    world.start(command("1", script=Script("serve", background=True), targets=("web",)), manual("2"))
    world.advance()
    world.host("web").is_silent = True
    world.say(events.cancel_asked("no"))
    assert world.advance().kind == "time"
    world.host("web").is_silent = False
    world.forward(5)
    assert (world.advance().run.state, world.stopped) == ("cancelled", [f"{RUN}/1.1@web"])


def test_an_approval_that_is_not_given_in_time_fails_the_run(world):
    world.start(gate("1", within_s=60), is_interactive=False)
    pause = world.advance()
    assert (pause.kind, pause.question, pause.until) == ("person", "approval", START + timedelta(seconds=60))
    assert [event.facts["to"] for event in world.ledger.read(f"run/{RUN}") if event.kind == events.OWED] == [
        ["ada", "ben"]
    ]
    world.forward(60)
    assert [timer.name for timer in world.ledger.due(10, "run/") if timer.name != TOLD] == ["1"]
    assert world.advance().run.state == "failed"
    assert [timer.name for timer in world.ledger.due(10, "run/")] == [TOLD]


def test_a_dry_run_does_only_what_is_meant_for_it_and_takes_no_lock(world):
    world.start(
        command("1"), command("2", dry_run=DryRun("plan 2")), command("3", dry_run=DryRun()), command("verify.1"),
        is_dry=True, lock="deploy",
    )  # fmt: skip
    assert world.ledger.claim("lock/deploy", "another", 60)
    assert world.advance().run.state == "succeeded"
    assert world.texts() == ["plan 2", "do 3"]


def test_a_failed_verification_rolls_back(world):
    world.start(
        command("1"), command("2"), command("verify.1"), command("rollback.1", undoes="2"), command("rollback.2", undoes="1"),
    )  # fmt: skip
    world.programs["do verify.1"] = Program(1)
    assert world.advance().run.state == "rolled-back"
    assert world.texts() == ["do 1", "do 2", "do verify.1", "do rollback.1", "do rollback.2"]
    assert world.states()["1"] == "rolled-back"


def test_after_a_kill_what_had_ended_is_taken_and_what_runs_is_found_again(world):
    world.start(command("1"), command("2"))
    world.programs["do 2"] = Program(hangs=True, output=b"half")
    assert world.killed("running")
    threading.Thread(target=lambda: world.doing(f"{RUN}/2.1").finish(0, world.now()), daemon=True).start()
    assert world.advance().run.state == "succeeded"
    assert world.texts() == ["do 1", "do 2"]
    assert world.outputs[f"{RUN}/2.1"] == b"half"


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("before an append", 1),
        ("after an append", 1),
        ("before the claim", 1),
        ("claimed", 1),
        ("begun", 1),
        ("ended", 1),
    ],
)
def test_a_kill_at_any_point_starts_a_step_once(world, where, count):
    world.start(command("1"), command("2"))
    assert world.killed(where)
    assert world.advance().run.state == "succeeded"
    assert world.texts().count("do 1") == count


def test_a_machine_that_was_booted_anew_leaves_a_doubt_that_a_person_settles(world):
    world.start(command("1", targets=("a",)), is_interactive=False)
    world.programs["do 1"] = Program(hangs=True)
    assert world.killed("running")
    world.host("a").boot()
    pause = world.advance()
    assert (pause.kind, pause.question, pause.words) == ("person", "unknown", "a was booted anew.")
    world.programs["do 1"] = Program()
    world.say(events.step_decided("1", "again", "nothing there"))
    assert world.advance().run.state == "succeeded"
    assert len(world.begun) == 2


def lost_and_alive(world, mode):
    """A run whose step was lost by what watched over it, while its command goes on."""
    world.start(command("1", repeat=Repeat(mode)))
    world.programs["do 1"] = [Program(hangs=True), Program()]
    assert world.killed("running")
    world.host("local").boot()
    world.doing(f"{RUN}/1.1").ignores = ("77 restore",)


@pytest.mark.parametrize("mode", ["ask", "never"])
def test_nothing_is_begun_again_beside_what_still_runs(world, mode):
    lost_and_alive(world, mode)
    assert world.advance().question == "unknown"
    world.say(events.step_decided("1", "again", "it hangs"), by="mira")
    pause = world.advance()
    assert (pause.question, len(world.begun)) == ("failed", 1)
    assert "Attempt 1 still runs on this machine: 77 restore" in pause.words
    world.doing(f"{RUN}/1.1").ignores = ()  # somebody ended it
    world.say(events.step_decided("1", "again", "it is gone"), by="mira")
    assert (world.advance().run.state, len(world.begun)) == ("succeeded", 2)


def test_what_may_be_repeated_is_ended_first_where_it_still_runs(world):
    lost_and_alive(world, "safe")
    assert (world.advance().run.state, len(world.begun)) == ("succeeded", 2)
    assert world.stopped == [f"{RUN}/1.1"]


def test_a_lost_step_is_proven_by_its_check(world):
    world.start(command("1", repeat=Repeat("ask", "test -e /x")), command("2"))
    world.programs["do 1"] = Program(hangs=True)
    assert world.killed("running")
    world.host("local").boot()
    assert world.advance().run.state == "succeeded"
    assert world.texts() == ["do 1", "test -e /x", "do 2"]


def test_a_check_that_says_no_lets_the_step_be_done_anew(world):
    world.start(command("1", repeat=Repeat("ask", "test -e /x")))
    world.programs["do 1"] = [Program(hangs=True), Program()]
    world.programs["test -e /x"] = Program(1)
    assert world.killed("running")
    world.host("local").boot()
    assert world.advance().run.state == "succeeded"
    assert world.texts() == ["do 1", "test -e /x", "do 1"]


def test_a_host_that_is_not_in_the_inventory_is_a_known_failure(world):
    world.start(command("1", targets=("nowhere",)), assumes_yes=True)
    assert world.advance().run.state == "failed"
    assert "There is no host nowhere." in world.run().why


def test_a_poll_is_not_begun_anew_by_a_crash(world):
    waits = Expect("contains", text="up", within=timedelta(seconds=60), every=timedelta(seconds=10))
    world.start(command("1", expect=waits), assumes_yes=True)
    while not world.run().has_ended:
        world.killed("ended")
        world.forward(10)
    assert world.run().state == "failed"
    assert world.run().ended_at <= START + timedelta(seconds=90)
    assert len(world.begun) < 7


def test_what_is_due_later_is_a_pause_until_then_and_a_person_is_asked_after_it(world):
    world.start(command("1", retry=Retry(1, timedelta(seconds=30))), manual("2"))
    world.programs["do 1"] = [Program(1), Program()]
    pause = world.advance()
    assert (pause.kind, pause.until) == ("time", START + timedelta(seconds=30))
    world.forward(30)
    assert world.advance().question == "confirm"


def test_the_lock_of_a_run_that_ended_is_free_although_its_runner_was_killed_before_it_let_go(world):
    world.start(manual("1"), lock="web")
    world.advance()
    world.say(events.step_answered("1"))
    assert world.killed("after an append")
    assert world.run().state == "succeeded"
    world.start(command("1"), lock="web", run="other")
    assert world.advance("other").run.state == "succeeded"


def test_the_lock_of_a_run_that_is_cancelled_while_it_waits_is_free(world):
    world.start(manual("1"), lock="web")
    world.advance()
    world.say(events.cancel_asked("no"))
    assert world.advance().run.state == "cancelled"
    assert world.ledger.claim("lock/web", "another", 1)


def test_what_could_not_be_ended_when_its_time_was_over_is_said(world):
    world.start(command("1"), assumes_yes=True)
    world.programs["do 1"] = Program(None, outcome="timed-out", left=("77 sleep",))
    assert world.advance().run.state == "failed"
    assert "Still there on local: 77 sleep." in world.run().why


def test_what_is_known_of_an_end_does_not_wait_for_its_output(world):
    world.start(command("1", targets=("a",)))
    world.programs["do 1"] = Program(output=b"long")
    assert world.killed("begun")
    machine = world.host("a")

    def gone(*_):
        raise Failure("The connection was cut.")

    machine.rejoin = gone
    assert world.advance().run.state == "succeeded"
    assert world.run().steps[0].attempts[0].is_truncated


def test_a_failure_is_recorded_although_somebody_else_recorded_first(world):
    world.vault = {}
    world.start(command("1", secrets=(SECRET,)), assumes_yes=True)
    real = world.fetch
    world.fetch = lambda secret: (world.say(events.notification_owed((), "x", "y")), real(secret))[1]
    assert world.advance().run.state == "failed"
    assert len(world.run().steps[0].attempts) == 1


def goes_on(world) -> list[float]:
    """Lets the run go on through its pauses; how long each was."""
    pauses = []
    while (pause := world.advance()).kind == "time":
        pauses.append((pause.until - world.now()).total_seconds())
        world.forward(pauses[-1])
    return pauses


def test_a_machine_that_is_lost_before_anything_is_begun_is_tried_again(world):
    world.start(command("1"))
    world.host("here").lost_in_hello = 2
    assert goes_on(world) == [1, 3]
    step = world.run().step("1")
    assert (world.run().state, world.texts()) == ("succeeded", ["do 1"])
    assert [attempt.is_unreached for attempt in step.attempts] == [True, True, False]
    assert world.kinds().count(events.RETRY_DUE) == 2  # it was said so, and why


def test_a_machine_that_stays_lost_fails_the_step_which_then_is_retried_as_agreed(world):
    world.start(command("1", retry=Retry(1, timedelta(seconds=60))), is_interactive=False)
    world.host("here").lost_in_hello = 100
    assert goes_on(world) == [1, 3, 8, 60, 1, 3, 8]
    assert (world.run().state, world.begun) == ("failed", [])
    assert "was lost." in world.run().why


def test_a_condition_is_asked_again_too_where_the_machine_is_lost(world):
    world.start(manual("1", when=When("command", command="is it so")), command("2", when=When("command", command="and so")))
    world.host("here").lost_in_hello = 1
    assert goes_on(world) == [1]
    world.say(events.step_answered("1"))
    world.host("here").lost_in_hello = 1
    assert goes_on(world) == [1]
    assert world.run().state == "succeeded"


def test_what_cannot_be_begun_for_good_is_tried_once(world):
    world.start(command("1"), is_interactive=False)
    world.host("here").refuses_next = 1
    assert goes_on(world) == []
    assert world.run().state == "failed"
