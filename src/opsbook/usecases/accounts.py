"""Accounts, sessions and tokens: who somebody is and how they prove it. Every change is an event in the ledger.

What somebody may do is not decided here (`authority.py` is the place): a caller asks that first. `actor` in every
method is the name that the event carries: whoever asked for the change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Literal

from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import account as kept
from opsbook.ledger import sign_in
from opsbook.ledger.account import Account, Link, Session, Token, stream_of
from opsbook.ledger.event import Draft
from opsbook.usecases.account_ports import Hasher
from opsbook.usecases.authority import Actor, Role, decide, known_acts, known_role
from opsbook.usecases.credentials import (
    Chance,
    account_name,
    check_password,
    clean,
    digest,
    encodable,
    is_token,
    name_from,
    new_id,
    new_secret,
    new_token,
    typed_password,
)
from opsbook.usecases.roll import Roll
from opsbook.usecases.serving_ports import Ledger

LINK_TTL = timedelta(minutes=10)
LONGEST_LABEL, LONGEST_AGENT, LONGEST_EMAIL = 80, 200, 254
ATTEMPTS = 20  # how often a change is tried anew when the account moved meanwhile
_WRONG = "The name or the password is wrong."


class WrongSignIn(Refusal):
    """The name, password, link or account is not good for signing in. HTTP 401."""


class TryLater(Refusal):
    """Too many wrong passwords: no other is looked at before `until`. HTTP 429, with Retry-After of `wait_s`."""

    def __init__(self, until: datetime, now: datetime) -> None:
        self.until = until
        self.wait_s = max(1, -int((now - until).total_seconds() // 1))
        length = f"{self.wait_s} seconds" if self.wait_s < 120 else f"{-(-self.wait_s // 60)} minutes"
        super().__init__(f"Too many wrong passwords were given. Try again in {length}, at {until:%H:%M:%S} UTC.")


class Accounts:
    """The accounts of one ledger, seen as they are now, whichever process changed them. Any thread may call anything.

    `chance(n)` gives n random bytes fit for secrets, `now` is the clock. Every method that changes something raises
    Failure(retryable=True) when the ledger cannot take it, and nothing has changed then. One that takes the name of an
    account raises Usage, with a guess, when there is none.
    """

    def __init__(
        self,
        ledger: Ledger,
        hasher: Hasher,
        *,
        chance: Chance,
        now: Callable[[], datetime],
        session_s: float = 43_200.0,
    ) -> None:
        self._ledger = ledger
        self._hasher = hasher
        self._chance = chance
        self._now = now
        self._lasting = timedelta(seconds=session_s)
        self._roll = Roll(ledger)

    # Asked at every request: a dictionary lookup after a cheap look whether the ledger has moved.

    def actor_for_session(self, secret: str, *, is_current: bool = True) -> Actor | None:
        """Whose session this is, None when it is nobody's or over. `credential` is its id. Where it need not be
        `is_current`, the ledger is not asked, and it counts as it was known last."""
        now = self._now()
        session = self._seen(now, is_current).sessions.get(digest(secret))
        if session is None or session.expires_at <= now:
            return None
        return self._actor(self._roll.account(session.account), "session", session.id)

    def actor_for_token(self, secret: str, *, is_current: bool = True) -> Actor | None:
        """Whose token this is, limited to its acts; None when it is nobody's, expired or revoked. `is_current`
        means what it does for a session."""
        if not is_token(secret):
            return None
        now = self._now()
        token = self._seen(now, is_current).tokens.get(digest(secret))
        if token is None or (token.expires_at is not None and token.expires_at <= now):
            return None
        return self._actor(self._roll.account(token.account), "token", token.id, token.acts)

    # Signing in and out.

    def sign_in(self, name: str, password: str, *, source: str, agent: str = "") -> tuple[str, Actor]:
        """The secret of a new session and whose it is. `source` is the address of whoever asks, `agent` their browser.

        Raises WrongSignIn (a wrong name takes as long as a wrong password, and is told in the same words) or TryLater.
        """
        proved = self._prove(name, password, source)
        drafts = []
        if proved.password_hash is not None and self._hasher.is_outdated(proved.password_hash):
            drafts = [Draft("PasswordRehashed", {"password_hash": self._hasher.hash(typed_password(password) or "")})]

        def decide_now(account: Account) -> list[Draft]:
            if account.password_hash != proved.password_hash or not account.is_enabled:
                raise WrongSignIn(_WRONG)  # it was changed while this one was looked at
            return drafts

        return self._begin(proved.name, "password", decide_now, source=source, agent=agent)

    def issue_link(self, name: str, role: Role, ttl: timedelta = LINK_TTL, *, actor: str) -> str:
        """The secret of a link that signs `name` in once; the account is added with `role` when the link is used and
        there is none. A new link takes the place of the last one for that name, so that it ends with a restart."""
        secret = new_secret(self._chance)
        link = Link(digest(secret), known_role(role), self._now() + ttl)

        def decide_now(account: Account) -> list[Draft]:
            if not account.is_enabled:
                raise Refusal(f"The account '{account.name}' is disabled. Enable it before it is given a link.")
            return [kept.link_issued(link)]

        self._change(account_name(name), decide_now, actor=actor)
        return secret

    def sign_in_by_link(self, secret: str, *, source: str, agent: str = "") -> tuple[str, Actor]:
        """As `sign_in`, by a one-time link; raises WrongSignIn when it was used, is too old or was replaced."""
        wrong = "This link is not good any more: it was used, is too old, or a newer one took its place."
        now, secret_hash = self._now(), digest(secret)
        name = self._seen(now).links.get(secret_hash)
        if name is None:
            raise WrongSignIn(wrong)

        def decide_now(account: Account) -> list[Draft]:
            link = account.link
            if link is None or link.secret_hash != secret_hash or link.expires_at <= now:
                raise WrongSignIn(wrong)
            added = [] if account.added_at else [kept.account_added(link.role, "")]
            return [*added, Draft("LinkUsed")]

        return self._begin(name, "link", decide_now, source=source, agent=agent)

    def sign_in_external(
        self, issuer: str, subject: str, *, name: str, email: str, role: Role, source: str, agent: str = ""
    ) -> tuple[str, Actor]:
        """As `sign_in`, for whom a provider vouches. The account is the one of (issuer, subject), and is added at the
        first time, under `name` or the next that is free: never that of somebody else. Its role follows the provider's.
        """
        kept_email = clean(email, LONGEST_EMAIL)
        issuer, subject = encodable(issuer), encodable(subject)

        def decide_now(account: Account) -> list[Draft]:
            if account.added_at is None:
                linked = Draft("ExternalAccountLinked", {"issuer": issuer, "subject": subject})
                return [kept.account_added(known_role(role), kept_email), linked]
            if account.external != (issuer, subject):
                raise Conflict(f"The name '{account.name}' was given to somebody else meanwhile. Sign in again.")
            if not account.is_enabled:
                raise WrongSignIn(f"The account '{account.name}' is disabled. Ask whoever runs Opsbook here.")
            moved = [] if account.role == role else [Draft("RoleChanged", {"role": known_role(role)})]
            return moved if account.email == kept_email else [*moved, Draft("EmailChanged", {"email": kept_email})]

        roll = self._seen(self._now())
        known = roll.external.get((issuer, subject)) or _free(roll, name_from(name, email.partition("@")[0]))
        return self._begin(known, "external", decide_now, source=source, agent=agent)

    def end_session(self, session_id: str, *, actor: str, of: str | None = None) -> None:
        """Ends a session (signing out, or revoking one from a list), where `of` is given only one of that account; one
        that is over already stays so."""
        for account in self.people():
            if session_id in account.sessions and of in (None, account.name):
                self._change(account.name, lambda _: [Draft("SessionEnded", {"session": session_id})], actor=actor)

    def revoke_sessions(self, name: str, *, actor: str, keep: str = "") -> int:
        """Ends all sessions of an account but the one with the id `keep`; how many were ended."""
        ended = [session for session in self.sessions(name) if session.id != keep]
        if ended:
            self._change(ended[0].account, lambda _: [Draft("SessionsRevoked", {"kept": keep})], actor=actor)
        return len(ended)

    def sessions(self, name: str) -> list[Session]:
        """The sessions of an account that are not over, the newest first."""
        now = self._now()
        lasting = [session for session in self.find(name).sessions.values() if session.expires_at > now]
        return sorted(lasting, key=lambda session: session.begun_at, reverse=True)

    # Tokens.

    def issue_token(
        self, name: str, acts: Collection[str], expires: timedelta | None, *, label: str = "", actor: str,
        within: Collection[str] | None = None,
    ) -> tuple[str, Token]:  # fmt: skip
        """The secret of a new token, never to be shown again, and the token. `within` are the acts of the token that
        asks, if one does. Raises Usage for an act that is not known, Refusal for one that the role may not do."""
        secret, now = new_token(self._chance), self._now()
        account = self.find(name)
        if expires is not None and expires <= timedelta():
            raise Usage("A token lasts for some time: name one such as 30 days.")
        token = Token(
            id=new_id(self._chance), account=account.name, secret_hash=digest(secret),
            label=clean(label, LONGEST_LABEL), acts=known_acts(acts), issued_at=now, issued_by=actor,
            expires_at=None if expires is None else now + expires,
        )  # fmt: skip

        def decide_now(account: Account) -> list[Draft]:
            if not account.is_enabled:
                raise Refusal(f"The account '{account.name}' is disabled, so it is given no token.")
            for act in sorted(token.acts):
                allowed = decide(self._actor(account, "token", "", within), act, reads_are_open=False)
                if not allowed.is_allowed:
                    raise Refusal(f"A token of '{account.name}' cannot be for '{act}': {allowed.why}")
            return [kept.token_issued(token)]

        self._change(account.name, decide_now, actor=actor)
        return secret, token

    def revoke_token(self, token_id: str, *, actor: str, of: str | None = None) -> None:
        """Revokes a token for good, where `of` is given only one of that account; raises Usage when there is none."""
        for account in self.people():
            if token_id in account.tokens and of in (None, account.name):
                self._change(account.name, lambda _: [Draft("TokenRevoked", {"token": token_id})], actor=actor)
                return
        raise Usage(f"There is no token '{clean(token_id, 40)}'.", at_terminal="'opsbook token list' shows all.")

    def tokens(self, name: str | None = None) -> list[Token]:
        """The tokens that are neither expired nor revoked, of one account or of all, the newest first."""
        now = self._now()
        owners = self.people() if name is None else [self.find(name)]
        lasting = [
            token for owner in owners for token in owner.tokens.values()
            if token.expires_at is None or token.expires_at > now
        ]  # fmt: skip
        return sorted(lasting, key=lambda token: token.issued_at, reverse=True)

    # People.

    def add(self, name: str, role: Role, password: str | None, *, email: str = "", actor: str) -> Account:
        """A new account; without a password it signs in by link alone. Raises Refusal for a name or password that will
        not do, Conflict for a name that is taken."""
        known = account_name(name)
        self._refuse_taken(self._seen(self._now()).account(known))
        drafts = [kept.account_added(known_role(role), clean(email, LONGEST_EMAIL))]
        if password is not None:
            drafts.append(kept.password_set(self._hasher.hash(check_password(known, password))))

        def decide_now(account: Account) -> list[Draft]:
            self._refuse_taken(account)
            return drafts

        return self._change(known, decide_now, actor=actor)

    def find(self, name: str) -> Account:
        """The account of that name; raises Usage, with a guess, when there is none."""
        account = self._seen(self._now()).account(clean(name, 64).lower())
        if account.added_at is None:
            near = closest(account.name, [each.name for each in self.people()])
            guess = f" Did you mean '{near}'?" if near else ""
            listed = "" if near else "'opsbook user list' shows all."
            raise Usage(f"There is no account '{clean(name, 40)}'.{guess}", at_terminal=listed)
        return account

    def people(self) -> list[Account]:
        """Every account, by name."""
        accounts = list(self._seen(self._now()).accounts.values())
        return sorted((each for each in accounts if each.added_at), key=lambda account: account.name)

    def set_password(self, name: str, password: str, *, actor: str, keep: str = "") -> None:
        """Sets a password (an admin's act) and ends all sessions of the account but the one with the id `keep`."""
        account = self.find(name)
        password_hash = self._hasher.hash(check_password(account.name, password))
        self._change(account.name, lambda _: [kept.password_set(password_hash, keep)], actor=actor)

    def change_own_password(self, name: str, old: str, new: str, *, source: str, keep: str) -> None:
        """Sets one's own password after the old one was given; as limited as signing in. The session `keep` stays."""
        account = self._prove(name, old, source)
        self.set_password(account.name, new, actor=account.name, keep=keep)

    def change_role(self, name: str, role: Role, *, actor: str) -> None:
        """Changes what an account may do, at once. Raises Refusal where nobody would be left as admin."""

        def decide_now(account: Account) -> list[Draft]:
            if account.role == known_role(role):
                return []
            self._refuse_last_admin(account)
            return [Draft("RoleChanged", {"role": role})]

        self._change(self.find(name).name, decide_now, actor=actor)

    def disable(self, name: str, *, actor: str) -> None:
        """Ends its sessions, revokes its tokens and lets it sign in no more; refused for the last admin."""

        def decide_now(account: Account) -> list[Draft]:
            if not account.is_enabled:
                return []
            self._refuse_last_admin(account)
            return [Draft("AccountDisabled")]

        self._change(self.find(name).name, decide_now, actor=actor)

    def enable(self, name: str, *, actor: str) -> None:
        """Lets it sign in again; its old sessions and tokens stay ended."""
        account = self.find(name).name
        self._change(account, lambda now: [] if now.is_enabled else [Draft("AccountEnabled")], actor=actor)

    def _seen(self, now: datetime, is_current: bool = True) -> Roll:
        if is_current:
            self._roll.refresh(now)
        return self._roll

    def _change(self, name: str, decide_now: Callable[[Account], list[Draft]], *, actor: str) -> Account:
        """Records what `decide_now` makes of the account as it is; asked anew when it has moved meanwhile."""
        tries = 0
        while True:
            now = self._now()
            account = self._seen(now).account(name)
            if drafts := decide_now(account):
                try:
                    self._ledger.append(stream_of(name), drafts, expected=account.number, actor=actor, at=now)
                except Conflict:
                    tries += 1
                    if tries == ATTEMPTS:
                        raise
                    continue
            return self._seen(now).account(name)

    def _begin(
        self, name: str, via: str, decide_now: Callable[[Account], list[Draft]], *, source: str, agent: str
    ) -> tuple[str, Actor]:
        """Begins a session together with what `decide_now` records."""
        secret, session_id = new_secret(self._chance), new_id(self._chance)

        def begin(account: Account) -> list[Draft]:
            now = self._now()
            session = Session(
                id=session_id, account=name, secret_hash=digest(secret), begun_at=now,
                expires_at=now + self._lasting, via=via, source=clean(source, 64), agent=clean(agent, LONGEST_AGENT),
            )  # fmt: skip
            return [*decide_now(account), kept.session_begun(session)]

        account = self._change(name, begin, actor=name)
        return secret, self._actor(account, "session", session_id)

    def _prove(self, name: str, password: str, source: str) -> Account:
        """The account whose name and password these are; a failure is recorded. Raises WrongSignIn or TryLater."""
        now = self._now()
        account = self._seen(now).account(clean(name, 64).lower())
        typed, address = typed_password(password), clean(source, 64)
        account_key, source_key = sign_in.account_key(account.name), sign_in.source_key(address)
        with self._roll.attempts.under_way([account_key, *([source_key] if address else [])], now) as until:
            if until is not None:
                raise TryLater(until, now)
            has_password = account.password_hash is not None and typed is not None
            password_hash = account.password_hash if has_password else None
            if self._hasher.matches(password_hash or self._hasher.nobody, typed or "") and has_password:
                if account.is_enabled:
                    return account
                raise WrongSignIn(f"The account '{account.name}' is disabled. Ask whoever runs Opsbook here.")
            draft = sign_in.sign_in_failed(account.name if account.added_at else None, address)
            self._ledger.append(sign_in.stream_at(now), [draft], expected=None, actor="", at=now)
            if account.added_at is None:  # no event tells its name, and it is to look like one that there is
                self._roll.attempts.failed([account_key], now)
            self._roll.refresh(now)
        raise WrongSignIn(_WRONG)

    def _actor(
        self, account: Account, via: Literal["session", "token"], credential: str, acts: Collection[str] | None = None
    ) -> Actor:
        limit = None if acts is None else frozenset(acts)
        return Actor(account.name, known_role(account.role), via, limit, credential, account.email)

    def _refuse_taken(self, account: Account) -> None:
        if account.added_at is not None:
            raise Conflict(f"There is an account '{account.name}' already. Choose another name, or change that one.")

    def _refuse_last_admin(self, account: Account) -> None:
        admins = {each.name for each in self.people() if each.role == "admin" and each.is_enabled}
        if admins == {account.name}:
            raise Refusal(f"'{account.name}' is the only admin. Make another one first, who can undo this.")


def _free(roll: Roll, name: str) -> str:
    wanted, number = name, 1
    while roll.account(name).number:
        number += 1
        name = f"{wanted}-{number}"
    return name
