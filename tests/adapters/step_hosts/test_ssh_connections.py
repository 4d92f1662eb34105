"""Connections to a real sshd: one each, shared, found again; whoever is not pinned is not spoken to."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from pathlib import Path

import asyncssh
import pytest

from opsbook.adapters.step_hosts.inventory import Place, SshSettings, read_place
from opsbook.adapters.step_hosts.ssh_runner import SshConnections, constant_command
from opsbook.ground.errors import Failure


def program(text: bytes) -> bytes:
    """A program with its length before it."""
    return b"%08d" % len(text) + text


ECHO = program(b"""
import os
while True:
    part = os.read(0, 65536)
    if not part: break
    os.write(1, part)
""")
LIMIT_S = 10.0


def soon(read):
    """What a call says, which must come back in time."""
    said = []
    caller = threading.Thread(target=lambda: said.append(read()), daemon=True)
    caller.start()
    caller.join(LIMIT_S)
    assert said
    return said[0]


@pytest.fixture
def place(sshd):
    return read_place("web-1", sshd.address)


@pytest.fixture
def connections(sshd):
    made = SshConnections(settings_of(sshd))
    yield made
    made.close()


def settings_of(sshd, known_hosts=None, *, key="", python=sys.executable, limit_s=5.0) -> SshSettings:
    """How the sshd is spoken to."""
    return SshSettings(str(known_hosts or sshd.known_hosts), (key or sshd.key,), python=python, limit_s=limit_s)


def refused(settings: SshSettings, place: Place) -> str:
    """What is said where nothing could begin."""
    made = SshConnections(settings)
    try:
        with pytest.raises(Failure) as told:
            made.begin(place, ECHO)
        return str(told.value)
    finally:
        made.close()


def read_exactly(pipe, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = soon(pipe.read)
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
    before = sshd.sessions()
    pipes = [connections.begin(place, ECHO) for _ in range(5)]
    assert len(sshd.sessions() - before) == 1
    for pipe in pipes:
        pipe.close()


def test_a_connection_that_is_cut_ends_the_pipe_and_the_next_one_is_new(connections, place, sshd):
    pipe = connections.begin(place, ECHO)
    sshd.cut()
    assert soon(pipe.read) == b""
    with pytest.raises(OSError, match="closed"):
        pipe.write(b"x")
    again = connections.begin(place, ECHO)
    again.write(b"y")
    assert read_exactly(again, 1) == b"y"


def test_what_is_run_there_is_one_constant_line(connections, place):
    shows = program(b"import os\nos.write(1, open('/proc/self/cmdline','rb').read())\n")
    pipe = connections.begin(place, shows)
    said = b""
    while part := soon(pipe.read):
        said += part
    _, option, text, *more = said.split(b"\0")
    assert (option, text.decode() in constant_command(sys.executable), more) == (b"-ISc", True, [b""])


def test_a_key_may_be_good_for_that_line_alone_as_the_manual_shows(sshd, place, tmp_path, root):
    shown = re.search(r"^restrict,command=.*(?= ssh-ed25519 AAAA)", (root / "docs/hosts-and-secrets.md").read_text(), re.M)[0]
    assert shown == 'restrict,command="{}"'.format(constant_command("python3").replace('"', '\\"'))
    key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "key").write_bytes(key.export_private_key())
    with (sshd.folder / "authorized_keys").open("a") as file:
        file.write(f"{shown} {key.export_public_key().decode()}\n")
    made = SshConnections(settings_of(sshd, key=str(tmp_path / "key"), python="no-such-python"))
    pipe = made.begin(place, ECHO)
    pipe.write(b"x")
    assert soon(pipe.read) == b"x"
    made.close()


def test_a_host_without_python_is_told_how_to_mend_it(sshd, place):
    said = refused(settings_of(sshd, python="python9"), place)
    assert "has no 'python9'" in said
    assert "ssh.python" in said


def test_a_python_that_is_too_old_is_told(sshd, place, tmp_path):
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 126\n")
    old.chmod(0o755)
    assert "3.7 or later" in refused(settings_of(sshd, python=str(old)), place)


def test_what_a_host_complains_of_instead_is_told(sshd, place, tmp_path):
    odd = tmp_path / "odd"
    odd.write_text("#!/bin/sh\necho no room here >&2\nexit 3\n")
    odd.chmod(0o755)
    assert "ended with exit status 3 before" in refused(settings_of(sshd, python=str(odd)), place)
    assert "no room here" in refused(settings_of(sshd, python=str(odd)), place)


def test_a_greeting_of_the_shell_is_no_answer(sshd, place, tmp_path):
    loud = tmp_path / "loud"
    loud.write_text(f"#!/bin/sh\necho welcome\nexec {sys.executable} \"$@\"\n")
    loud.chmod(0o755)
    made = SshConnections(settings_of(sshd, python=str(loud)))
    pipe = made.begin(place, ECHO)
    pipe.write(b"x")
    assert soon(pipe.read) == b"x"
    made.close()


def test_a_host_that_is_not_pinned_is_not_spoken_to(sshd, place, tmp_path):
    (tmp_path / "known_hosts").write_text("")
    said = refused(settings_of(sshd, tmp_path / "known_hosts"), place)
    assert "has no pinned key there" in said
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in said


def test_a_missing_file_of_pinned_keys_is_told(sshd, place, tmp_path):
    assert "there is no such file" in refused(settings_of(sshd, tmp_path / "none"), place)


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_host_that_shows_another_key_is_not_trusted(sshd, place, tmp_path, kind):
    other = asyncssh.generate_private_key(kind).export_public_key().decode()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {other}")
    said = refused(settings_of(sshd, tmp_path / "known_hosts"), place)
    assert "is not trusted" in said
    assert "Nothing was sent to it" in said


def test_a_revoked_key_is_not_trusted(sshd, place, tmp_path):
    pinned = Path(sshd.known_hosts).read_text()
    (tmp_path / "known_hosts").write_text(f"{pinned}\n@revoked {pinned}")
    assert "is not trusted" in refused(settings_of(sshd, tmp_path / "known_hosts"), place)


def test_a_key_may_be_pinned_by_the_name_in_the_inventory(sshd, place, tmp_path):
    key = Path(sshd.known_hosts).read_text().split(" ", 1)[1]
    (tmp_path / "known_hosts").write_text(f"[web-1]:{sshd.port} {key}")
    made = SshConnections(settings_of(sshd, tmp_path / "known_hosts"))
    made.begin(place, ECHO).close()
    made.close()


def test_a_user_whom_nobody_lets_in_is_told(sshd, place, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    said = refused(settings_of(sshd, key=str(key)), place)
    assert "lets nobody in" in said
    assert str(key) in said


def test_a_key_that_is_none_is_told(sshd, place, tmp_path):
    (tmp_path / "key").write_text("no key")
    assert "cannot be used" in refused(settings_of(sshd, key=str(tmp_path / "key")), place)


def test_a_host_that_is_not_there_is_told(sshd, tmp_path):
    pinned = Path(sshd.known_hosts).read_text().split(" ", 1)[1]
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:1 {pinned}")
    place = read_place("gone", "127.0.0.1:1")
    assert "cannot be reached" in refused(settings_of(sshd, tmp_path / "known_hosts"), place)


def test_a_host_that_says_nothing_is_given_up(tmp_path, sshd):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        pinned = Path(sshd.known_hosts).read_text().split(" ", 1)[1]
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {pinned}")
        began = time.monotonic()
        said = refused(settings_of(sshd, tmp_path / "known_hosts", limit_s=0.3), read_place("mute", f"127.0.0.1:{port}"))
        assert "mute" in said
        assert time.monotonic() - began < 3


def test_what_is_closed_asks_nobody_any_more(sshd, place):
    made = SshConnections(settings_of(sshd))
    pipe = made.begin(place, ECHO)
    made.close()
    assert soon(pipe.read) == b""
    with pytest.raises(OSError, match="closed"):
        pipe.write(b"x")
    with pytest.raises(Failure, match="is ending"):
        made.begin(place, ECHO)
    made.close()


def test_many_who_ask_at_once_get_one_connection(connections, place, sshd):
    before = sshd.sessions()
    pipes = []
    callers = [threading.Thread(target=lambda: pipes.append(connections.begin(place, ECHO))) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(LIMIT_S)
    assert len(pipes) == 6
    assert len(sshd.sessions() - before) == 1
