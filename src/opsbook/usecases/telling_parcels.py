"""Where a status update goes and what is written there: channels by the book and the configuration, subscriptions by
what lies beside their events. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.maintenance import Maintenance
from opsbook.ledger.telling import Telling
from opsbook.usecases.alerting_ports import Addresses
from opsbook.usecases.channel_names import contact_of
from opsbook.usecases.kept_subscribers import KeptSubscribers
from opsbook.usecases.telling import Parcel
from opsbook.usecases.telling_words import TellingWords


class Parcels:
    """Addresses and writes what is told; it is the `Composing` of `telling`."""

    def __init__(
        self, addresses: Addresses, subscribers: KeptSubscribers, words: TellingWords, *,
        planned: Callable[[str], Maintenance | None] = lambda id: None,
    ) -> None:  # fmt: skip
        self._planned = planned
        self._addresses = addresses
        self._subscribers = subscribers
        self._words = words

    def parcel(self, telling: Telling, incident: Incident | None, update: StatusUpdate | None) -> Parcel | None:
        """What goes out now; None where the receiver is not there any more."""
        if telling.to == "subscription":
            return self._subscribed(telling, incident, update)
        assert incident is not None and update is not None
        contact = contact_of(telling.name, self._addresses)
        return Parcel(self._words.update(telling, incident, update, kind=contact.kind), contact.address)

    def _subscribed(
        self, telling: Telling, incident: Incident | None, update: StatusUpdate | None
    ) -> Parcel | None:
        found, beside = self._subscribers.find(telling.name), self._subscribers.beside(telling.name)
        if found is None or beside is None or found.state == "ended":
            return None
        if telling.purpose == "confirm":
            message = self._words.confirmation(telling, beside, found.kind, found.asked_topics)
        elif telling.purpose == "planned":
            planned = self._planned(telling.maintenance) if found.is_in_force else None
            if planned is None:
                return None
            message = self._words.planned(telling, planned, kind=found.kind, beside=beside)
        elif not found.is_in_force or incident is None or update is None:
            return None
        else:
            message = self._words.update(telling, incident, update, kind=found.kind, beside=beside)
        signer = beside.asked_signer if telling.purpose == "confirm" else beside.signer
        is_for_stranger = found.scope == "customers"  # those of the team are added by an admin
        return Parcel(
            replace(message, signers=(signer,) if signer else (), is_for_stranger=is_for_stranger), beside.address
        )
