"""The files of a repository that could deploy something, found by their names and read within bounds. Follows no link
out of the repository, looks into no folder of other people's code, and reads nothing that git ignores.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from opsbook.ground.errors import Usage
from opsbook.usecases.ports import Unreadable

_PASSED_OVER = frozenset({
    "node_modules", "vendor", "site-packages", "__pycache__", "venv", "third_party", "bower_components", "target",
})  # fmt: skip
_HIDDEN_LOOKED_INTO = frozenset({".deploy", ".k8s", ".kube", ".helm", ".config", ".devcontainer"})
LARGEST_FILE_BYTES = 2 << 20  # a manifest beyond this was made by a program
MOST_FILES = 5_000
MOST_ENTRIES = 300_000
DEEPEST = 24
_TOLD_EVERY = 5_000  # entries
_GIT_S = 20


class DeploymentFolder:
    """The repository at an absolute root, which may be searched as a whole or in parts."""

    def __init__(self, root: str, *, largest_bytes: int = LARGEST_FILE_BYTES, told_every: int = _TOLD_EVERY) -> None:
        self.root = os.path.realpath(root)
        self._largest_bytes = largest_bytes
        self._told_every = told_every

    def files(
        self, paths: Sequence[str], is_wanted: Callable[[str], bool], told: Callable[[int], None] = lambda seen: None
    ) -> Iterator[tuple[str, bytes | Unreadable]]:
        """Each wanted file below these paths (absolute; none: the root) with its bytes, in the order of its path, by
        its path from the root. `told` hears now and then how many entries were looked at. Raises Usage for a path that
        lies outside of the root."""
        wanted: dict[str, None] = {}
        for path in paths or (self.root,):
            real = os.path.realpath(path)
            if real != self.root and not real.startswith(self.root.rstrip(os.sep) + os.sep):
                raise Usage(f"'{path}' lies outside of the repository '{self.root}', so pages could not link to it.")
            if os.path.isfile(real):  # whoever names a file means it
                wanted[self._shown(real)] = None
            else:
                wanted |= dict.fromkeys(self._walk(real, is_wanted, told))
            if len(wanted) > MOST_FILES:
                break
        chosen = sorted(wanted)[:MOST_FILES]
        ignored = self._ignored(chosen)
        for shown in chosen:
            if shown not in ignored:
                yield shown, self._read(shown)

    def _walk(self, top: str, is_wanted: Callable[[str], bool], told: Callable[[int], None]) -> Iterator[str]:
        seen = 0
        folders = [(top, 0)]
        while folders:
            folder, depth = folders.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                seen += 1
                if seen % self._told_every == 0:
                    told(seen)
                if seen > MOST_ENTRIES:
                    return
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        if depth < DEEPEST and self._is_looked_into(entry):
                            folders.append((entry.path, depth + 1))
                    elif is_wanted(shown := self._shown(entry.path)) and self._is_ours(entry):
                        yield shown

    def _is_looked_into(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if name.startswith("."):
            return name in _HIDDEN_LOOKED_INTO
        return name not in _PASSED_OVER and not os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))

    def _is_ours(self, entry: os.DirEntry[str]) -> bool:
        """Whether it is a file, and no link that leads out of the repository."""
        if not entry.is_symlink():
            return entry.is_file(follow_symlinks=False)
        real = os.path.realpath(entry.path)
        return real.startswith(self.root.rstrip(os.sep) + os.sep) and os.path.isfile(real)

    def _shown(self, path: str) -> str:
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        return relative.encode("utf-8", "replace").decode("utf-8")

    def _ignored(self, paths: Sequence[str]) -> frozenset[str]:
        """Those that git ignores; none where there is no git to ask."""
        if not paths or not os.path.exists(os.path.join(self.root, ".git")):
            return frozenset()
        command = ["git", "-C", self.root, "check-ignore", "-z", "--stdin"]
        given = "\0".join(paths).encode()
        try:
            done = subprocess.run(command, input=given, capture_output=True, timeout=_GIT_S, check=False)
        except (OSError, subprocess.SubprocessError):
            return frozenset()
        return frozenset(done.stdout.decode("utf-8", "replace").split("\0")) - {""}

    def _read(self, shown: str) -> bytes | Unreadable:
        try:
            descriptor = os.open(os.path.join(self.root, shown), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as wrong:
            return Unreadable(shown, getattr(wrong, "strerror", None) or str(wrong))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Unreadable(shown, "it is no file")
            if status.st_size > self._largest_bytes:
                return Unreadable(shown, f"it is larger than {self._largest_bytes} bytes")
            try:
                return file.read(self._largest_bytes)
            except OSError as wrong:
                return Unreadable(shown, wrong.strerror or str(wrong))
