"""What the world does to a step: no room, no folder, another user; and what is sent to other machines."""

from __future__ import annotations

import ast
import os
import subprocess

import pytest
from tests.adapters.step_hosts.step_host_contract import Told, done, order

from opsbook.adapters.step_hosts.shell_runner import local_host
from opsbook.adapters.step_hosts.shim import _PACKAGE, MODULES, preamble
from opsbook.ground.errors import NotBegun


def test_a_folder_that_cannot_be_made_is_nothing_begun(tmp_path):
    (tmp_path / "file").write_text("x")
    host = local_host(str(tmp_path / "file" / "runs"))
    with pytest.raises(NotBegun, match="cannot be made"):
        host.run(order("echo x"), Told())
    host.close()


def test_a_run_that_cannot_be_written_is_nothing_begun(tmp_path):
    (tmp_path / "run-a").write_text("a file where a folder should be")
    host = local_host(str(tmp_path))
    with pytest.raises(NotBegun):
        host.run(order(f"touch {tmp_path}/x"), Told())
    assert not (tmp_path / "x").exists()
    host.close()


@pytest.fixture
def small(tmp_path):
    """A folder with room for 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("ABSENT: tmpfs (a disk that is full can be tried by root alone)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_ends_no_command_and_is_told(small):
    host = local_host(str(small / "runs"))
    ended, _ = done(host, "head -c 5000000 /dev/zero; exit 3")
    assert (ended.outcome, ended.exit, ended.is_truncated) == ("finished", 3, True)
    assert "No space left" in ended.why
    host.close()


def test_a_disk_that_was_full_before_is_nothing_begun(small):
    host = local_host(str(small / "runs"))
    assert done(host, "true")[0].exit == 0
    with (small / "fill").open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(NotBegun, match="No space left"):
        host.run(order(f"touch {small.parent}/x"), Told())
    assert not (small.parent / "x").exists()
    host.close()


def test_output_beyond_the_most_is_cut_and_the_command_goes_on(tmp_path):
    host = local_host(str(tmp_path), cap_bytes=1000)
    ended, said = done(host, "head -c 3000000 /dev/zero | tr '\\0' x; exit 5")
    assert (ended.exit, ended.is_truncated) == (5, True)
    assert said.startswith(b"x" * 1000 + b"\n[truncated: ")
    assert ended.output_bytes == len(said) < 1100
    host.close()


def test_much_output_comes_whole_to_a_slow_reader(tmp_path):
    host = local_host(str(tmp_path))
    ended, said = done(host, "seq 1000000")
    assert said == b"".join(b"%d\n" % number for number in range(1, 1_000_001))
    assert ended.output_bytes == len(said)
    host.close()


def test_a_command_of_another_user_gets_its_values_too(tmp_path):
    if os.getuid() != 0:
        pytest.skip("ABSENT: root (to become another user)")
    host = local_host(str(tmp_path / "runs"))
    text = 'id -un; echo "$HOME|$A|$S"; cat; false; echo on'
    given = order(text, user="nobody", environment={"A": "it's\n$(id)"}, secrets={"S": "hunter2hunter2"}, cwd="/")
    told = Told()
    ended = host.run(given, told)
    assert told.text == b"nobody\n/nonexistent|it's\n$(id)|[secret S]\n"
    assert ended.exit == 1
    host.close()


def test_a_user_that_is_not_there_is_nothing_begun(tmp_path):
    host = local_host(str(tmp_path / "runs"))
    with pytest.raises(NotBegun, match="no user nobody-here"):
        host.run(order("true", user="nobody-here"), Told())
    host.close()


def test_what_is_sent_is_python_3_7_and_its_library_alone():
    from importlib import resources

    for name in MODULES:
        tree = ast.parse(resources.files(_PACKAGE).joinpath(f"{name}.py").read_text(), feature_version=(3, 7))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("opsbook"):
                known = node.module.removeprefix(_PACKAGE + ".")
                assert MODULES.index(known) < MODULES.index(name)
    assert {path.name for path in resources.files(_PACKAGE).iterdir() if path.name.endswith(".py")} == {
        f"{name}.py" for name in (*MODULES, "__init__")
    }
    assert int(preamble()[:8]) == len(preamble()) - 8
