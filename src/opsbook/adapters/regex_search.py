"""Looks for a regular expression of a page in what a command printed, and gives up in time. Decides nothing.

`re` cannot be told to stop, holds the interpreter while it searches, and may take the age of the universe. In a short
text the places where a match may begin are tried one by one, with a look at the clock between; anything else is done in
a process of its own, which is ended when its time is over.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time

from opsbook.book.expecting.slow_regex import MOST_SEARCHED, read_search
from opsbook.ground.errors import Failure

LIMIT_S = 5.0
_AT_ONCE_S = 0.05
# The first letter says whether there is a match; behind it stands what was found.
_PROGRAM = (
    "import re,sys\n"
    "said=sys.stdin.buffer.read()\n"
    "at=8+int(said[:8])\n"
    "found=re.search(said[8:at].decode(),said[at:].decode(),re.M)\n"
    "out='0' if found is None else '1'+((found.group(1) or '') if found.re.groups else found.group())\n"
    "sys.stdout.buffer.write(out.encode())\n"
)


def searched(source: str, text: str, *, limit_s: float = LIMIT_S) -> str | None:
    """The first group of the first match, or all of it where there is no group; None where nothing matches. Raises
    Failure where that takes too long."""
    if len(text) <= MOST_SEARCHED and read_search(source) is None:
        is_over, found = _at_once(re.compile(source, re.MULTILINE), text)
        if is_over:
            return found
    return _apart(source, text, limit_s)


def _at_once(compiled: re.Pattern[str], text: str) -> tuple[bool, str | None]:
    """Whether it came to an end in time, and with what."""
    stops_at = time.monotonic() + _AT_ONCE_S
    for at in range(len(text) + 1):
        match = compiled.match(text, at)
        if match is not None:
            return True, (match.group(1) or "") if compiled.groups else match.group()
        if time.monotonic() > stops_at:
            return False, None
    return True, None


def _apart(source: str, text: str, limit_s: float) -> str | None:
    pattern = source.encode("utf-8", "replace")
    content = b"%08d" % len(pattern) + pattern + text.encode("utf-8", "replace")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM], input=content, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=limit_s, start_new_session=True, env={}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Failure(f"/{source}/ could not be looked for in {limit_s:g} seconds. Write a plainer one.") from None
    except OSError as wrong:
        raise Failure(f"/{source}/ could not be looked for: {wrong.strerror}.") from wrong
    if done.returncode:
        raise Failure(f"/{source}/ could not be looked for: the search ended with {done.returncode}.")
    return done.stdout[1:].decode() if done.stdout[:1] == b"1" else None
