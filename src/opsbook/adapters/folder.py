"""The book as a folder on disk, in a git working tree or not. Reads bytes and names; interprets neither."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from opsbook.book.page import PAGE_ENDINGS, Reading
from opsbook.usecases.ports import PageFile, Unreadable

if TYPE_CHECKING:
    from opsbook.book.ownership import Owner

# Folders that hold other people's pages or none; hidden ones are passed over too.
_PASSED_OVER = frozenset({"node_modules", "vendor", "site-packages", "__pycache__", "venv"})
# A page beyond this is no page; reading it would only cost the memory of the machine that is on call.
LARGEST_PAGE_BYTES = 64 * 1024 * 1024
_RULE_ENDINGS = (".yml", ".yaml", ".json", ".tpl", ".rules")
_OWNER_FILES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")


class FolderBook:
    """A folder of pages below a repository root; both absolute."""

    def __init__(self, root: str, folder: str, reading: Reading) -> None:
        self.root = root
        self.folder = folder
        self.reading = reading
        self.folders: list[str] = []  # those that the last listing looked into, absolute
        self._misnamed: dict[str, str] = {}

    @property
    def book(self) -> str:
        relative = os.path.relpath(self.folder, self.root).replace(os.sep, "/")
        return "" if relative == "." else relative

    @property
    def depth(self) -> int:
        """Two for a book at `docs/operations`, which the layout puts two folders deep in its project; else none."""
        return 2 if self.folder.replace(os.sep, "/").endswith("/docs/operations") else 0

    @cached_property
    def is_repository(self) -> bool:
        return os.path.exists(os.path.join(self.root, ".git"))

    def pages(self) -> list[PageFile]:
        """Every page below the folder, once, in the order of its path; what cannot be looked into is passed over.

        A page that is also reached through a link is known by its own path, not by the link's.
        """
        self.folders = []
        walked = list(self._walk(self.folder, {os.path.realpath(self.folder)}, is_linked=False))
        own = {identity for _, identity, is_linked in walked if not is_linked}
        found = []
        for page, identity, is_linked in sorted(walked, key=lambda entry: entry[0].path):
            if not is_linked or identity not in own:
                own.add(identity)
                found.append(page)
        return found

    def _walk(
        self, folder: str, seen: set[str], *, is_linked: bool
    ) -> Iterator[tuple[PageFile, tuple[int, int], bool]]:
        """The pages below a folder, each with its device and number on it, and whether a link led there."""
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        self.folders.append(folder)
        prefix = os.path.relpath(folder, self.root).replace(os.sep, "/")
        prefix = "" if prefix == "." else prefix + "/"
        for entry in entries:
            name = entry.name
            try:
                if entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and entry.is_dir()):
                    if name[0] == "." or name in _PASSED_OVER:
                        continue
                    if entry.is_symlink():
                        real = os.path.realpath(entry.path)
                        # A link may lead back up; each real folder is read once, and none outside the repository.
                        if real in seen or self._why_closed(real):
                            continue
                        seen.add(real)
                    yield from self._walk(entry.path, seen, is_linked=is_linked or entry.is_symlink())
                elif name.lower().endswith(PAGE_ENDINGS) and entry.is_file() and self._is_ours(entry):
                    status = entry.stat()
                    page = PageFile(self._shown(prefix + name), status.st_size, status.st_mtime_ns)
                    yield page, (status.st_dev, status.st_ino), is_linked or entry.is_symlink()
            except OSError:  # it vanished between the listing and the look
                continue

    def _is_ours(self, entry: os.DirEntry[str]) -> bool:
        """Whether a page is one of the book's: a link must show nobody what lies outside, is hidden, or is no page."""
        return not entry.is_symlink() or self._why_closed(os.path.realpath(entry.path), PAGE_ENDINGS) is None

    def _why_closed(self, real: str, endings: tuple[str, ...] = ("",)) -> str | None:
        """Why a link may not lead to this real path, if it may not; a book that is hidden itself is open to its own."""
        for place in (self.folder, self.root):
            top = os.path.realpath(place).rstrip(os.sep) + os.sep
            if (real + os.sep).startswith(top):
                if any(part.startswith(".") for part in real[len(top) :].split(os.sep)):
                    return "it leads to a hidden file"
                return None if real.lower().endswith(endings) else "it leads to a file that is no page"
        return "it leads out of the repository"

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    def _shown(self, path: str) -> str:
        """A path as text; the bytes of a name that are none are shown as `?`, and the file is found all the same."""
        shown = path.encode("utf-8", "replace").decode("utf-8")
        if shown != path:
            self._misnamed[shown] = path
        return shown

    def _real(self, path: str) -> str:
        return os.path.join(self.root, self._misnamed.get(path, path))

    def read(self, path: str) -> bytes | Unreadable:
        """The bytes of a page; a pipe, a device or a page too large is refused without waiting, and so is a link that
        leads to what is no page."""
        return self._read(path, PAGE_ENDINGS)

    def _read(self, path: str, endings: tuple[str, ...] | None) -> bytes | Unreadable:
        """The bytes of a file; links are followed to open places and these endings only, unless there are None."""
        try:
            descriptor = os.open(self._real(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as wrong:
            return Unreadable(path, getattr(wrong, "strerror", None) or str(wrong))
        try:
            if endings is not None and (why := self._why_opened_is_closed(path, descriptor, endings)):
                return Unreadable(path, why)
            return self._read_open(path, descriptor)
        except OSError as wrong:
            return Unreadable(path, wrong.strerror or str(wrong))
        finally:
            os.close(descriptor)

    def _why_opened_is_closed(self, path: str, descriptor: int, endings: tuple[str, ...]) -> str | None:
        """What speaks against the file that was opened. It is asked, not the path: a link may change in between."""
        try:  # a file that was replaced since is told as deleted
            opened = os.readlink(f"/proc/self/fd/{descriptor}").removesuffix(" (deleted)")
        except OSError:  # no Linux
            opened = os.path.realpath(self._real(path))
            if not os.path.samestat(os.fstat(descriptor), os.lstat(opened)):
                return "it changed while it was opened"
        if opened == os.path.join(self._real_root, self._misnamed.get(path, path)):
            return None  # no link led there
        return self._why_closed(opened, endings) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None

    def read_as(self, file: PageFile) -> bytes | Unreadable | None:
        """A listed page's bytes; None when it was another file before or after it was read."""
        try:
            if not self._is_still(file):
                return None
            raw = self.read(file.path)
            is_same = self._is_still(file)
        except (OSError, ValueError):
            return None
        return raw if is_same and (isinstance(raw, Unreadable) or len(raw) == file.size_bytes) else None

    def read_beside(self, path: str) -> bytes | Unreadable:
        """The bytes of a file of the repository; nothing hidden, nothing that lies or leads outside."""
        parts = path.split("/")
        if "\0" in path or any(part in ("", "..") or part[0] == "." for part in parts):
            return Unreadable(path, "it is no place in the repository")
        return self._read(path, ("",))

    def _is_still(self, file: PageFile) -> bool:
        status = os.stat(self._real(file.path))
        return status.st_size == file.size_bytes and status.st_mtime_ns == file.changed_ns

    def _read_open(self, path: str, descriptor: int) -> bytes | Unreadable:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Unreadable(path, "it is not a regular file")
        if status.st_size > LARGEST_PAGE_BYTES:
            return Unreadable(path, f"it is larger than {LARGEST_PAGE_BYTES // 1_048_576} MiB")
        return self._read_all(descriptor, status.st_size)

    @staticmethod
    def _read_all(descriptor: int, size: int) -> bytes:
        first = os.read(descriptor, size + 1)
        if len(first) == size:
            return first
        parts = [first]
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b"".join(parts)

    def replace(self, path: str, before: bytes | None, after: bytes) -> bool:
        """Puts new bytes in the place of a page's (None: there is none), by a file renamed over it, synced; False when
        it changed meanwhile or cannot be written. The owner and the mode of the file stay."""
        target = os.path.realpath(self._real(path))
        now = self.read(path)
        if now != before and not (before is None and not os.path.lexists(target)):
            return False
        part = f"{target}.{os.getpid()}.part"
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            self.forget_parts(path)
            status = os.stat(target) if before is not None else None
            mode = stat.S_IMODE(status.st_mode) if status else 0o666
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(after)
                if status is not None:
                    with suppress(OSError):  # only root may give a file away
                        os.fchown(file.fileno(), status.st_uid, status.st_gid)
                    os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
            _sync_folder(os.path.dirname(target))
        except OSError:
            with suppress(OSError):
                os.unlink(part)
            return False
        return True

    def forget_parts(self, path: str) -> None:
        """Removes what was left of a page's next version by programs that were killed while they wrote it."""
        folder, name = os.path.split(os.path.realpath(self._real(path)))
        with suppress(OSError):
            for entry in os.listdir(folder):
                number = entry.removeprefix(f"{name}.").removesuffix(".part")
                if entry == f"{name}.{number}.part" and number.isdigit() and not _is_running(int(number)):
                    os.unlink(os.path.join(folder, entry))

    def rule_files(self, paths: Sequence[str]) -> list[tuple[str, bytes | Unreadable]]:
        """The rule files at these absolute paths, folders searched for YAML, JSON and templates of them."""
        named: list[str] = []
        for path in paths:
            if not os.path.isdir(path):
                named.append(path)
                continue
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if name[0] != "." and name not in _PASSED_OVER)
                named.extend(os.path.join(folder, name) for name in sorted(names) if name.endswith(_RULE_ENDINGS))
        found = []
        for path in dict.fromkeys(named):
            shown = os.path.relpath(path, self.root).replace(os.sep, "/")
            raw = self._read(path, None)  # an absolute path stays what it is when joined to the root
            found.append((shown, Unreadable(shown, raw.why) if isinstance(raw, Unreadable) else raw))
        return found

    def exists(self, path: str) -> bool:
        """Whether a path below the root exists, with the letter case as written."""
        try:
            return os.path.exists(os.path.join(self.root, path))
        except (OSError, ValueError):  # a NUL or a name too long names nothing
            return False

    def owner_files(self, files: Sequence[PageFile]) -> list[str]:
        """Every place where an owner of these pages may be written, absolute, whether it is there or not."""
        folders = {""}
        for file in files:
            folder = file.path.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        names = [*_OWNER_FILES, *(f"{folder}/OWNERS" if folder else "OWNERS" for folder in sorted(folders))]
        return [os.path.join(self.root, name) for name in names]

    @cached_property
    def _owners(self) -> tuple[Owner, ...]:
        for name in _OWNER_FILES:
            text = self._text(name)
            if text is not None:
                from opsbook.book.ownership import read_owners  # inside: few repositories have such a file

                return read_owners(text)
        return ()

    def owner_of(self, path: str) -> str | None:
        """The owner of a path by the repository's CODEOWNERS, else by the nearest OWNERS file above it."""
        owner = self._listed_owner(path)
        folder = path
        while owner is None and folder:
            folder = folder.rpartition("/")[0]
            owner = self._folder_owner(folder)
        return owner

    def _listed_owner(self, path: str) -> str | None:
        if not self._owners:
            return None
        from opsbook.book.ownership import owner_of  # inside: as above

        return owner_of(self._owners, path)

    def _folder_owner(self, folder: str) -> str | None:
        if folder not in self._folder_owners:
            text = self._text(f"{folder}/OWNERS" if folder else "OWNERS")
            lines = [line.strip("- \t") for line in (text or "").splitlines()]
            names = [line for line in lines if line and not line.startswith("#") and not line.endswith(":")]
            self._folder_owners[folder] = ", ".join(names) or None
        return self._folder_owners[folder]

    @cached_property
    def _folder_owners(self) -> dict[str, str | None]:
        return {}

    def _text(self, path: str) -> str | None:
        raw = self._read(path, ("",)) if self.exists(path) else None
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else None

    def changed_on(self, path: str) -> str | None:
        """The day of the last commit that touched a path; None outside git, or when git does not answer."""
        if not self.is_repository:
            return None
        import subprocess  # only `show` asks git

        try:
            done = subprocess.run(
                ["git", "-C", self.root, "log", "-1", "--format=%cs", "--", path],
                capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip() or None


def _is_running(number: int) -> bool:
    if number == os.getpid():
        return False  # of an earlier one of the same number
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
