"""The user's own program that takes the folder of the status page elsewhere: without a shell, within a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from opsbook.ground.errors import Failure

MOST_SAID = 300  # letters of what it said last


class PushingProgram:
    """Runs `words` with `folder` as one more word. `environment` is all that it gets: no secret of Opsbook is in it."""

    def __init__(
        self, words: Sequence[str], folder: str, environment: Mapping[str, str], *, limit_s: float, here: str
    ) -> None:
        self._words, self._folder, self._environment = tuple(words), folder, dict(environment)
        self._limit_s, self._here = limit_s, here

    def push(self) -> None:
        """Raises Failure where it cannot be started, fails or takes too long; then it and its children are ended."""
        program = self._words[0]
        try:
            running = subprocess.Popen(
                [*self._words, self._folder], env=self._environment, cwd=self._here, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as wrong:
            said = getattr(wrong, "strerror", None) or "its words cannot be passed on"
            told = f"The program '{program}' ([status] push) cannot be started: {said}."
            raise Failure(told, retryable=True) from None
        try:
            _, printed = running.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            raise Failure(
                f"The program '{program}' ([status] push) did not finish within {self._limit_s:g} seconds, and was"
                " ended.", retryable=True,
            ) from None  # fmt: skip
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            if running.returncode is None:
                running.wait()
            if running.stderr is not None:
                running.stderr.close()
        if running.returncode != 0:
            last = " ".join(printed.decode("utf-8", errors="replace").split())[-MOST_SAID:]
            said = f" It said last: {last}" if last else ""
            raise Failure(
                f"The program '{program}' ([status] push) failed with {running.returncode}.{said}", retryable=True
            )
