"""How a command is begun: its program, its environment, and the moment where it becomes the command. Waits for nothing.

Nothing of a value is ever put into a program's text or arguments: values are variables. One that is too long for the
system to hand over (128 KiB) is read by the shell itself from an open file in memory, and is then a variable of the
shell that its children do not get.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import subprocess
from contextlib import suppress

from opsbook.adapters.step_hosts.shim_program.carried import BASH, GATE, GATED, SH, TOLD, WAIT_BASH, WAIT_SH
from opsbook.adapters.step_hosts.shim_program.folder import Refused, write_all
from opsbook.adapters.step_hosts.shim_program.tree import MARKER

_LONGEST_VALUE = 120 * 1024  # the kernel's most is 128 KiB (MAX_ARG_STRLEN), with the name
_LONGEST_ENVIRONMENT = 1024 * 1024  # of 2 MiB that a stack of 8 MiB allows (execve(2))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEPT = re.compile(r"(PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ)\Z")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POSIX = ("sh", "dash", "ash", "ksh", "ksh93", "mksh", "zsh")
_PYTHON = (
    "import os,runpy,sys\n"
    "cmd,*rest=sys.argv[1:]\n"
    "for name,number in zip(rest[::2],rest[1::2]):\n"
    " with open(int(number),'rb') as file: os.environb[name.encode()]=file.read()\n"
    "sys.argv[:]=[cmd]\n"
    "runpy.run_path(cmd,run_name='__main__')\n"
)
# As another user: that one may read neither our folder nor our files, so all comes by standard input: text, variables.
# It ends with an empty row; where that is missing, whoever watched over it has gone, and nothing is done.
_AS_USER = (
    "IFS= read -r -d '' __opsbook_text || exit 127; __opsbook_one=; "
    'while IFS= read -r -d \'\' __opsbook_one && test -n "$__opsbook_one"; do export "$__opsbook_one"; '
    '__opsbook_one=x; done; test -z "$__opsbook_one" || exit 127; exec </dev/null; eval "$__opsbook_text"'
)


class Command:
    """A command that can be begun: `variables` are what it is given, as bytes."""

    def __init__(self, order: dict, text_path: str) -> None:  # type: ignore[type-arg]
        self.user = order.get("user") or ""
        self.key = order["key"]
        given = dict(order.get("environment") or {})
        given.update(order.get("secrets") or {})
        account = _account(self.user)
        self.variables = {name.encode("ascii"): _bytes(value) for name, value in self._all(given, account).items()}
        self.cwd = _bytes(order.get("cwd") or "") or _bytes(account.pw_dir)
        self.account = account if self.user and os.getuid() == 0 else None
        self.long = _too_long(self.variables)
        self.kind, self.words = _interpreter(order)
        self.is_strict = order.get("strict", True)
        self.text = order["text"].encode("utf-8", "surrogateescape")
        self.text_path = text_path
        self._gate: int | None = None
        if self.user and (self.kind != "bash" or self.long):
            raise Refused("not-begun", f"user={self.user} is for bash, with values of less than 120 KiB.")

    def _all(self, given: dict[str, str], account: pwd.struct_passwd) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if _KEPT.match(name)}
        found.setdefault("PATH", _PATH)
        found.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
        found.update(SHELL=account.pw_shell or "/bin/sh", TERM="xterm-256color")
        found.update(PAGER="cat", GIT_PAGER="cat", SYSTEMD_PAGER="cat")
        for name, value in given.items():
            if not _NAME.match(name) or "\0" in value:
                raise Refused("not-begun", f"{name!r} is no name of a variable, or its value holds a NUL.")
        found.update(given)
        found[MARKER] = self.key
        return found

    def spawn(self, output: int, told: int) -> subprocess.Popen[bytes]:
        """Starts the program, which waits for `let_go` before it does anything of the command; raises OSError where
        there is no such program or folder. Whatever ends us before `let_go` ends the program too.

        Not by a fork of Python: that copies whatever page either side touches, and costs as much as bash itself.
        """
        numbers = {name: _in_memory(self.variables[name]) for name in self.long}
        variables = {name: value for name, value in self.variables.items() if name not in numbers}
        gate_from, gate = os.pipe()
        os.dup2(told, TOLD, inheritable=True)
        os.dup2(gate_from, GATE, inheritable=True)
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            child = subprocess.Popen(
                self._argv(numbers), stdin=gate_from if self.user else null, stdout=output, stderr=output,
                env=variables, cwd=self.cwd, start_new_session=True,
                pass_fds=[*numbers.values(), *(() if self.user else (TOLD, GATE))],
                preexec_fn=self._change_user if self.account is not None else None,
            )  # fmt: skip
        except BaseException:
            os.close(gate)
            raise
        finally:
            for opened in (TOLD, GATE, null, gate_from, *numbers.values()):
                os.close(opened)
        self._gate = gate
        return child

    def abandon(self) -> None:
        """The program ends without having done anything of the command."""
        if self._gate is not None:
            os.close(self._gate)
            self._gate = None

    def let_go(self) -> None:
        """The command begins."""
        rows = []
        if self.user:
            rows = [self.text] + [name + b"=" + value for name, value in self.variables.items()] + [b""]
        assert self._gate is not None
        with suppress(BrokenPipeError):  # it has ended already, as whoever waits for it will see
            write_all(self._gate, b"".join(row + b"\0" for row in rows) if rows else b"go\n")
        self.abandon()

    def _change_user(self) -> None:
        assert self.account is not None
        os.initgroups(self.account.pw_name, self.account.pw_gid)
        os.setgid(self.account.pw_gid)
        os.setuid(self.account.pw_uid)

    def _argv(self, numbers: dict[bytes, int]) -> list[str]:
        flags = {"bash": ["-euo", "pipefail"], "zsh": ["-euo", "pipefail"], "sh": ["-eu"]}
        words = list(self.words)
        strict = flags.get(self.kind, []) if self.is_strict else []
        if self.user:
            as_user = [] if self.account is not None else ["sudo", "-n", "-u", self.user, "--"]
            return [*as_user, *words, "--noprofile", "--norc", *strict, "-c", _AS_USER, "step"]
        if self.kind == "python" or self.kind == "other":
            gated = ["/bin/sh", "-c", GATED, *words]
            if not numbers:
                return [*gated, self.text_path]
            if self.kind == "other":
                raise Refused("not-begun", f"{words[0]} cannot be given a value of more than 120 KiB.")
            pairs = [each for name, number in numbers.items() for each in (name.decode("ascii"), str(number))]
            return [*gated, "-c", _PYTHON, self.text_path, *pairs]
        plain = {"bash": ["--noprofile", "--norc"], "zsh": ["-f"]}.get(self.kind, [])
        wait, code = (WAIT_BASH, BASH) if self.kind == "bash" else (WAIT_SH, SH)
        return [*words, *plain, *strict, "-c", wait + _long_code(numbers) + code, self.text_path]


def _long_code(numbers: dict[bytes, int]) -> str:
    """Shell code that reads the long values: of names and numbers alone. The x keeps ends of lines at the end."""
    rows = []
    for name, number in numbers.items():
        known = name.decode("ascii")
        rows.append(f"{known}=$(cat /proc/self/fd/{number}; echo x); {known}=${{{known}%x}}\n")
    return "".join(rows)


def _in_memory(content: bytes) -> int:
    if not hasattr(os, "memfd_create"):
        raise Refused("not-begun", "A value of more than 120 KiB, or user=, needs Python 3.8 on that machine.")
    opened = os.memfd_create("opsbook", 0)
    view = memoryview(content)
    while view:
        view = view[os.write(opened, view) :]
    os.lseek(opened, 0, os.SEEK_SET)
    return opened


def _too_long(variables: dict[bytes, bytes]) -> list[bytes]:
    """The names of what cannot be handed over: what is too long alone, then the longest of what is too much."""
    by_size = sorted(variables, key=lambda name: -len(variables[name]))
    total = sum(len(name) + len(value) + 2 for name, value in variables.items())
    found = []
    for name in by_size:
        size = len(name) + len(variables[name]) + 2
        if size <= _LONGEST_VALUE and total <= _LONGEST_ENVIRONMENT:
            break
        found.append(name)
        total -= size
    return found


def _interpreter(order: dict) -> tuple[str, list[str]]:  # type: ignore[type-arg]
    words = shlex.split(order.get("shell") or "") or [order.get("language") or "bash"]
    name = os.path.basename(words[0])
    if name.startswith("python"):
        return "python", ["python3"] if words == ["python"] else words
    if name in ("bash", "zsh"):
        return name, words
    return ("sh" if name in _POSIX else "other"), words


def _account(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user) if user else pwd.getpwuid(os.getuid())
    except KeyError:
        raise Refused("not-begun", f"There is no user {user or os.getuid()} on that machine.") from None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
