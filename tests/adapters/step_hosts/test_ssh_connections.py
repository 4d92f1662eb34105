"""Connections to a real sshd: one each, shared, found again; whoever is not pinned is not spoken to."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import asyncssh
import pytest

from opsbook.adapters.step_hosts.inventory import Place, SshSettings, read_place
from opsbook.adapters.step_hosts.ssh_runner import SshConnections, constant_command
from opsbook.ground.errors import Failure, NotBegun

ECHO = b"""
import os
while part := os.read(0, 65536):
    os.write(1, part)
"""


@pytest.fixture
def place(sshd):
    return read_place("web-1", sshd.address)


@pytest.fixture
def connections(sshd):
    made = SshConnections(SshSettings(sshd.known_hosts, (sshd.key,), limit_s=5.0))
    yield made
    made.close()


def refused(settings: SshSettings, place: Place) -> str:
    """What is said where nothing could begin."""
    made = SshConnections(settings)
    try:
        with pytest.raises(NotBegun) as told:
            made.begin(place, ECHO)
        return str(told.value)
    finally:
        made.close()


def read_exactly(pipe, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = pipe.read(10.0)
        assert part
        content += part
    return content


def test_a_program_begins_there_and_is_spoken_to(connections, place):
    pipe = connections.begin(place, ECHO)
    pipe.write(b"hello")
    assert read_exactly(pipe, 5) == b"hello"


def test_much_goes_through_both_ways_without_being_held(connections, place):
    pipe = connections.begin(place, ECHO)
    content = bytes(range(256)) * 65_536  # 16 MiB
    writer = threading.Thread(target=lambda: [pipe.write(content[at : at + 65_536]) for at in range(0, len(content), 65_536)])
    writer.start()
    assert read_exactly(pipe, len(content)) == content
    writer.join(10)


def test_programs_share_one_connection(connections, place, sshd):
    before = len(sshd.sessions())
    pipes = [connections.begin(place, ECHO) for _ in range(5)]
    assert len(sshd.sessions()) == before + 1
    for pipe in pipes:
        pipe.close()


def test_a_connection_that_is_cut_ends_the_pipe_and_the_next_one_is_new(connections, place, sshd):
    pipe = connections.begin(place, ECHO)
    sshd.cut()
    assert pipe.read(10.0) == b""
    with pytest.raises(Failure):
        pipe.write(b"x")
    again = connections.begin(place, ECHO)
    again.write(b"y")
    assert read_exactly(again, 1) == b"y"


def test_what_is_run_there_is_one_constant_line(connections, place):
    shows = b"import os,sys\nos.write(1, open('/proc/self/cmdline','rb').read())\n"
    pipe = connections.begin(place, shows)
    said = b""
    while part := pipe.read(10.0):
        said += part
    _, option, program, *more = said.split(b"\0")
    assert (option, program.decode() in constant_command("python3"), more) == (b"-ISc", True, [b""])


def test_a_host_without_that_python_is_told_by_its_exit(sshd, place):
    made = SshConnections(SshSettings(sshd.known_hosts, (sshd.key,), python="python9"))
    pipe = made.begin(place, ECHO)
    assert pipe.read(10.0) == b""
    assert (pipe.exit, b"python9" in pipe.said) == (127, True)
    made.close()


def test_a_host_that_is_not_pinned_is_not_spoken_to(sshd, place, tmp_path):
    (tmp_path / "known_hosts").write_text("")
    said = refused(SshSettings(str(tmp_path / "known_hosts"), (sshd.key,)), place)
    assert "has no pinned key there" in said
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in said


def test_a_missing_file_of_pinned_keys_is_told(sshd, place, tmp_path):
    assert "there is no such file" in refused(SshSettings(str(tmp_path / "none"), (sshd.key,)), place)


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_host_that_shows_another_key_is_not_trusted(sshd, place, tmp_path, kind):
    other = asyncssh.generate_private_key(kind).export_public_key().decode()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {other}")
    said = refused(SshSettings(str(tmp_path / "known_hosts"), (sshd.key,)), place)
    assert "is not trusted" in said
    assert "Nothing was sent to it" in said


def test_a_revoked_key_is_not_trusted(sshd, place, tmp_path):
    pinned = Path(sshd.known_hosts).read_text()
    (tmp_path / "known_hosts").write_text(f"{pinned}\n@revoked {pinned}")
    assert "is not trusted" in refused(SshSettings(str(tmp_path / "known_hosts"), (sshd.key,)), place)


def test_a_key_may_be_pinned_by_the_name_in_the_inventory(sshd, place, tmp_path):
    key = Path(sshd.known_hosts).read_text().split(" ", 1)[1]
    (tmp_path / "known_hosts").write_text(f"[web-1]:{sshd.port} {key}")
    made = SshConnections(SshSettings(str(tmp_path / "known_hosts"), (sshd.key,)))
    made.begin(place, ECHO).close()
    made.close()


def test_a_user_whom_nobody_lets_in_is_told(sshd, place, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    said = refused(SshSettings(sshd.known_hosts, (str(key),)), place)
    assert "lets nobody in" in said
    assert str(key) in said


def test_a_key_that_is_none_is_told(sshd, place, tmp_path):
    (tmp_path / "key").write_text("no key")
    assert "cannot be used" in refused(SshSettings(sshd.known_hosts, (str(tmp_path / "key"),)), place)


def test_a_host_that_is_not_there_is_told(sshd, tmp_path):
    pinned = Path(sshd.known_hosts).read_text().split(" ", 1)[1]
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:1 {pinned}")
    place = read_place("gone", "127.0.0.1:1")
    assert "cannot be reached" in refused(SshSettings(str(tmp_path / "known_hosts"), (sshd.key,)), place)


def test_a_host_that_says_nothing_is_given_up(tmp_path, sshd):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        pinned = Path(sshd.known_hosts).read_text().split(" ", 1)[1]
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {pinned}")
        began = time.monotonic()
        said = refused(SshSettings(str(tmp_path / "known_hosts"), (sshd.key,), limit_s=0.3), read_place("mute", f"127.0.0.1:{port}"))
        assert "mute" in said
        assert time.monotonic() - began < 3
