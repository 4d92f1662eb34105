"""The verbs of pages: list, show, acknowledge, wake people by hand. They record what people want; none sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.page import Notification, Page
from opsbook.usecases.ledger_ports import EngineLedger


class Delivered(Struct, frozen=True):
    """A notification with the page that it is of."""

    page: Page
    notification: Notification


class Pages:
    """The pages of a ledger. Verbs raise Usage where there is no such page, Refusal where it may not be done now."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime], ack_timeout_s: float) -> None:
        self._ledger = ledger
        self._now = now
        self._ack_timeout_s = ack_timeout_s

    def select(
        self, *, is_open: bool | None = None, group: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[Page]:
        """Pages, the last opened first."""
        raise NotImplementedError

    def find(self, page: str) -> Page:
        """The page of that id, or of the only id that begins so."""
        raise NotImplementedError

    def notifications(
        self, *, person: str | None = None, page: str | None = None, limit: int = 200
    ) -> list[Delivered]:
        """Notifications, the last owed first."""
        raise NotImplementedError

    def acknowledge(self, page: str, by: str, *, via: str, why: str = "", for_s: float | None = None) -> Page:
        """Somebody takes care of it; its alerts are acknowledged too."""
        raise NotImplementedError

    def cancel(self, page: str, by: str, why: str) -> Page:
        """Wakes nobody any more for it."""
        raise NotImplementedError

    def by_link(self, page: str, notification: int, secret: str) -> tuple[Page, Notification]:
        """The page and notification of an acknowledge link; raises Usage for one that is wrong."""
        raise NotImplementedError

    def acknowledge_by_link(self, page: str, notification: int, secret: str) -> Page:
        """Whoever got that notification answers by its link. A second use changes nothing and says who was first."""
        raise NotImplementedError
