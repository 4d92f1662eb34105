"""A drill in the real world: a fault is there, its alert is drilled, and whoever is paged mends it by the runbook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.stories.mailbox import Mailbox
from tests.stories.opsbook_program import SOURCE, asked, write
from tests.stories.world import World, free_port, up

pytestmark = pytest.mark.torture

ENTRY = "runbooks/api.md#issue-api-returns-500"  # below the book: no repository is here
PATIENCE_S = 60


def people(name: str) -> str:
    return (
        "# On Call\n\n## People\n\n| Name | Handle | E-Mail |\n| --- | --- | --- |\n"
        f"| Who Drills | @{name} | drills@example.org |\n| Ada Byron | @ada | ada@example.org |\n"
    )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, Mailbox]]:
    """The world without its monitoring, its book served; whoever runs this is a person of the book."""
    import pwd

    port, mailbox = free_port(), Mailbox()
    with up(OPS_URL=f"http://127.0.0.1:{port}") as world:
        settings = f'[notify]\nsmtp = "{mailbox.address}"\nfrom = "opsbook@example.org"\n\n[paging]\ncatch_all = ["@ada"]\n'
        name = pwd.getpwuid(os.getuid()).pw_name
        write(world.folder, {"docs/operations/incidents/on-call.md": people(name), "docs/operations/opsbook.toml": settings})
        env = {**world.environment, "PYTHONPATH": str(SOURCE)}
        command = [sys.executable, "-m", "opsbook", "serve", "--port", str(port)]
        with subprocess.Popen(command, cwd=world.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "ready" in process.stdout.readline()
            yield world, mailbox
            os.kill(process.pid, signal.SIGTERM)
    mailbox.close()


def test_a_fault_is_drilled_and_mended_by_whoever_joined_and_that_counts_as_practice(
    served: tuple[World, Mailbox],
) -> None:
    world, mailbox = served
    world.run("api#production", "-p", "VERSION=1.1.0")
    world.do("faults/fault-api-500.sh")
    world.wait_until(is_well=False)
    since = len(mailbox.mails)

    drill = asked("drill", "start", "--alert", "ApiErrors", "--speed", "10x", here=world.folder)["id"]
    mail = mailbox.wait_for(lambda each: "Drill" in each["Subject"] and "ApiErrors" in each["Subject"], since)
    assert mail["To"] == "drills@example.org"
    asked("page", "ack", "last", here=world.folder)
    assert asked("drill", "answer", drill, "section", ENTRY, here=world.folder, status=0)["id"] == drill
    assert world.run("api#issue-api-returns-500")["state"] == "succeeded"
    world.wait_until(is_well=True)

    found = _over(world, drill)
    (score,) = found["score"]
    assert (found["ended_how"], score["step_how"], score["practised"]) == ("done", "run", [ENTRY])
    assert score["acknowledged_s"] is not None and score["wrong"] == 0
    pages = {each["path"]: each["practised"] for each in asked("coverage", here=world.folder)["practice"]["pages"]}
    assert pages["runbooks/api.md"] == datetime.now(UTC).date().isoformat()
    assert not [each for each in mailbox.mails[since:] if "ada@" in each["To"]]


def _over(world: World, drill: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while (found := asked("drill", "show", drill, here=world.folder))["state"] != "over":
        assert time.monotonic() < until, found
        time.sleep(0.5)
    return found
