"""The whole API, asked by schemathesis what its own description allows and what it does not: no 500, nothing untold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.conftest import ROOT, is_everything_wanted
from tests.entrypoints.door import write_repository

PROGRAM = ROOT / "build" / "fuzz" / "bin" / "schemathesis"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Streams do not end, so nobody can wait for their answer; their own tests ask them.
WITHOUT = "/api/v1/events"
# One: Python 3.11 counts the depth of what it parses over all threads together, and two that parse at once end with
# "AST constructor recursion depth mismatch".
WORKERS = "1"
ACTS = "read,own-account,probe,edit-page,run,approve,respond,administer"


@pytest.fixture(scope="module")
def schemathesis() -> Path:
    """The program, in the environment that `make test` and `make fuzz` prepare."""
    if not PROGRAM.exists():
        reason = "ABSENT: schemathesis (build/fuzz is not there; 'make fuzz' makes it)"
        if is_everything_wanted():
            pytest.fail(f"{reason}, and OPSBOOK_TEST_ALL=1 wants every test to run", pytrace=False)
        pytest.skip(reason)
    return PROGRAM


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The address of a real server over a book of its own, and the token of an admin."""
    root = tmp_path_factory.mktemp("fuzzed")
    book = write_repository(root)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OPSBOOK_BOOK": str(book)}
    ours = [sys.executable, "-m", "opsbook"]

    def said(*words: str, **more: str) -> str:
        done = subprocess.run([*ours, *words], env=env, capture_output=True, text=True, timeout=60, check=True, **more)
        return done.stdout

    said("user", "add", "root", "--role", "admin", "--no-password")
    token = said("token", "issue", "root", "--for", ACTS, "--expires", "1d").split()[-1]
    with subprocess.Popen([*ours, "serve", "--port", "0"], env=env, stdout=subprocess.PIPE, text=True) as started:
        yield started.stdout.readline().split()[-1], token
        started.terminate()
        started.communicate(timeout=20)


KNOWN = """
[parameters]
"path.path" = "docs/operations/runbooks/api.md"
"path.service" = "api"
"path.key" = "{key}"
"path.run" = "{run}"
"path.number" = "1"
"path.incident" = "1"
"path.update" = "1"
"path.task" = "1"
"path.action" = "1"
"query.anchor" = "deployment"
"query.step" = "1"
"""


@pytest.fixture
def known(served, tmp_path) -> list[str]:
    """What schemathesis is told of the things that are there, so that it comes past their names."""
    with urllib.request.urlopen(f"{served[0]}/api/v1/probes", timeout=30) as answer:
        key = json.load(answer)["probes"][0]["probe"]
    file = tmp_path / "schemathesis.toml"
    file.write_text(KNOWN.format(key=key, run=started_run(served)))
    lay_incident(served)
    return ["--config-file", str(file)]


def sent(served: tuple[str, str], path: str, **body: object) -> dict[str, str]:
    """What the API answers a change."""
    headers = {"Authorization": f"Bearer {served[1]}", "Content-Type": "application/json"}
    asks = urllib.request.Request(f"{served[0]}/api/v1/{path}", data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(asks, timeout=30) as answer:
        told: dict[str, str] = json.load(answer)
    return told


def started_run(served: tuple[str, str]) -> str:
    """A run that was started by the API; what is asked next may end it."""
    return sent(served, "runs", procedure="docs/operations/runbooks/api.md#deployment")["run"]


def lay_incident(served: tuple[str, str]) -> None:
    """An incident with an update, a task and an action item; what is asked next may end it."""
    at = f"incidents/{sent(served, 'incidents', title='The API is down', services=['api'], key='laid')['number']}"
    sent(served, f"{at}/updates", audience="team", body="We look.")
    sent(served, f"{at}/tasks", text="Look at the log")
    sent(served, f"{at}/actions", text="Watch the disk")


def campaign(
    program: Path, served: tuple[str, str], *, examples: int, headers: Sequence[str] = (), before: Sequence[str] = ()
) -> None:
    """Asks every operation; fails with what schemathesis tells."""
    address, _ = served
    command = [
        str(program), *before, "run", f"{address}/api/openapi.json", "--url", address, "--checks", CHECKS, "--mode", "all",
        "--exclude-path", WITHOUT, "--max-examples", str(examples), "--workers", WORKERS, "--no-color",
        "--suppress-health-check", "all", "--phases", "examples,coverage,fuzzing", "--request-timeout", "30", *headers,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_800, cwd=ROOT / "build")
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def test_an_admin_finds_no_500_and_no_answer_that_is_not_told(schemathesis, served):
    campaign(schemathesis, served, examples=2, headers=["--header", f"Authorization: Bearer {served[1]}"])


def test_what_is_there_is_asked_too(schemathesis, served, known):
    token = ["--header", f"Authorization: Bearer {served[1]}"]
    campaign(schemathesis, served, examples=2, headers=token, before=known)


def test_nobody_in_particular_finds_none_either(schemathesis, served):
    campaign(schemathesis, served, examples=1)


@pytest.mark.torture
def test_a_long_campaign_finds_none(schemathesis, served, known, record_property):
    token = ["--header", f"Authorization: Bearer {served[1]}"]
    campaign(schemathesis, served, examples=150, headers=token)
    campaign(schemathesis, served, examples=150, headers=token, before=known)
    record_property("tried", 300)
