"""The command line itself: finding a verb, options on both sides, the exit status of each kind of wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from opsbook import __version__
from opsbook.entrypoints import cli, verbs
from opsbook.entrypoints.options import Shared, Verb, verb
from opsbook.ground.errors import Failure, Refusal, Usage

SOURCE = Path(cli.__file__).parents[2]


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch):
    """Enters verbs of the test's own into the table, each from a function."""

    def enter(**functions) -> None:
        entries = {}
        for name, function in functions.items():
            command = function if isinstance(function, Verb) else verb(name)(function)
            monkeypatch.setitem(sys.modules, f"spoken_{name}", SimpleNamespace(command=command))
            entries[name] = verbs.Entry(f"spoken_{name}", f"Does {name}.")
        monkeypatch.setitem(verbs.VERBS, "Spoken", entries)

    return enter


def raising(wrong: BaseException):
    def function(shared: Shared) -> None:
        raise wrong

    return function


def opsbook(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real program in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
    return subprocess.run(
        [sys.executable, "-m", "opsbook", *arguments], capture_output=True, text=True, env=env, timeout=30
    )


def test_every_verb_of_the_table_has_its_module():
    for name in cli.opsbook.list_commands(click.Context(cli.opsbook)):
        entry = verbs.find(name)
        command = import_module(entry.module).command
        assert command.name == name
        assert command.help, name


def test_every_module_of_a_verb_is_in_the_table():
    folder = Path(cli.__file__).parent / "commands"
    modules = {f"opsbook.entrypoints.commands.{path.stem}" for path in folder.glob("*.py")}
    entered = {entry.module for section in verbs.VERBS.values() for entry in section.values()}
    private = {name for name in modules if name.rpartition(".")[2].startswith("_")}
    assert modules - private == entered


def test_help_imports_no_verb_and_nothing_heavy():
    listing = "from opsbook.entrypoints.cli import run, sys; run(['--help']); print(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", listing]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert not {name for name in imported if name.startswith("opsbook.entrypoints.commands")}
    heavy = {"msgspec", "litestar", "uvicorn", "apsw", "yaml", "tomllib", "pyromark", "pathlib"}
    assert not imported & heavy


def test_without_a_verb_the_help_is_shown(capsys):
    assert cli.run([]) == 0
    assert "opsbook VERB --help" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"opsbook {__version__}\n"


def test_a_misspelt_verb_is_guessed(capsys):
    assert cli.run(["srve"]) == 2
    assert "There is no verb 'srve'. Did you mean 'serve'?" in capsys.readouterr().err


def test_a_misspelt_option_is_guessed(capsys):
    assert cli.run(["serve", "--prot", "1"]) == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--book", "a", "--db", "sqlite:///b", "--format", "json", "tell"],
        ["tell", "--book", "a", "--db", "sqlite:///b", "--format", "json"],
        ["--book", "z", "--format", "text", "tell", "--book", "a", "--db=sqlite:///b", "--format=json"],
    ],
)
def test_the_shared_options_work_on_either_side_and_the_nearer_wins(arguments, spoken):
    told = []
    spoken(tell=lambda shared: told.append((shared.book, shared.db, shared.format)))
    assert cli.run(arguments) == 0
    assert told == [("a", "sqlite:///b", "json")]


def test_without_format_the_answer_is_text(spoken):
    told = []
    spoken(tell=lambda shared: told.append(shared.format))
    cli.run(["tell"])
    assert told == ["text"]


@pytest.mark.parametrize("arguments", [["--format", "sarif", "tell"], ["tell", "--format", "sarif"]])
def test_a_format_that_the_verb_cannot_give_is_refused(arguments, spoken, capsys):
    spoken(tell=lambda shared: None)
    assert cli.run(arguments) == 2
    assert "sarif" in capsys.readouterr().err


def test_a_verb_may_have_formats_of_its_own(spoken):
    told = []
    spoken(tell=verb("tell", formats=("text", "sarif"))(lambda shared: told.append(shared.format)))
    assert cli.run(["--format", "sarif", "tell"]) == 0
    assert told == ["sarif"]


def test_the_status_that_a_verb_returns_is_the_exit_status(spoken):
    spoken(tell=lambda shared: 1)
    assert cli.run(["tell"]) == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [(Usage("No such page."), 2), (Refusal("It is locked."), 3), (Failure("It is down."), 4)],
)
def test_each_kind_of_wrong_has_its_exit_status_and_one_message(wrong, status, spoken, capsys):
    spoken(tell=raising(wrong))
    assert cli.run(["tell"]) == status
    assert capsys.readouterr().err == f"opsbook: {wrong}\n"


def test_a_bug_is_one_line_and_says_how_to_see_more(spoken, capsys, monkeypatch):
    monkeypatch.delenv("OPSBOOK_DEBUG", raising=False)
    spoken(tell=raising(ZeroDivisionError("oh")))
    assert cli.run(["tell"]) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "this is a bug in Opsbook" in said
    assert "ZeroDivisionError: oh (test_cli.py:" in said


def test_a_bug_shows_its_traceback_when_asked(spoken, capsys, monkeypatch):
    monkeypatch.setenv("OPSBOOK_DEBUG", "1")
    spoken(tell=raising(ZeroDivisionError("oh")))
    assert cli.run(["tell"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_is_quiet(spoken, capsys):
    spoken(tell=raising(KeyboardInterrupt()))
    assert cli.run(["tell"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_no_colour_is_kept(spoken, capsys, monkeypatch):
    spoken(tell=lambda shared: click.echo(click.style("red", fg="red")))
    monkeypatch.setenv("NO_COLOR", "1")
    cli.run(["tell"])
    assert capsys.readouterr().out == "red\n"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    cli.run(["tell"])
    assert "\x1b[31m" in capsys.readouterr().out


def test_a_reader_that_goes_away_is_no_error():
    command = f'"{sys.executable}" -m opsbook --help | true; echo "${{PIPESTATUS[0]}}"'
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, timeout=30)
    assert done.stdout.strip() in ("0", "141")  # 0 where the help was written before the reader had gone
    assert done.stderr == ""


def test_a_reader_that_has_gone_already_ends_it_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "opsbook", "--help"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=env, timeout=30)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_program_and_the_module_are_the_same():
    assert opsbook("--version").stdout == f"opsbook {__version__}\n"


def test_an_interruption_during_the_imports_is_quiet_too():
    interrupted = """
import sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "opsbook.entrypoints.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from opsbook.__main__ import main
raise SystemExit(main())
"""
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, env=env, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_what_is_to_be_typed_about_it_is_told_at_the_terminal_alone(capsys):
    wrong = Usage("There is no run 'x'.", at_terminal="'opsbook runs list' shows all.")
    assert cli.report(wrong) == 2
    assert capsys.readouterr().err == "opsbook: There is no run 'x'. 'opsbook runs list' shows all.\n"
    assert str(wrong) == "There is no run 'x'."
