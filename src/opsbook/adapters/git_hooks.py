"""The hooks of git that export a book again after each commit and merge. Touches no hook of anybody else's."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess

from opsbook.ground.errors import Failure, Refusal

MARK = "# Written by 'opsbook export hook install'."
NAMES = ("post-commit", "post-merge")
# git hands a hook its own places, which would mean another repository to whoever asks git from there. What is said goes
# to a file: a commit is no place for it; and a hook that fails after a commit would only frighten.
_SCRIPT = """#!/bin/sh
{mark} It never keeps a commit from being made.
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE GIT_PREFIX
opsbook={program}
[ -x "$opsbook" ] || opsbook=opsbook
{{
{lines}
}} >{log} 2>&1
exit 0
"""


class GitHooks:
    """The hooks of the repository at a root."""

    def __init__(self, root: str) -> None:
        self._root = root

    def install(self, book: str, *, site: str, bundle: str, program: str) -> list[str]:
        """Writes the hooks that export to the site's folder and the bundle's file, whichever are named. Raises Refusal
        where a hook of somebody else's lies, and then writes none."""
        calls = []
        for verb, out in (("site", site), ("bundle", bundle)):
            if out:
                calls.append(f'"$opsbook" --book {shlex.quote(book)} export {verb} {shlex.quote(os.path.abspath(out))}')
        folder = self._folder()
        log = shlex.quote(os.path.join(folder, "opsbook-export.log"))
        text = _SCRIPT.format(mark=MARK, program=shlex.quote(program), lines="\n".join(calls), log=log)
        places = [os.path.join(folder, name) for name in NAMES]
        for place in places:
            if os.path.lexists(place) and not self._is_ours(place):
                raise Refusal(
                    f"'{place}' is a hook that Opsbook did not write. Add to it:\n" + "\n".join(
                        each.replace('"$opsbook"', shlex.quote(program)) + " || true" for each in calls
                    )
                )  # fmt: skip
        try:
            os.makedirs(folder, exist_ok=True)
            for place in places:
                _write(place, text)
        except OSError as wrong:
            raise Failure(f"The hooks in '{folder}' cannot be written: {wrong.strerror or wrong}.") from wrong
        return places

    def remove(self) -> list[str]:
        """Removes the hooks that `install` wrote, and returns which."""
        found = [place for name in NAMES if self._is_ours(place := os.path.join(self._folder(), name))]
        for place in found:
            os.remove(place)
        return found

    def _folder(self) -> str:
        command = ["git", "-C", self._root, "rev-parse", "--path-format=absolute", "--git-path", "hooks"]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=30)
        except OSError as wrong:
            raise Failure("git is not installed here.") from wrong
        if done.returncode:
            raise Refusal(f"'{self._root}' is no repository of git, so there are no hooks.")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    @staticmethod
    def _is_ours(place: str) -> bool:
        try:
            with open(place, encoding="utf-8", errors="replace") as file:
                return MARK in file.read(1000)
        except OSError:
            return False


def _write(place: str, text: str) -> None:
    half = f"{place}.opsbook-half"
    with open(half, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(half, os.stat(half).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    os.replace(half, place)
