"""Variables of the runner's own environment, which a step gets where it names them, and only then."""

from __future__ import annotations

import pytest
from tests.ledger.planned import command
from tests.usecases.executed_world import World

from opsbook.book.grammar import ParameterType
from opsbook.book.plan import PlannedParameter, Script

OWN = {"HTTPS_PROXY": "proxy:3128", "REGION": "north", "OPSBOOK_TOKEN": "opsb_1", "PATH": "/bin"}


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close_all()


def asks(*names: str, target: str = "local"):
    return command("1", script=Script("do 1", environment=names), targets=(target,))


@pytest.mark.parametrize("target", ["local", "web-1"])
def test_a_step_gets_the_variables_that_it_names_on_whatever_machine(world, target):
    world.start(asks("HTTPS_PROXY", target=target), command("2"))
    world.advance(engine=world.engine(inherited=OWN.get))
    assert [order.environment for order in world.begun] == [{"HTTPS_PROXY": "proxy:3128"}, {}]


def test_a_parameter_of_that_name_comes_first(world):
    text = PlannedParameter("REGION", ParameterType("string"))
    world.start(asks("REGION"), parameters=(text,), values={"REGION": "south"})
    world.advance(engine=world.engine(inherited=OWN.get))
    assert world.begun[0].environment["REGION"] == "south"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("MISSING", "wants MISSING from the runner's environment (env=MISSING), and it is not set there"),
        ("OPSBOOK_TOKEN", "'env=OPSBOOK_TOKEN' is not handed on: OPSBOOK_TOKEN is meant for Opsbook alone."),
        ("PATH", "'env=PATH' is not handed on: 'PATH' changes what the shell or the loader does"),
    ],
)
def test_what_cannot_be_handed_on_fails_the_step_before_it_begins(world, name, why):
    world.start(asks(name), is_interactive=False)
    pause = world.advance(engine=world.engine(inherited=OWN.get))
    assert (pause.run.state, world.begun) == ("failed", [])
    assert why in pause.run.why
