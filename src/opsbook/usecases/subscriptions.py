"""The verbs of subscriptions: ask, confirm by the link that was sent, leave by the link in each message, end, list.

Whoever asks is told the same whether the address is known or not, and gets one message at most in a while: nobody
learns by a form who subscribed, or has somebody else's mailbox filled. The secrets of links lie beside the events.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from socket import inet_aton, inet_ntoa
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ledger import subscription as events
from opsbook.ledger import telling_events
from opsbook.ledger.event import Draft
from opsbook.ledger.subscription import Kind, Scope, Subscription, stream_of
from opsbook.ledger.telling import stream_of as telling_stream
from opsbook.usecases.contact_forms import checked, masked
from opsbook.usecases.credentials import clean
from opsbook.usecases.kept_subscribers import Beside, KeptSubscribers
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.telling_owed import DUE

AGAIN = timedelta(minutes=15)  # before another message to confirm goes to the same address
LASTS = timedelta(days=2)  # for a link that confirms; then what was asked is forgotten
MOST_WAITING = 300  # of those that nobody confirmed yet: more are no people
MOST_TOPICS = 50
TRIES = 8
ACTOR = "public"


class NewSubscription(Struct, frozen=True):
    """What was asked for; `signer` is what its webhook is signed with, shown this once."""

    id: str
    signer: str = ""
    is_confirmed: bool = False


class Subscriptions:
    """The subscriptions of a ledger. `refusal` tells why an address of the network may not be reached, empty where it
    may; `nudge` wakes whoever sends."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes],
        refusal: Callable[[str], str | None] = lambda address: None, nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._refusal = refusal
        self._nudge = nudge
        self.kept = KeptSubscribers(ledger, now=now, chance=chance)

    def ask(
        self, kind: Kind, address: str, *, scope: Scope = "customers", topics: Sequence[str] = (), by: str = "",
        is_confirmed: bool = False,
    ) -> NewSubscription:  # fmt: skip
        """A subscription that is in force once it is confirmed by the link that is sent there; at once with
        `is_confirmed`, where somebody who may says so. The same is returned for an address that has one already. Raises
        Usage for an address that can be none, Refusal where too much waits."""
        kept_address = checked(kind, address)
        if kind == "webhook" and scope == "customers":
            self._check_host(kept_address)
        chosen = tuple(dict.fromkeys(clean(each, 200) for each in topics if each.strip()))
        if len(chosen) > MOST_TOPICS:
            raise Usage(f"A subscription is for everything, or for at most {MOST_TOPICS} names.")
        id = self.kept.id_of(scope, kind, kept_address)
        signer = self._secret() if kind == "webhook" else ""
        for _ in range(TRIES):
            before = self.kept.find(id)
            if before is not None and before.state == "asked" and before.asked_at > self._now() - AGAIN and not by:
                return NewSubscription(id, signer)  # as if it was sent: only the first who asked has what signs
            if before is None and not by:
                self._check_waiting(scope)
            draft = events.asked(kind=kind, scope=scope, topics=chosen, shown=masked(kind, kept_address), by=by)
            drafts = (draft, events.confirmed("account")) if is_confirmed else (draft,)
            known = self.kept.beside(id)
            leave, signed = (known.leave, known.signer) if known is not None else (self._secret(), "")
            first = (known.asked_signer or known.signer) if known is not None else ""
            asked = signer if is_confirmed else first or signer  # what was shown first signs, whoever asks again
            beside = Beside(kept_address, self._secret(), leave, signer if is_confirmed else signed, asked)
            try:
                self._kept(id, before, drafts, beside, by=by)
            except Conflict:
                continue
            self._nudge()
            return NewSubscription(id, signer, is_confirmed)
        raise Conflict("Others change this subscription again and again. Try once more.")

    def _kept(
        self, id: str, before: Subscription | None, drafts: Sequence[Draft], beside: Beside, *, by: str
    ) -> None:
        number, at = before.number if before is not None else 0, self._now()
        writes = [Write(stream_of(id), drafts, number)]
        if len(drafts) == 1:
            name = telling_stream(f"confirm-{id}-{number + 1}")
            owed = telling_events.owed(
                incident="", update=0, to="subscription", name=id, shown=drafts[0].facts["shown"], purpose="confirm"
            )
            writes.append(Write(name, (owed,), 0, (Timer(name, DUE, at),)))
        self._ledger.record(
            writes, actor=by or ACTOR, at=at, attach={stream_of(id): msgspec.json.encode(beside)}
        )

    def look(self, id: str, secret: str) -> Subscription:
        """The subscription of a link that confirms or ends; raises Usage where the link is wrong or not good any more,
        in the same words."""
        found, beside = self.kept.find(id), self.kept.beside(id)
        if found is None or beside is None or found.state == "ended":
            raise Usage(_WRONG_LINK)
        if not any(hmac.compare_digest(secret.encode(), each.encode()) for each in (beside.confirm, beside.leave)):
            raise Usage(_WRONG_LINK)
        return found

    def confirm(self, id: str, secret: str) -> Subscription:
        """It is in force from now on; once more is no mistake."""
        found, beside = self.look(id, secret), self.kept.beside(id)
        if beside is None or not hmac.compare_digest(secret.encode(), beside.confirm.encode()):
            raise Usage(_WRONG_LINK)
        if found.state == "confirmed":
            return found
        if found.asked_at < self._now() - LASTS:
            raise Usage(_WRONG_LINK)
        now = replace(beside, signer=beside.asked_signer or beside.signer, asked_signer="")
        return self._record(found, events.confirmed("link"), by=ACTOR, beside=now)

    def leave(self, id: str, secret: str) -> Subscription:
        """Nothing is sent to it any more, and its address is forgotten, by the link that every message has."""
        found, beside = self.look(id, secret), self.kept.beside(id)
        if beside is None or not hmac.compare_digest(secret.encode(), beside.leave.encode()):
            raise Usage(_WRONG_LINK)
        return self._record(found, events.ended("Whoever got it wants it no more."), by=ACTOR, forgets=True)

    def end(self, id: str, by: str) -> Subscription:
        """Somebody who may ends it; its address is forgotten."""
        found = self.kept.find(id)
        if found is None or found.state == "ended":
            raise Usage("There is no such subscription any more.")
        return self._record(found, events.ended(f"{by} ended it."), by=by, forgets=True)

    def forget_unconfirmed(self) -> int:
        """Forgets what nobody confirmed in time; gives how many that were."""
        old = [each for each in self.kept.all() if each.state == "asked" and each.confirmed_at is None
               and each.asked_at < self._now() - LASTS]  # fmt: skip
        for each in old:
            self._record(each, events.ended("Nobody confirmed it in time."), by="opsbook", forgets=True)
        return len(old)

    def _record(
        self, found: Subscription, draft: Draft, *, by: str, forgets: bool = False, beside: Beside | None = None
    ) -> Subscription:
        stream = stream_of(found.id)
        self._ledger.record(
            [Write(stream, (draft,), found.number)], actor=by, at=self._now(), detach=[stream] if forgets else [],
            attach={stream: msgspec.json.encode(beside)} if beside is not None else None,
        )  # fmt: skip
        made = self.kept.find(found.id)
        assert made is not None
        return made

    def _check_waiting(self, scope: str) -> None:
        waiting = sum(each.state == "asked" for each in self.kept.all(scope))
        if waiting >= MOST_WAITING:
            raise Refusal("Too many subscriptions wait to be confirmed. Try again tomorrow, or use the feed.")

    def _check_host(self, address: str) -> None:
        """Refuses what names this machine or a private address by itself; names are looked at when something is
        sent."""
        host = (urlsplit(address).hostname or "").rstrip(".")
        try:
            bare = str(ip_address(host))
        except ValueError:
            bare = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else _numbered(host)
        why = self._refusal(bare) if bare else None
        if why:
            raise Usage(f"A webhook cannot go there: that is {why}. 'probes.allow' of opsbook.toml may allow it.")

    def _secret(self) -> str:
        return urlsafe_b64encode(self._chance(24)).decode().rstrip("=")


def _numbered(host: str) -> str:
    """The address that a host means which is written as a number (`2130706433`, `127.1`, `0x7f.1`); else empty."""
    try:
        return inet_ntoa(inet_aton(host)) if host[:1].isdigit() else ""
    except OSError:
        return ""


_WRONG_LINK = "This link is not good any more, or it was cut off. Subscribe once more, and a new one is sent."
