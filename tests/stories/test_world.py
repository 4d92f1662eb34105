"""A small real world operated by its own runbooks as they stand: nginx, an API in two colours, PostgreSQL, Redis.

Every fault of it is broken on purpose and mended by the entry of the runbook that tells of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.stories.world import World, up

pytestmark = pytest.mark.torture

OPERATIONS = (
    "web#staging", "web#production", "web#restart-service", "web#scale-service", "web#backup", "web#restore",
    "queue#production", "queue#restart-service", "queue#scale-service", "queue#backup", "queue#restore",
    "database#staging", "database#production", "database#restart-service", "database#scale-service", "database#backup",
    "database#restore", "database#restore-base-backup",
    "api#staging", "api#production", "api#production/rollback", "api#restart-service", "api#scale-service", "api#backup",
)  # fmt: skip
FAULTS = (
    ("api-500", "api#issue-api-returns-500"),
    ("database-stopped", "database#issue-postgresql-is-stopped"),
    ("database-data-loss", "database#issue-table-items-is-missing"),
    ("disk-full", "api#issue-spool-disk-is-full"),
    ("nginx-config", "web#issue-nginx-is-down-or-will-not-start"),
    ("queue-stopped", "queue#issue-redis-is-down"),
    ("redis-oom", "queue#issue-redis-is-out-of-memory"),
    ("slow-lock", "api#issue-api-responses-are-slow"),
    ("slow-saturated", "api#issue-api-responses-are-slow"),
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The world, up and well, without what watches it."""
    with up("--no-monitoring") as world:
        yield world


def test_every_operation_of_the_runbooks_works_as_it_stands(world: World) -> None:
    for where in OPERATIONS:
        assert world.run(where)["state"] == "succeeded"
        world.wait_until(is_well=True)


@pytest.mark.parametrize(("fault", "where"), FAULTS)
def test_a_fault_is_mended_by_the_entry_that_tells_of_it(world: World, fault: str, where: str) -> None:
    world.wait_until(is_well=True)
    world.run("api#production", "-p", "VERSION=1.1.0")
    world.do(f"faults/fault-{fault}.sh")
    if fault == "slow-lock":
        time.sleep(6)  # its entry ends only what has held the lock for longer than five seconds
    world.wait_until(is_well=False)
    assert world.run(where)["state"] == "succeeded"
    world.wait_until(is_well=True)
