"""What a machine remembers of commands: one folder a run, one below it for each key. Watches over nothing.

A key's folder holds `claim` (whoever watches over the command holds a lock on it, and that is the sign of life), `cmd`,
`pid`, `out`, and at the end `exit`. The folder of a run is locked while a key is claimed or an epoch raised, so that no
claim of a smaller epoch can come behind the fence.

Only that a run has begun in this boot of the machine is synced, once, before the first of its commands begins.
Whatever is killed, all see what was written; when the power goes, the boot is another one, and then of every key
without a whole `exit` nothing is known, also of one that is not there. To sync each claim would cost more than the rest
of a step, and tell no more: whoever asks has recorded on disk that it was about to.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import stat
import time

from opsbook.adapters.step_hosts.shim_program.tree import boot_id, marked, see

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@+-]*\Z")
_READ = os.O_RDONLY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Refused(Exception):
    """What was asked is not done: fenced, claimed, same (claimed by the same order), not-begun, failed."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind
        self.why = why


class Folder:
    """The folder below which a machine keeps what it remembers of runs."""

    def __init__(self, root: str) -> None:
        self.root = root or f"/var/tmp/opsbook-{os.getuid()}"
        self._is_shared = not root

    def make(self) -> None:
        """Makes it. Where others may write beside it, it must be ours and nobody else's: /var/tmp is everybody's.

        Not $XDG_RUNTIME_DIR: that is emptied when the last session ends, and with it every claim.
        """
        try:
            os.makedirs(self.root, mode=0o700, exist_ok=True)
            seen = os.lstat(self.root)
        except OSError as wrong:
            raise Refused("not-begun", f"The folder {self.root} cannot be made: {wrong.strerror}.") from wrong
        if self._is_shared and (not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o077):
            raise Refused("not-begun", f"{self.root} is not a folder of ours alone; remove it, or say who made it.")

    def place(self, key: str) -> str:
        """The folder of a key."""
        run, _, step = key.partition("/")
        if not _KEY.match(run) or not _KEY.match(step):
            raise Refused("failed", f"{key!r} is no key.")
        return os.path.join(self.root, run, step)

    def fence(self, run: str, epoch: int) -> None:
        """From now on no claim of a smaller epoch."""
        place = self._run_place(run)
        lock = self._lock(place)
        try:
            fenced, boots = _read_fence(place)
            if fenced < epoch or boot_id() not in boots:
                _write_fence(place, max(epoch, fenced), boots)
        finally:
            os.close(lock)

    def claim(self, key: str, epoch: int, nonce: str) -> int:
        """Claims a key: the open file whose lock is the sign of life. That the run is here in this boot is synced."""
        place = self.place(key)
        run = os.path.dirname(place)
        lock = self._lock(self._run_place(os.path.basename(run)))
        try:
            fenced, boots = _read_fence(run)
            if epoch < fenced:
                raise Refused("fenced", f"The run is at epoch {fenced} by now, and this order is of {epoch}.")
            if boot_id() not in boots:
                _write_fence(run, fenced, boots)
            try:
                os.mkdir(place, 0o700)
            except FileExistsError:
                is_same = _read_claim(place)[0] == nonce
                why = f"{key} was claimed before; a key starts once."
                raise Refused("same" if is_same else "claimed", why) from None
            claim = os.open(os.path.join(place, "claim"), _NEW, 0o600)
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(claim, f"{nonce}\n{boot_id()}".encode("ascii"))
        finally:
            os.close(lock)
        return claim

    def look(self, key: str, *, seal: bool = False) -> dict:  # type: ignore[type-arg]
        """What is known of a key; an absent one is claimed by this where `seal` says so, and never starts then."""
        place = self.place(key)
        if not os.path.isdir(place) and _read_fence(os.path.dirname(place))[1] - {boot_id()}:
            return {"state": "lost", "why": "The machine was booted anew, and whether it had begun is not known."}
        if seal and not os.path.isdir(place):
            try:
                os.close(self.claim(key, 1 << 62, "sealed"))
            except Refused as wrong:
                if wrong.kind != "claimed":
                    raise
        if not os.path.isdir(place):
            return {"state": "absent"}
        is_watched = self.is_watched(key)  # before what it may still write at its end
        ended = read_json(os.path.join(place, "exit"))
        if ended is not None:
            return {"state": "ended", "ended": ended}
        if is_watched:
            return {"state": "running"}
        began = read_json(os.path.join(place, "pid"))
        if began is None and _read_claim(place)[1] == boot_id():
            return {"state": "claimed"}
        if began is None:
            return {"state": "lost", "why": "The machine was booted anew, and whether it had begun is not known."}
        return {"state": "lost", "why": _why_lost(began), "alive": [str(each) for each in marked(key)]}

    def is_watched(self, key: str) -> bool:
        """True while somebody watches over it."""
        place = self.place(key)
        try:
            lock = os.open(os.path.dirname(place), _READ)
        except OSError:
            return False
        try:
            # A claim is made and locked under this lock: none is ever seen that is about to be locked.
            fcntl.flock(lock, fcntl.LOCK_SH)
            try:
                claim = os.open(os.path.join(place, "claim"), _READ)
            except OSError:
                return False
            try:
                fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            finally:
                os.close(claim)
        finally:
            os.close(lock)
        return False

    def sweep(self, keep_days: float) -> None:
        """Forgets runs of which nothing was written for so long and nothing runs: for machines that have no other
        record of them to keep."""
        eldest = time.time() - keep_days * 86400
        for run in os.listdir(self.root):
            place = os.path.join(self.root, run)
            try:
                keys = [each for each in os.listdir(place) if os.path.isdir(os.path.join(place, each))]
                newest = max([os.stat(place).st_mtime] + [os.stat(os.path.join(place, key)).st_mtime for key in keys])
            except OSError:
                continue
            if newest < eldest and not any(self.is_watched(f"{run}/{key}") for key in keys):
                shutil.rmtree(place, ignore_errors=True)

    def _run_place(self, run: str) -> str:
        if not _KEY.match(run):
            raise Refused("failed", f"{run!r} is no run.")
        place = os.path.join(self.root, run)
        try:
            os.mkdir(place, 0o700)
        except FileExistsError:
            return place
        sync(self.root)
        return place

    def _lock(self, place: str) -> int:
        lock = os.open(place, _READ)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock


