"""A nudge wakes another process, is never lost while nobody waits, and never harms whoever gives it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from opsbook.adapters.nudges import Nudge

LONG_S = 30.0


@pytest.fixture
def nudge() -> Iterator[Nudge]:
    nudge = Nudge()
    yield nudge
    nudge.close()


def test_without_a_nudge_the_time_is_waited_for(nudge):
    began = time.monotonic()
    assert not nudge.wait(0.02)
    assert 0.01 < time.monotonic() - began < LONG_S
    assert not nudge.wait(-1)


def test_nudges_given_before_are_one_and_are_not_lost(nudge):
    for _ in range(3):
        nudge.notify()
    assert (nudge.wait(LONG_S), nudge.wait(0)) == (True, False)


def test_another_process_wakes_whoever_waits(nudge):
    child = os.fork()
    if not child:
        nudge.notify()
        os._exit(0)
    assert nudge.wait(LONG_S)
    os.waitpid(child, 0)


def test_a_pipe_that_nobody_empties_keeps_nobody(nudge):
    for _ in range(200_000):
        nudge.notify()
    assert (nudge.wait(LONG_S), nudge.wait(0)) == (True, False)


def test_where_nobody_is_left_to_wake_nothing_happens():
    nudge = Nudge()
    nudge.close()
    nudge.notify()
