"""Accounts, sessions and tokens: who somebody is and how they prove it. Every change is an event in the ledger.

What somebody may do is not decided here (`authority.py` is the place): a caller asks that first. `actor` in every method
is the name that the event carries: whoever asked for the change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol

from opsbook.ground.errors import Refusal
from opsbook.ledger.account import Account, Session, Token
from opsbook.usecases.authority import Actor, Role
from opsbook.usecases.serving_ports import Ledger

LINK_TTL = timedelta(minutes=10)


class Hasher(Protocol):
    """Makes and checks hashes of passwords; slow on purpose."""

    def hash(self, password: str) -> str:
        """A new salted hash of a password."""
        ...

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether it is the hash of that password."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with weaker settings than today's."""
        ...

    @property
    def nobody(self) -> str:
        """A hash that no password matches and that takes as long as any to be refused."""
        ...


class WrongSignIn(Refusal):
    """The name, password, link or account is not good for signing in. HTTP 401."""


class TryLater(Refusal):
    """Too many wrong passwords: no other is looked at before `until`. HTTP 429, with Retry-After of `wait_s`."""

    def __init__(self, message: str, *, until: datetime, wait_s: int) -> None:
        super().__init__(message)
        self.until = until
        self.wait_s = wait_s


class Accounts:
    """The accounts of one ledger, seen as they are now, whichever process changed them. Any thread may call anything.

    `chance(n)` gives n random bytes fit for secrets, `now` is the clock. Every method that changes something raises
    Failure(retryable=True) when the ledger cannot take it, and nothing has changed then.
    """

    def __init__(
        self,
        ledger: Ledger,
        hasher: Hasher,
        *,
        chance: Callable[[int], bytes],
        now: Callable[[], datetime],
        session_s: float = 43_200.0,
    ) -> None: ...

    # Asked at every request: a dictionary lookup after a cheap look whether the ledger has moved.

    def actor_for_session(self, secret: str) -> Actor | None:
        """Whose session this is, None when it is nobody's, over, or its account disabled. `credential` is its id."""
        raise NotImplementedError

    def actor_for_token(self, secret: str) -> Actor | None:
        """Whose token this is, limited to its acts; None when it is nobody's, expired or revoked."""
        raise NotImplementedError

    # Signing in and out.

    def sign_in(self, name: str, password: str, *, source: str, agent: str = "") -> tuple[str, Actor]:
        """The secret of a new session and whose it is. `source` is the address of whoever asks, `agent` their browser.

        Raises WrongSignIn (a wrong name takes as long as a wrong password, and is told in the same words) or TryLater.
        """
        raise NotImplementedError

    def issue_link(self, name: str, role: Role, ttl: timedelta = LINK_TTL, *, actor: str) -> str:
        """The secret of a link that signs `name` in once; the account is added with `role` when the link is used and
        there is none. A new link takes the place of the last one for that name, so that it ends with a restart."""
        raise NotImplementedError

    def sign_in_by_link(self, secret: str, *, source: str, agent: str = "") -> tuple[str, Actor]:
        """As `sign_in`, by a one-time link; raises WrongSignIn when it was used, is too old or was replaced."""
        raise NotImplementedError

    def sign_in_external(
        self, issuer: str, subject: str, *, name: str, email: str, role: Role, source: str, agent: str = ""
    ) -> tuple[str, Actor]:
        """As `sign_in`, for whom a provider vouches. The account is the one of (issuer, subject), and is added at the
        first time, under `name` or the next that is free: never that of somebody else. Its role follows the provider's.
        """
        raise NotImplementedError

    def end_session(self, session_id: str, *, actor: str) -> None:
        """Ends a session (signing out, or revoking one from a list); one that is over already stays so."""
        raise NotImplementedError

    def revoke_sessions(self, name: str, *, actor: str, keep: str = "") -> int:
        """Ends all sessions of an account but the one with the id `keep`; how many were ended."""
        raise NotImplementedError

    def sessions(self, name: str) -> list[Session]:
        """The sessions of an account that are not over, the newest first."""
        raise NotImplementedError

    # Tokens.

    def issue_token(
        self,
        name: str,
        acts: Collection[str],
        expires: timedelta | None,
        *,
        label: str = "",
        actor: str,
        within: Collection[str] | None = None,
    ) -> tuple[str, Token]:
        """The secret of a new token, never to be shown again, and the token. `within` are the acts of the token that
        asks, if one does. Raises Usage for an act that is not known, Refusal for one that the role may not do."""
        raise NotImplementedError

    def revoke_token(self, token_id: str, *, actor: str) -> None:
        """Revokes a token for good; raises Usage when there is none of that id."""
        raise NotImplementedError

    def tokens(self, name: str | None = None) -> list[Token]:
        """The tokens that are neither expired nor revoked, of one account or of all, the newest first."""
        raise NotImplementedError

    # People.

    def add(self, name: str, role: Role, password: str | None, *, email: str = "", actor: str) -> Account:
        """A new account; without a password it signs in by link alone. Raises Refusal for a name or password that will
        not do, Conflict for a name that is taken."""
        raise NotImplementedError

    def find(self, name: str) -> Account:
        """The account of that name; raises Usage, with a guess, when there is none."""
        raise NotImplementedError

    def list(self) -> list[Account]:
        """Every account, by name."""
        raise NotImplementedError

    def set_password(self, name: str, password: str, *, actor: str, keep: str = "") -> None:
        """Sets a password (an admin's act) and ends all sessions of the account but the one with the id `keep`."""
        raise NotImplementedError

    def change_own_password(self, name: str, old: str, new: str, *, source: str, keep: str) -> None:
        """Sets one's own password after the old one was given; as limited as signing in. The session `keep` stays."""
        raise NotImplementedError

    def change_role(self, name: str, role: Role, *, actor: str) -> None:
        """Changes what an account may do, at once. Raises Refusal where nobody would be left as admin."""
        raise NotImplementedError

    def disable(self, name: str, *, actor: str) -> None:
        """Ends its sessions, revokes its tokens and lets it sign in no more; refused for the last admin."""
        raise NotImplementedError

    def enable(self, name: str, *, actor: str) -> None:
        """Lets it sign in again; its old sessions and tokens stay ended."""
        raise NotImplementedError
