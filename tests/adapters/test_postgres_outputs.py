"""Outputs in PostgreSQL keep the contract, are seen by every node, and come back with the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from tests.adapters.outputs_contract import KEPT_FOR, KEY, MOST_OF_ONE, OutputsContract
from tests.postgres import until_it_works

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.adapters.postgres_ledger.outputs import PostgresOutputs
from opsbook.ground.errors import Failure


@pytest.fixture
def make(postgres_url: str) -> Iterator[Callable[[int], PostgresOutputs]]:
    with ExitStack() as stack:

        def made(most_bytes: int) -> PostgresOutputs:
            outputs = PostgresOutputs(postgres_url, KEPT_FOR, most_bytes, most_of_one=MOST_OF_ONE)
            return stack.enter_context(closing(outputs))

        yield made


class TestPostgresOutputs(OutputsContract):
    pass


def test_what_one_node_keeps_another_shows(make):
    here, there = make(1000), make(1000)
    here.append(KEY, 0, b"abc")
    assert there.read(KEY, 0, 10) == b"abc"
    there.append(KEY, 3, b"def")
    assert here.read(KEY, 0, 10) == b"abcdef"


def test_what_a_crash_lost_in_between_is_read_as_nothing(make):
    outputs = make(1000)
    outputs.append(KEY, 0, b"abc")
    outputs.append(KEY, 5, b"fgh")
    assert outputs.read(KEY, 0, 10) == b"abc\0\0fgh"
    assert outputs.read(KEY, 4, 2) == b"\0f"


def test_they_lie_beside_the_ledger_and_neither_disturbs_the_other(make, postgres_url):
    outputs = make(1000)
    with closing(PostgresLedger(postgres_url)) as ledger:
        outputs.append(KEY, 0, b"abc")
        assert ledger.head() == 0


def test_they_come_back_with_the_server(make, postgres_server):
    outputs = make(1000)
    outputs.append(KEY, 0, b"abc")
    postgres_server.stop()
    try:
        with pytest.raises(Failure) as told:
            outputs.append(KEY, 3, b"def")
        assert told.value.retryable
    finally:
        postgres_server.start()
    until_it_works(lambda: outputs.append(KEY, 3, b"def"))
    assert outputs.read(KEY, 0, 10) == b"abcdef"
