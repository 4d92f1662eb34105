"""What every command that discovery makes must be: read by the shell, quoted, without blanks to fill in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from opsbook.book.discovery import Found
from opsbook.book.placeholders import find
from opsbook.book.shell.parameters import unquoted_parameters, variables
from opsbook.book.shell.syntax import syntax_error


def commands_of(found: Iterable[Found]) -> list[tuple[str, frozenset[str]]]:
    """All commands of the services, each with the parameters that its operation declares."""
    commands = []
    for service in found:
        commands += [(check.command, frozenset()) for check in service.checks if check.command]
        for operation in service.operations:
            names = frozenset(parameter[0] for parameter in operation.parameters)
            for step in operation.steps + operation.verification + operation.rollback:
                commands += [(text, names) for text in (step.command, step.check) if text]
    return commands


def assert_sound(found: Iterable[Found]) -> None:
    """Every command is one that can be run as it stands once its parameters are given."""
    found = tuple(found)
    for command, names in commands_of(found):
        wrong = syntax_error(command)
        assert wrong is None, (command, wrong)
        assert not find(command), (command, find(command))
        assert not unquoted_parameters(command, names), command
        used = {use.name for use in variables(command).used if use.name.isupper()}
        assert used <= names, (command, used - names)
    for service in found:
        for operation in service.operations:
            text = "\n".join(step.command for step in operation.steps + operation.verification)
            for parameter in operation.parameters:
                assert f"${parameter[0]}" in text, (operation.operation, parameter)
            if operation.operation in ("restore", "scale-down", "stop"):
                assert operation.danger


def assert_shellcheck_clean(shellcheck: str, found: Iterable[Found]) -> None:
    """ShellCheck has nothing to say of any of the commands, told at once in one script of functions."""
    texts = [
        f"step_{number}() {{\n{command}\n}}\nstep_{number}" for number, (command, _) in enumerate(commands_of(found))
    ]
    names = {name for _, declared in commands_of(found) for name in declared}
    given = "".join(f'{name}="$1"\n' for name in sorted(names))
    script = "#!/bin/bash\nset -euo pipefail\n" + given + "\n".join(texts) + "\n"
    if names:
        script += ": " + " ".join(f'"${name}"' for name in sorted(names)) + "\n"
    # SC2016 warns of variables in single quotes; it knows docker to be meant so, but not kubectl.
    done = subprocess.run([shellcheck, "-e", "SC2016", "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[:3000]
