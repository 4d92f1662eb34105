"""The roll: all accounts as the ledger has them now, found by name, by secret and by provider. Changes none.

It follows the ledger by position, so that what another program recorded is seen with the next look.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from opsbook.ledger import account as accounts
from opsbook.ledger import sign_in
from opsbook.ledger.account import Account, Session, Token
from opsbook.ledger.event import Event
from opsbook.usecases.serving_ports import Ledger

AT_ONCE = 1000  # events read at a time
_Held = TypeVar("_Held", Session, Token)
MOST_KEYS = 10_000  # keys of failures from which on those that no longer count are dropped


class Attempts:
    """Wrong passwords that still count, and passwords that are being looked at. Any thread may call anything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, list[datetime]] = {}
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def under_way(self, keys: Iterable[str], at: datetime) -> Iterator[datetime | None]:
        """Counts an attempt against the keys while it lasts; gives when to try again, None when it may go on."""
        kept = list(keys)
        with self._lock:
            waits = [self._wait(key, at) for key in kept]
            self._under_way.update(kept)
        try:
            yield max((wait for wait in waits if wait is not None and wait > at), default=None)
        finally:
            with self._lock:
                self._under_way.subtract(kept)
                self._under_way += Counter()  # drops what is back at nothing

    def failed(self, keys: Iterable[str], at: datetime) -> None:
        """Counts a wrong password."""
        with self._lock:
            for key in keys:
                failures = self._failures.setdefault(key, [])
                failures.append(at)
                del failures[: -2 * sign_in.FREE_BY_SOURCE]  # more of them change nothing
            if len(self._failures) > MOST_KEYS:
                ended = [key for key, failures in self._failures.items() if failures[-1] < at - sign_in.WINDOW]
                for key in ended:
                    del self._failures[key]

    def forget(self, key: str) -> None:
        """Forgets what counts against a key."""
        with self._lock:
            self._failures.pop(key, None)

    def _wait(self, key: str, at: datetime) -> datetime | None:
        counted = [failure for failure in self._failures.get(key, ()) if failure > at - sign_in.WINDOW]
        under_way = self._under_way[key]
        free = sign_in.free_of(key)
        if under_way >= free:  # nothing has failed yet, and still no more are looked at together
            return at + sign_in.FIRST_WAIT
        return sign_in.wait_until(counted, free, under_way)


class Roll:
    """All accounts of a ledger. Call `refresh` before each look. Any thread may call anything."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._position = -1
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}  # by the hash of the secret, as the next two
        self.tokens: dict[str, Token] = {}
        self.links: dict[str, str] = {}  # → the account's name
        self.external: dict[tuple[str, str], str] = {}  # (issuer, subject) → the account's name
        self.attempts = Attempts()

    def refresh(self, now: datetime) -> None:
        """Takes in what was recorded since the last look: one cheap question where that is nothing."""
        if self._ledger.head() == self._position:
            return
        with self._lock:
            if self._position < 0:
                self._load(now)
            while events := self._ledger.after(self._position, AT_ONCE):
                for event in events:
                    self._take(event)
                self._position = events[-1].position

    def account(self, name: str) -> Account:
        """The account of that name, an empty one where nothing is known of it."""
        return self.accounts.get(name) or Account(name)

    def _load(self, now: datetime) -> None:
        # Only the streams that matter: the ledger may hold years of other things. What is recorded meanwhile is met
        # again from the position, and known then.
        position = self._ledger.head()
        for stream in (*self._ledger.streams(accounts.STREAMS), *sign_in.streams_that_count(now)):
            for event in self._ledger.read(stream):
                if event.position <= position:
                    self._take(event)
        self._position = position

    def _take(self, event: Event) -> None:
        if event.kind == sign_in.FAILED:
            self.attempts.failed(sign_in.keys_of(event), event.at)
        if not event.stream.startswith(accounts.STREAMS):
            return
        name = event.stream.removeprefix(accounts.STREAMS)
        before = self.account(name)
        after = accounts.folded(before, event)
        self.accounts[name] = after
        if after.sessions is not before.sessions:
            _follow(self.sessions, before.sessions, after.sessions)
        if after.tokens is not before.tokens:
            _follow(self.tokens, before.tokens, after.tokens)
        if before.link is not None and after.link != before.link:
            self.links.pop(before.link.secret_hash, None)
        if after.link is not None:
            self.links[after.link.secret_hash] = name
        if after.external is not None:
            self.external[after.external] = name
        is_known = event.kind == "SessionBegun" and event.facts["via"] == "password"
        if is_known or event.kind == "PasswordSet":
            self.attempts.forget(sign_in.account_key(name))


def _follow(index: dict[str, _Held], before: dict[str, _Held], after: dict[str, _Held]) -> None:
    for key in before.keys() - after.keys():
        index.pop(before[key].secret_hash, None)
    for key in after.keys() - before.keys():
        index[after[key].secret_hash] = after[key]