def sync(path: str) -> None:
    """What stands in a file or folder is on disk after this."""
    opened = os.open(path, _READ)
    try:
        os.fsync(opened)
    except OSError as wrong:
        if wrong.errno != errno.EINVAL:  # a file system that syncs no folders
            raise
    finally:
        os.close(opened)


def write_new(path: str, content: bytes) -> None:
    """A file that was not there. Cut off, or gone, when the power goes."""
    opened = os.open(path, _NEW, 0o600)
    try:
        write_all(opened, content)
    finally:
        os.close(opened)


def write_whole(path: str, content: bytes, *, synced: bool = True) -> None:
    """A file that is there whole or not at all."""
    part = path + ".part"
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(opened, content)
        if synced:
            os.fsync(opened)
    finally:
        os.close(opened)
    os.rename(part, path)
    if synced:
        sync(os.path.dirname(path))


def make_room(path: str) -> None:
    """Takes room for a file that must be written later, however full the disk is by then."""
    write_new(path + ".part", bytes(4096))


def write_in_room(path: str, content: bytes) -> None:
    """Writes the file for which room was made, whole or not at all. What a loss of power cut off is as good as none."""
    opened = os.open(path + ".part", os.O_WRONLY | os.O_CLOEXEC)
    try:
        write_all(opened, content)
        os.ftruncate(opened, len(content))
        os.rename(path + ".part", path)
    finally:
        os.close(opened)


def write_all(opened: int, content: bytes) -> None:
    """Writes all of it: the system may take a part at a time."""
    view = memoryview(content)
    while view:
        view = view[os.write(opened, view) :]


def read_file(path: str) -> bytes | None:
    """All of a file, None where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def read_json(path: str) -> dict | None:  # type: ignore[type-arg]
    """What a file of ours says, None where there is none or it was cut off."""
    content = read_file(path)
    try:
        return json.loads(content.decode("ascii")) if content else None
    except ValueError:
        return None


def _read_claim(place: str) -> tuple[str, str]:
    """The nonce of a claim and the boot in which it was made; both empty where that is not known."""
    nonce, _, boot = (read_file(os.path.join(place, "claim")) or b"").decode("ascii").partition("\n")
    return nonce, boot


def _read_fence(place: str) -> tuple[int, set[str]]:
    """The least epoch that may claim keys of a run, and the boots of this machine in which it was at work here."""
    epoch, *boots = (read_file(os.path.join(place, "epoch")) or b"0").decode("ascii").split()
    return int(epoch), set(boots)


def _write_fence(place: str, epoch: int, boots: set[str]) -> None:
    write_whole(os.path.join(place, "epoch"), "\n".join([str(epoch), *sorted(boots | {boot_id()})]).encode("ascii"))


def _why_lost(began: dict) -> str:  # type: ignore[type-arg]
    if began["boot"] != boot_id():
        return "The machine was booted anew while it ran."
    seen = see(began["pid"])
    if seen is not None and seen.is_alive and seen.since == began["since"]:
        return f"What watched over it was ended from outside; the command itself still runs as {seen}."
    return "What watched over it was ended from outside, and the command has ended since, nobody saw how."
