"""Whatever is killed, booted anew or silent, and whenever: nothing is started twice unless it may be, nothing that was
done is lost, and every doubt is shown. A machine of hypothesis plays all of them against the real ledger."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.ledger.planned import RUN, command, manual
from tests.usecases.executed_world import Killed, Program, World

from opsbook.book.grammar import Expect, Repeat, Retry, When
from opsbook.ledger import run_events as events
from opsbook.ledger.event import verify

MODES = [Repeat("ask"), Repeat("safe"), Repeat("never"), Repeat("ask", "is it"), Repeat("never", "is it")]
SECONDS = timedelta(seconds=1)


@st.composite
def planned_steps(draw):
    steps = []
    numbers = [str(number) for number in range(1, draw(st.integers(1, 4)) + 1)]
    if draw(st.booleans()):
        numbers.append("verify.1")
    if draw(st.booleans()):
        numbers += [f"rollback.{index}" for index, _ in enumerate(numbers[:2], 1)]
    for number in numbers:
        more = {"undoes": number.removeprefix("rollback.")} if number.startswith("rollback") else {}
        if draw(st.integers(0, 5)) == 0:
            steps.append(manual(number, **more))
            continue
        more["repeat"] = draw(st.sampled_from(MODES))
        more["targets"] = draw(st.sampled_from([("local",), ("a",), ("a", "b"), ("local", "a", "b")]))
        more["at_once"] = draw(st.integers(1, 3))
        more["stop_after"] = draw(st.integers(1, 2))
        if draw(st.booleans()):
            more["retry"] = Retry(draw(st.integers(1, 2)), draw(st.sampled_from([0, 7])) * SECONDS)
        elif draw(st.booleans()):
            more["expect"] = Expect("exit", (0,), within=30 * SECONDS, every=9 * SECONDS)
        if draw(st.integers(0, 4)) == 0:
            more["when"] = When("command", command="shall it")
        steps.append(command(number, **more))
    return steps


class Crashes(RuleBasedStateMachine):
    """One run, and everything that may happen around it."""

    @initialize(
        steps=planned_steps(), is_interactive=st.booleans(), assumes_yes=st.booleans(), rollback_on_request=st.booleans(),
        programs=st.lists(st.tuples(st.sampled_from([0, 0, 0, 1, 2]), st.booleans()), max_size=12),
    )  # fmt: skip
    def begin(self, steps, is_interactive, assumes_yes, rollback_on_request, programs):
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.world = World(Path(self.folder.name))
        self.todo = list(programs)
        self.world.program = self.program
        self.engines = {node: self.world.engine(node, reach_s=60) for node in ("here", "there")}
        self.steps = {step.number: step for step in steps}
        self.world.start(
            *steps, is_interactive=is_interactive, assumes_yes=assumes_yes and is_interactive,
            rollback_on_request=rollback_on_request, lock="web",
        )  # fmt: skip

    def program(self, order):
        exit_code, hangs = self.todo.pop(0) if self.todo else (0, False)
        return Program(exit_code, b"said\n", hangs=hangs)

    # -- what happens ------------------------------------------------------------------------------------------

    @rule(points=st.integers(0, 40), where=st.sampled_from(["", "", "after an append", "before an append", "begun", "running"]),
          node=st.sampled_from(["here", "here", "there"]))  # fmt: skip
    def a_runner_works_until_it_is_killed(self, points, where, node):
        self.work(points, where, node)

    def work(self, points, where="", node="here"):
        world = self.world
        world.kill_at, world.kill_where = points, where
        if where and where != "running":  # a command that hangs would keep it for ever
            self.finish_all()
            self.todo = [(exit_code, False) for exit_code, _ in self.todo]
        engine = world.engine(node, reach_s=60)
        engine.silent_since = self.engines[node].silent_since
        try:
            return world.advance(engine=engine, owner=f"{node} {world.life}")
        except Killed:
            world.forward(16)
        finally:
            world.kill_at = None
        return None

    @rule(name=st.sampled_from(["here", "a", "b"]))
    def a_machine_is_booted_anew(self, name):
        self.world.host(name).boot()

    @rule(name=st.sampled_from(["a", "b"]), is_silent=st.booleans())
    def a_machine_falls_silent_or_answers_again(self, name, is_silent):
        self.world.host(name).is_silent = is_silent

    @rule(name=st.sampled_from(["a", "b", "here"]), is_certain=st.booleans())
    def a_connection_fails(self, name, is_certain):
        machine = self.world.host(name)
        machine.refuses_next, machine.cuts_next = (1, 0) if is_certain else (0, 1)

    @rule(exit_code=st.sampled_from([0, 0, 1]))
    def what_runs_ends(self, exit_code):
        self.finish_all(exit_code)

    def finish_all(self, exit_code=0):
        for machine in self.world.machines.values():
            for doing in machine.done.values():
                doing.finish(exit_code, self.world.now())

    @rule(seconds=st.sampled_from([3, 10, 70]))
    def time_passes(self, seconds):
        self.world.forward(seconds)

    @precondition(lambda self: any(step.asked for step in self.world.run().steps))
    @rule(decision=st.sampled_from(["done", "again", "failed", "undo", "roll-back"]), choice=st.integers(0, 3))
    def a_person_answers(self, decision, choice):
        step = next(step for step in self.world.run().steps if step.asked)
        asked = step.asked.question
        if asked in ("unknown", "failed"):
            draft = events.step_decided(step.number, decision, "I looked")
        elif choice == 0:
            draft = events.step_ended(step.number, "failed", "no")
        else:
            draft = events.step_answered(step.number)
        self.world.say(draft)

    @rule(which=st.sampled_from(["pause", "resume", "cancel", "nothing", "nothing"]))
    def a_person_wants_something(self, which):
        run = self.world.run()
        if run.has_ended or which == "nothing":
            return
        wanted = {
            "pause": events.run_paused("wait"), "resume": events.run_resumed("go"), "cancel": events.cancel_asked("stop"),
        }  # fmt: skip
        if which == "resume" or not run.is_paused:
            self.world.say(wanted[which])

    # -- what always holds -------------------------------------------------------------------------------------

    @invariant()
    def nothing_was_begun_that_was_not_recorded_before(self):
        if not hasattr(self, "world"):
            return
        keys = [order.key for order in self.world.begun]
        assert len(keys) == len(set(keys))
        intended = {event.facts["key"] for event in self.history() if event.kind == events.INTENDED}
        assert set(keys) <= intended

    @invariant()
    def nothing_was_begun_twice_unless_it_may_be(self):
        if not hasattr(self, "world"):
            return
        last = {}
        proofs = {}
        told = {}
        for event in self.history():
            facts = event.facts
            if event.kind == events.DECIDED and facts["decision"] == "again":
                last = {place: key for place, key in last.items() if place[0] != facts["step"]}
            elif event.kind == events.ATTEMPT_ENDED:
                told[facts["key"]] = facts
                proofs[facts["key"]] = facts
            elif event.kind == events.INTENDED and facts["purpose"] == "step":
                place = (facts["step"], facts["target"])
                if place in last:
                    self.may_be_repeated(facts["step"], told.get(last[place]), told)
                last[place] = facts["key"]

    def may_be_repeated(self, number, before, told):
        step = self.steps[number]
        assert before is not None, "an attempt was made while the one before was open"
        if before["outcome"] == "never-started":
            assert before["key"] not in [order.key for order in self.world.begun], (
                "it was begun, and called never begun"
            )
            return
        if before["outcome"] == "lost":
            is_no = any(
                each["step"] == number and each["exit"] == 1 for each in told.values() if each["key"] != before["key"]
            )
            assert step.repeat.mode == "safe" or (step.repeat.mode == "ask" and step.repeat.done_if and is_no)
            return
        assert before["is_ok"] is False, "what was done was done again"
        assert step.retry is not None or step.expect is not None

    @invariant()
    def what_the_ledger_says_of_an_end_is_true(self):
        if not hasattr(self, "world"):
            return
        ends = {key: doing for machine in self.world.machines.values() for key, doing in machine.done.items()}
        for step in self.world.run().steps:
            for attempt in step.attempts:
                if attempt.outcome == "finished":
                    assert ends[attempt.key].ended.exit == attempt.exit
                if attempt.outcome == "lost" and attempt.why != "A person settled it.":
                    assert ends[attempt.key].is_lost

    @invariant()
    def no_step_is_done_without_a_reason(self):
        if not hasattr(self, "world"):
            return
        answered = {event.facts["step"] for event in self.history() if event.kind in (events.DECIDED, events.ANSWERED)}
        for step in self.world.run().steps:
            planned = self.steps[step.number]
            if step.state != "done" or planned.kind != "command" or step.number in answered:
                continue
            ok = {attempt.target for attempt in step.attempts if attempt.is_ok and attempt.purpose != "when"}
            no = {attempt.target for attempt in step.attempts if attempt.purpose == "when" and attempt.exit == 1}
            assert ok
            assert planned.undoes or ok | no == set(planned.targets)

    def history(self):
        return self.world.ledger.read(f"run/{RUN}")

    # -- the end -----------------------------------------------------------------------------------------------

    def teardown(self):
        if not hasattr(self, "world"):
            return
        with self.folder:
            try:
                self.go_to_the_end()
            finally:
                self.world.close_all()

    def go_to_the_end(self):
        world = self.world
        self.todo = []
        for machine in world.machines.values():
            machine.is_silent, machine.refuses_next, machine.cuts_next = False, 0, 0
        self.finish_all()
        world.say(events.run_resumed("go"))
        for _ in range(80):
            pause = self.work(10_000)
            assert pause is not None
            if pause.kind == "ended":
                break
            world.forward(70)
            step = pause.run.step(pause.step)
            if step is not None and step.asked is not None:
                draft = events.step_answered(step.number)
                if step.asked.question in ("unknown", "failed"):
                    draft = events.step_decided(step.number, "done", "I looked")
                world.say(draft)
        run = world.run()
        assert run.has_ended, run
        assert verify(world.ledger.after(0, 100_000)) == []
        known = {attempt.key: attempt for step in run.steps for attempt in step.attempts}
        for machine in world.machines.values():
            for key, doing in machine.done.items():
                assert known[key].ended_at is not None
                if (
                    doing.ended is not None
                    and doing.ended.outcome == "finished"
                    and known[key].why != "A person settled it."
                ):
                    assert (known[key].outcome, known[key].exit) == ("finished", doing.ended.exit)
        assert world.ledger.claim("lock/web", "somebody", 1) is not None


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=25, stateful_step_count=16)


@pytest.mark.torture
class TestManyCrashes(Crashes.TestCase):
    """The same for long."""

    settings = settings(max_examples=600, stateful_step_count=40)
