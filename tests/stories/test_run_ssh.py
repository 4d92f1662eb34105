"""A procedure on other machines, as the program runs it: a real sshd, pinned; what is wrong is told before a step."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stories.opsbook_program import SOURCE, run, write

PAGE = """# Shop

## Deploy

- **Run on:** each of `web`, 1 at a time
- **Secrets:** `TOKEN` from env:TOKEN

1. Say where
   ```bash
   echo "deploying '$VERSION' with $TOKEN to $PLACE"
   ```
2. Take a while
   ```bash
   touch "$PLACE"; for n in $(seq 20); do echo "line $n"; sleep 0.05; done
   ```

- **Verification:** `test -n "$VERSION"`
"""
SECRET = "correct-horse-battery"


@pytest.fixture
def shop(tmp_path, sshd) -> Iterator[Path]:
    """A book with two hosts, which are one sshd; what they keep of its runs is removed at the end."""
    made = write(tmp_path / "shop", {"shop.md": PAGE, "opsbook.toml": settings(sshd)})
    yield made
    told = run("--book", made, "runs", "list", "--format", "json", here=made)
    for run_id in re.findall(r"\d{6}-\d{6}-\w{4}", told.stdout):
        shutil.rmtree(left_on_hosts(run_id), ignore_errors=True)


def settings(sshd, known_hosts: str = "") -> str:
    """Its configuration."""
    return f"""
[hosts]
web-1 = "{sshd.address}"
web-2 = "{sshd.address}"
[groups]
web = ["web-1", "web-2"]
[ssh]
keys = ["{sshd.key}"]
known_hosts = "{known_hosts or sshd.known_hosts}"
python = "{sys.executable}"
"""


def deploy(shop: Path) -> tuple[int, dict, str]:
    """How the program ends, what it answers, and what it says besides. Step 2 makes the file `begun` beside the shop."""
    words = ("run", "shop.md#deploy", "--yes", "-p", "VERSION=$(id); touch x", "-p", f"PLACE={shop.parent}/begun")
    done = run("--book", shop, *words, "--format", "json", here=shop, OPSBOOK_SECRET_TOKEN=SECRET)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr


def left_on_hosts(run_id: str) -> Path:
    """What hosts keep of a run, where nothing else is configured."""
    return Path(f"/var/tmp/opsbook-{os.getuid()}") / run_id


def test_each_host_of_a_group_is_done_in_its_turn_and_no_value_is_more_than_a_value(shop):
    status, told, said = deploy(shop)
    assert (status, told["state"]) == (0, "succeeded"), said
    first = told["steps"][0]
    assert [attempt["target"] for attempt in first["attempts"]] == ["web-1", "web-2"]
    assert f"deploying '$(id); touch x' with [secret TOKEN] to {shop.parent}" in first["attempts"][0]["output_tail"]
    kept = left_on_hosts(told["run"])
    assert list(kept.iterdir())
    for folder in (kept, shop):
        for path in folder.rglob("*"):
            assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


def test_a_run_goes_on_where_its_connection_is_cut(shop, sshd):
    def cut_twice() -> None:
        for _ in range(2):
            until = time.monotonic() + 30
            while not (shop.parent / "begun").exists() and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.2)
            sshd.cut()

    cutter = threading.Thread(target=cut_twice)
    cutter.start()
    status, told, said = deploy(shop)
    cutter.join()
    assert (status, told["state"]) == (0, "succeeded"), said
    attempts = told["steps"][1]["attempts"]
    assert [attempt["output_tail"].count("line") for attempt in attempts] == [20, 20]


def test_a_cancelled_run_leaves_nothing_on_its_host(shop):
    (shop / "stubborn.md").write_text(
        "# Stubborn\n\n## Stay\n\n- **Run on:** web-1\n\n1. Stay\n   ```bash\n"
        "   setsid -f sleep 391\n   sleep 392; sleep 393\n   ```\n"
    )
    command = [sys.executable, "-m", "opsbook", "--book", str(shop), "run", "stubborn.md#stay", "--yes"]
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, cwd=shop, text=True)
    until = time.monotonic() + 30
    while not {"391", "392"} <= sleepers():
        assert time.monotonic() < until
        time.sleep(0.01)
    done = run("--book", shop, "runs", "cancel", "last", "--why", "enough", here=shop)
    said = running.communicate(timeout=60)[1]
    assert done.returncode in (0, 1), done.stderr
    assert running.returncode == 1, said
    assert sleepers() & {"391", "392", "393"} == set()


def sleepers() -> set[str]:
    """For how long the programs `sleep` that live here sleep."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"sleep"):
            found.add(words[1].decode())
    return found


def test_a_host_that_cannot_be_trusted_is_told_and_nothing_is_begun(shop, sshd, tmp_path):
    (tmp_path / "pinned").write_text("")
    (shop / "opsbook.toml").write_text(settings(sshd, str(tmp_path / "pinned")))
    status, _, said = deploy(shop)
    assert status == 4, said
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in said


def test_what_is_configured_and_cannot_work_is_told_before_the_first_step(shop, sshd):
    (shop / "opsbook.toml").write_text(settings(sshd).replace('["web-1", "web-2"]', '["web-1", "wbe-2"]'))
    status, _, said = deploy(shop)
    assert status == 2
    assert "opsbook.toml:6: The group 'web' has the host 'wbe-2'" in said


def test_a_secret_that_cannot_be_had_begins_nothing(shop):
    command = [sys.executable, "-m", "opsbook", "--book", str(shop), "run", "shop.md#deploy", "--yes", "-p", "VERSION=1", "-p", "PLACE=x"]
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    env.pop("OPSBOOK_SECRET_TOKEN", None)
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=shop, timeout=60)
    assert done.returncode != 0
    assert "OPSBOOK_SECRET_TOKEN" in done.stdout + done.stderr
