"""Hands a message over by Apprise, which knows chats, telephones and push services. Lets it log nothing.

Its logger writes addresses with tokens in them, so all logging of this process is off. It says of an attempt only that
it failed; why is seen in the answers that its HTTP library gets.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import apprise
import requests
from urllib3.exceptions import MaxRetryError

from opsbook.adapters.notifying.jobs import Job, by_status, unreachable
from opsbook.usecases.alerting_ports import Handed

logging.disable(logging.CRITICAL)
_WHO = "The provider"
_TYPES = {"P0": apprise.NotifyType.FAILURE, "P1": apprise.NotifyType.FAILURE, "P2": apprise.NotifyType.WARNING}
# Those that show something on this machine, which nobody would see.
_LOCAL = frozenset({"dbus", "qt", "glib", "kde", "gnome", "macosx", "windows", "syslog"})


class _Seen:
    """What the HTTP library was answered since the message began."""

    def __init__(self) -> None:
        self.status = 0
        self.retry_after: str | None = None
        self.trouble: Exception | None = None

    def watch(self, send: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        """The same function, whose answers are seen and whose redirects are not followed."""

        def watched(session: requests.Session, request: Any, **more: Any) -> requests.Response:
            try:
                answer = send(session, request, **{**more, "allow_redirects": False})
            except requests.RequestException as wrong:
                self.trouble = wrong
                raise
            if answer.status_code >= 300 or not self.status:  # of several requests the one that was refused
                self.status, self.retry_after = answer.status_code, answer.headers.get("Retry-After")
            return answer

        return watched


_SEND = requests.Session.send


def notify(job: Job, handing: Callable[[], None]) -> Handed:
    """Hands a message over; `handing` is called before anything could come through."""
    asset = apprise.AppriseAsset(app_id="Opsbook", app_desc="Opsbook", async_mode=False, http_redirects=False)
    target = apprise.Apprise.instantiate(job.route.address, asset=asset, suppress_exceptions=True)
    if target is None or job.route.address.partition("://")[0].lower() in _LOCAL:
        return Handed("failed", "Its address is none that can be sent to. The names of providers are Apprise's.")
    seen = _Seen()
    requests.Session.send = seen.watch(_SEND)  # type: ignore[method-assign]
    handing()
    message = job.message
    is_sent = target.notify(
        body=message.body, title=message.title if job.route.is_titled else None, attach=None,
        notify_type=_TYPES.get(message.severity, apprise.NotifyType.INFO), body_format=apprise.NotifyFormat.TEXT,
    )  # fmt: skip
    if is_sent:
        return Handed("accepted", f"{_WHO} took it.")
    return _failed(seen)


def _failed(seen: _Seen) -> Handed:
    if seen.status >= 300:
        return by_status(seen.status, seen.retry_after, _WHO)
    if isinstance(seen.trouble, requests.ConnectTimeout):
        return unreachable(TimeoutError())
    if isinstance(seen.trouble, requests.ReadTimeout):
        return Handed("lost", f"{_WHO} did not answer in time. It may have come through.")
    if isinstance(seen.trouble, requests.ConnectionError):
        cause = seen.trouble.args[0] if seen.trouble.args else None
        if isinstance(cause, MaxRetryError):  # of connecting alone: Apprise's requests are tried once
            return Handed("retrying", f"{_WHO} cannot be reached.")
        return Handed("lost", f"{_WHO} closed the connection. It may have come through.")
    return Handed("retrying", f"{_WHO} did not take it, and said nothing of why.")
