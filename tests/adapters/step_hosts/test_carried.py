"""What a real bash says of its variables is read back as it was, whatever is in them."""

from __future__ import annotations

import os
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from opsbook.adapters.step_hosts.shim_program.carried import read_bash, read_env, read_exports

VALUES = st.binary(max_size=40).map(lambda value: value.replace(b"\0", b"0")) | st.text(
    alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20
).map(lambda text: text.encode())
NAMES = st.from_regex(rb"X[A-Za-z0-9_]{0,6}", fullmatch=True)


def told_by_bash(variables: dict[bytes, bytes], locale: str) -> bytes:
    code = 'pwd; printf "\\0"; export -p; printf "\\0"'
    given = {**variables, b"LC_ALL": locale.encode(), b"PATH": os.environb[b"PATH"]}
    argv = ["bash", "--noprofile", "--norc", "-c", code]
    return subprocess.run(argv, env=given, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.sampled_from(["C", "C.UTF-8"]))
def test_exports_are_read_back_as_they_were(variables, locale):
    cwd, found = read_bash(told_by_bash(variables, locale))
    assert cwd == b"/"
    assert {name: value for name, value in found.items() if name in variables} == variables


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_harm(text):
    read_exports(text)
    read_exports(b"declare -x A=" + text)
    read_bash(text)
    read_env(text)


def test_arrays_and_names_without_value_are_left_out():
    text = b'declare -ax A=([0]="x)" [1]=$\'\\n\')\ndeclare -x B\ndeclare -rx C="1"\nexport D="2"\n'
    assert read_exports(text) == {b"C": b"1", b"D": b"2"}


def test_only_what_was_told_whole_counts():
    assert read_bash(b"/a\n\0declare -x A=1\n") is None
    assert read_bash(b"/a\n\0declare -x A=1\n\0/b\n\0decl") == (b"/a", {b"A": b"1"})
