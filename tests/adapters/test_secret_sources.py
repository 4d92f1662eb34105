"""Secrets come from where they are said to, and nowhere else, and no message holds one."""

from __future__ import annotations

import multiprocessing
import os
import stat
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.adapters.secret_sources import Secrets
from opsbook.adapters.secret_sources.installation_key import installation_key
from opsbook.book.grammar import Secret
from opsbook.ground.errors import Failure, Refusal

PRINTS = (sys.executable, "-c", "import sys; print(sys.argv[1] + '-value')")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "secrets"
    made.mkdir()
    return made


def sources(folder, **more) -> Secrets:
    """Secrets with a variable, a folder and commands."""
    named = {"variables": {"TOKEN": "s3cret-token", "SHORT": "abc"}, "commands": {"vault": PRINTS}, **more}
    return Secrets(
        named["variables"], str(folder), named["commands"], environment={"PATH": os.environ["PATH"]},
        key_file=str(folder.parent / "state" / "marks.key"), limit_s=named.get("limit_s", 10.0),
    )  # fmt: skip


def fetch(given: Secrets, source: str, path: str) -> str:
    return given.fetch(Secret("PASS", source, path))


def test_a_variable_of_the_runner_is_a_secret(folder):
    assert fetch(sources(folder), "env", "TOKEN") == "s3cret-token"


def test_a_variable_that_is_not_there_is_a_failure_with_a_guess(folder):
    with pytest.raises(Failure, match=r"no OPSBOOK_SECRET_TOKENS\. Did you mean 'env:TOKEN'"):
        fetch(sources(folder), "env", "TOKENS")


@pytest.mark.parametrize(("written", "value"), [("a-value\n", "a-value"), ("a-value\r\n", "a-value"), ("a\nb\nc\nd\n\n", "a\nb\nc\nd\n")])
def test_a_file_is_a_secret_without_one_final_newline(folder, written, value):
    (folder / "db").mkdir()
    (folder / "db" / "pass").write_bytes(written.encode())
    assert fetch(sources(folder), "file", "db/pass") == value


def test_a_link_that_stays_below_the_folder_is_followed(folder):
    (folder / "..2026").mkdir()
    (folder / "..2026" / "pass").write_text("mounted-value")
    (folder / "..data").symlink_to("..2026")
    (folder / "pass").symlink_to("..data/pass")
    assert fetch(sources(folder), "file", "pass") == "mounted-value"


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "link", "linked/outside", "/etc/hostname", "", ".", "a/.."])
def test_no_path_leads_out_of_the_folder(folder, path):
    (folder.parent / "outside").write_text("not for you")
    (folder / "a").mkdir()
    (folder / "link").symlink_to(folder.parent / "outside")
    (folder / "linked").symlink_to(folder.parent)
    with pytest.raises(Refusal, match="leads out of the folder"):
        fetch(sources(folder), "file", path)


def test_a_folder_beside_with_the_same_beginning_is_outside(folder):
    beside = folder.parent / "secrets-of-others"
    beside.mkdir()
    (beside / "x").write_text("not for you")
    with pytest.raises(Refusal):
        fetch(sources(folder), "file", "../secrets-of-others/x")


@given(st.text(alphabet="./\\\0ab~", max_size=12))
def test_whatever_a_path_says_it_is_a_file_below_or_refused(tmp_path_factory, path):
    base = tmp_path_factory.getbasetemp() / "fuzzed"
    (base / "in" / "a").mkdir(parents=True, exist_ok=True)
    for name in ("a/b", "b"):
        (base / "in" / name).write_text("inside")
        (base / name.replace("/", "")).write_text("outside")
    with suppress(Refusal, Failure):
        assert fetch(sources(base / "in"), "file", path) == "inside"


def test_a_pipe_is_no_file_and_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refusal, match="It is no file"):
        fetch(sources(folder), "file", "pipe")


def test_a_missing_file_is_a_failure(folder):
    with pytest.raises(Failure, match="No such file"):
        fetch(sources(folder), "file", "none")


def test_a_large_file_is_refused(folder):
    (folder / "big").write_bytes(b"x" * 70_000)
    with pytest.raises(Failure, match="larger than 64 KiB"):
        fetch(sources(folder), "file", "big")


def test_files_need_a_folder(folder):
    given = Secrets({}, "", {}, environment={}, key_file=str(folder / "key"))
    with pytest.raises(Refusal, match=r"runs\.secret_folder"):
        fetch(given, "file", "x")


def test_a_program_prints_a_secret_and_gets_the_path_as_one_word(folder):
    assert fetch(sources(folder), "vault", "web/db;touch$(x)") == "web/db;touch$(x)-value"


