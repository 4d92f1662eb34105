"""The git program of one working tree: run with a time limit, never in a terminal, never with another repository's
variables. Knows no page."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from opsbook.ground.errors import Failure

# Which repository is meant is said by -C alone; `env` sets and unsets these without this program reading any.
_UNSET = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX",
          "GIT_NAMESPACE")  # fmt: skip
_SET = {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_EDITOR": "false"}
LIMIT_S = 30.0


class Done(Struct, frozen=True):
    """What git answered."""

    status: int
    out: bytes
    wrong: str

    @property
    def words(self) -> str:
        """What it said, for people."""
        said = "\n".join(part.strip() for part in (self.wrong, self.out.decode("utf-8", "replace")) if part.strip())
        return said or f"git ended with {self.status}"


class Git:
    """Git in one folder."""

    def __init__(self, root: str) -> None:
        self.root = root

    def run(
        self,
        *words: str,
        given: bytes = b"",
        variables: Mapping[str, str] | None = None,
        limit_s: float = LIMIT_S,
        kept_open: Sequence[int] = (),
    ) -> Done:
        """Runs git; raises Failure when there is no git or when it takes too long. `kept_open` are descriptors that it
        and its hooks keep for as long as they live."""
        unset = [word for name in _UNSET for word in ("-u", name)]
        settings = [f"{name}={value}" for name, value in {**_SET, **(variables or {})}.items()]
        command = ["env", *unset, *settings, "git", "-C", self.root, *words]
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=kept_open, process_group=0,
            )  # fmt: skip
        except OSError as wrong:
            raise Failure(f"git cannot be started: {wrong.strerror}.") from wrong
        try:
            out, said = child.communicate(given, timeout=limit_s)
        except subprocess.TimeoutExpired as wrong:
            _kill(child)
            message = f"git took longer than {limit_s:.0f} seconds for '{words[0]}' and was stopped."
            raise Failure(message, retryable=True) from wrong
        except BaseException:
            _kill(child)
            raise
        if child.returncode == 127:
            raise Failure("git is not installed here, and the book lies in a git repository. Install git.")
        return Done(child.returncode, out, said.decode("utf-8", "replace"))

    def ask(self, *words: str, given: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
        """What git says; raises Failure with its words when it fails."""
        done = self.run(*words, given=given, variables=variables)
        if done.status != 0:
            raise Failure(f"git could not do '{words[0]}': {done.words}")
        return done.out

    def line(self, *words: str) -> str | None:
        """The one line that git says; None when it fails."""
        done = self.run(*words)
        return done.out.decode("utf-8", "replace").strip() if done.status == 0 else None


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
