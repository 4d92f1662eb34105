"""Subscriptions with what lies beside their events: address, secrets. Decides nothing, and sends nothing."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Struct

from opsbook.ground.errors import Conflict
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.subscription import SUBSCRIPTION_VIEW, Subscription, stream_of, subscription_of
from opsbook.usecases.ledger_ports import EngineLedger, Write

SALT = "subscription-salt"
ROWS = 500


class Beside(Struct, frozen=True):
    """What is kept of a subscription beside its events, and forgotten with its end: the address, the secrets of the
    links that confirm and end it, what its webhook is signed with, and with `asked_signer` once it is confirmed: who
    only asks for what is there already learns nothing that signs what is sent."""

    address: str
    confirm: str
    leave: str
    signer: str = ""
    asked_signer: str = ""


class KeptSubscribers:
    """The subscriptions of a ledger."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance

    def id_of(self, scope: str, kind: str, address: str) -> str:
        """The id of the subscription of an address; the same one always, and of no use to guess the address by."""
        salt = self._ledger.attachment(SALT)
        if salt is None:
            with suppress(Conflict):  # somebody else was quicker, and theirs counts
                first = Write(SALT, (Draft("SubscriptionSaltKept"),), 0)
                self._ledger.record([first], actor="opsbook", at=self._now(), attach={SALT: self._chance(32)})
            salt = self._ledger.attachment(SALT)
        assert salt is not None
        return hmac.new(salt, f"{scope} {kind} {address.strip().casefold()}".encode(), sha256).hexdigest()[:20]

    def find(self, id: str) -> Subscription | None:
        """The subscription of an id."""
        kept = self._ledger.row(SUBSCRIPTION_VIEW.name, stream_of(id)) if id.isalnum() else None
        return subscription_of(kept) if kept is not None else None

    def beside(self, id: str) -> Beside | None:
        """What is kept beside; None where it was forgotten."""
        kept = self._ledger.attachment(stream_of(id))
        return msgspec.json.decode(kept, type=Beside) if kept is not None else None

    def all(self, scope: str | None = None, *, is_open: bool | None = True) -> Iterator[Subscription]:
        """The subscriptions, the last that began first."""
        before: int | None = None
        name = SUBSCRIPTION_VIEW.name
        while rows := self._ledger.rows(name, group=scope, is_open=is_open, before=before, limit=ROWS):
            yield from map(subscription_of, rows)
            before = rows[-1].first

    def of_update(
        self, incident: Incident, update: StatusUpdate, components: Sequence[str]
    ) -> Iterator[tuple[str, str]]:
        """Whom an update is owed to: the ids, and the masks of the addresses. What names a topic is told only where
        the incident is about it: `components` for customers, its services for the team."""
        about = {_plain(each) for each in (components if update.audience == "customers" else incident.services)}
        about |= {_plain(each) for each in update.components} if update.audience == "customers" else set()
        for each in self.all(update.audience):
            if each.is_in_force and (not each.topics or about & {_plain(topic) for topic in each.topics}):
                yield each.id, each.shown

    def of_components(self, components: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Whom planned work on components is owed to; whoever chose names only where it is about one of them."""
        about = {_plain(each) for each in components}
        for each in self.all("customers"):
            if each.is_in_force and (not each.topics or about & {_plain(topic) for topic in each.topics}):
                yield each.id, each.shown


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