@pytest.mark.parametrize("path", ["-h", "--output=x", ""])
def test_a_path_is_never_an_option_of_the_program(folder, path):
    with pytest.raises(Refusal, match="option"):
        fetch(sources(folder), "vault", path)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; print('s3cret-token'); sys.exit(3)", "failed with exit status 3"),
        ("import os; print('s3cret-token', flush=True); os.kill(os.getpid(), 9)", "failed with signal 9"),
        ("import sys; print('s3cret-token', file=sys.stderr)", "printed nothing"),
        ("print('s3cret-token' * 9999)", "printed more than 64 KiB"),
    ],
)
def test_a_program_that_fails_is_told_without_a_word_of_what_it_said(folder, script, said):
    with pytest.raises(Failure, match=said) as told:
        fetch(sources(folder, commands={"vault": (sys.executable, "-c", script)}), "vault", "a")
    assert "s3cret" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_program_that_is_not_there_is_told(folder):
    with pytest.raises(Failure, match="'no-such-program' cannot be started"):
        fetch(sources(folder, commands={"vault": ("no-such-program",)}), "vault", "a")


def test_a_program_that_hangs_is_ended_with_its_children(folder):
    script = f"import subprocess; p = subprocess.Popen(['sleep', '60']); open({str(folder / 'pid')!r}, 'w').write(str(p.pid)); p.wait()"
    began = time.monotonic()
    with pytest.raises(Failure, match=r"did not finish within 0\.7 seconds"):
        fetch(sources(folder, commands={"vault": (sys.executable, "-c", script)}, limit_s=0.7), "vault", "a")
    child = int((folder / "pid").read_text())
    while is_running(child):
        assert time.monotonic() - began < 5


def is_running(pid: int) -> bool:
    """Whether a process that is no zombie has that number."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_program_gets_only_the_environment_that_it_is_given(folder):
    script = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    assert fetch(sources(folder, commands={"vault": (sys.executable, "-c", script)}), "vault", "a") == "['PATH']"


def test_a_field_of_a_json_object_is_its_text(folder):
    (folder / "db").write_text('{"user": "opsbook", "port": 5432}')
    given = sources(folder)
    assert fetch(given, "file", "db#user") == "opsbook"
    for path, said in (("db#port", "no text"), ("db#pass", "no text")):
        with pytest.raises(Failure, match=said):
            fetch(given, "file", path)


def test_a_field_of_what_is_no_json_is_a_failure_that_holds_nothing_of_it(folder):
    (folder / "db").write_text("s3cret-token")
    with pytest.raises(Failure, match="not JSON") as told:
        fetch(sources(folder), "file", "db#user")
    assert "s3cret" not in str(told.value)


def test_what_is_too_short_to_be_struck_out_is_refused(folder):
    with pytest.raises(Refusal, match="shorter than 6 characters") as told:
        fetch(sources(folder), "env", "SHORT")
    assert "abc" not in str(told.value)


@pytest.mark.parametrize(("content", "said"), [(b"abcdef\0gh", "NUL"), (b"\xff\xfe\xfd\xfc\xfb\xfa", "UTF-8")])
def test_what_no_variable_can_hold_is_refused(folder, content, said):
    (folder / "bin").write_bytes(content)
    with pytest.raises(Refusal, match=said):
        fetch(sources(folder), "file", "bin")


def test_a_source_that_is_not_configured_is_refused_with_a_guess(folder):
    with pytest.raises(Refusal, match="Did you mean 'vault'"):
        fetch(sources(folder), "valt", "a")


def test_a_mark_says_whether_two_values_are_the_same_and_nothing_else(folder):
    given = sources(folder)
    assert given.mark("one-value") == given.mark("one-value") == sources(folder).mark("one-value")
    assert given.mark("one-value") != given.mark("other-value")
    assert "one" not in given.mark("one-value")


def test_the_key_of_marks_is_its_owners_alone(folder):
    sources(folder).mark("x")
    key = folder.parent / "state" / "marks.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["marks.key"]
    key.chmod(0o644)
    with pytest.raises(Failure, match="chmod 600"):
        sources(folder).mark("x")


def test_a_damaged_key_is_told_and_never_made_anew(folder):
    key = folder / "key"
    key.touch(mode=0o600)
    with pytest.raises(Failure, match="damaged"):
        installation_key(str(key))
    assert key.read_bytes() == b""


def test_processes_that_make_the_key_at_once_have_the_same(folder):
    path = str(folder / "state" / "key")
    with multiprocessing.get_context("fork").Pool(8) as pool:
        assert len(set(pool.map(installation_key, [path] * 64, chunksize=1))) == 1
