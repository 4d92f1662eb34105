"""A secret that a program prints. No shell is between, and what the program says otherwise is thrown away."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from opsbook.ground.errors import Failure, Refusal


def printed_by(
    words: Sequence[str], path: str, environment: Mapping[str, str], *, limit_s: float, most: int
) -> bytes:
    """What the program prints when it is given `path` as one more word.

    Raises Failure where it cannot be started, fails, prints nothing or more than `most`, or takes longer than
    `limit_s`, after which it and its children are ended; Refusal for a path that it would take for an option.
    """
    if not path or path.startswith("-") or "\0" in path:
        raise Refusal("Its path is empty or begins with '-', and the program would take it for an option.")
    program = words[0]
    try:
        running = subprocess.Popen(
            [*words, path], env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as wrong:
        said = getattr(wrong, "strerror", None) or "its words cannot be passed on"
        raise Failure(f"The program '{program}' cannot be started: {said}.") from None
    try:
        content = _read(running, time.monotonic() + limit_s, most)
        if content is not None and len(content) > most:
            raise Failure(f"The program '{program}' printed more than {most // 1024} KiB.")
        left = None if content is None else _status(running, limit_s)
    finally:
        _end(running)
    if content is None or left is None:
        raise Failure(f"The program '{program}' did not finish within {limit_s:g} seconds.", retryable=True)
    if left != 0:
        how = f"exit status {left}" if left > 0 else f"signal {-left}"
        raise Failure(f"The program '{program}' failed with {how}. Run it by hand to see what it says.", retryable=True)
    if not content.strip():
        raise Failure(f"The program '{program}' printed nothing.")
    return content


def _read(running: subprocess.Popen[bytes], until: float, most: int) -> bytes | None:
    """Its output to the end, or a byte more than `most`; None where the time is over first."""
    assert running.stdout is not None
    content = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(running.stdout, selectors.EVENT_READ)
        while len(content) <= most:
            if not waiting.select(max(0.0, until - time.monotonic())):
                return None
            part = os.read(running.stdout.fileno(), 65_536)
            if not part:
                return content
            content += part
    return content


def _status(running: subprocess.Popen[bytes], limit_s: float) -> int | None:
    try:
        return running.wait(timeout=min(limit_s, 2.0))
    except subprocess.TimeoutExpired:
        return None


def _end(running: subprocess.Popen[bytes]) -> None:
    if running.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    if running.stdout is not None:
        running.stdout.close()
