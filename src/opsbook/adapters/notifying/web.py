"""Posts a message as JSON to a webhook, signed, once. Follows no redirect, asks no proxy, keeps no connection.

The signature is built as PagerDuty's: `v1=` and the hexadecimal HMAC-SHA-256 of the body as sent, one for each secret
while two are in force. The headers say the same as a CloudEvent in binary mode.
"""

from __future__ import annotations

import hmac
import ssl
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from urllib.parse import SplitResult, quote, unquote, urlsplit

import msgspec

from opsbook.adapters.notifying.jobs import Job, broken, by_status, unreachable
from opsbook.usecases.alerting_ports import Handed

_READ_BYTES = 64 * 1024
_SAFE = "/:@!$&'()*+,;=~%?-._[]"


def post(job: Job, handing: Callable[[], None]) -> Handed:
    """Hands a message over; `handing` is called before the first byte that the receiver could act on."""
    try:
        parts = urlsplit(job.route.address)
        connection = _connection(parts, job.timeout_s)
    except (ValueError, InvalidURL):
        return Handed("failed", "Its address is none that takes a webhook.")
    body = msgspec.json.encode(job.message.facts)
    try:
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as wrong:
            return Handed("retrying", f"Its certificate is not good: {wrong.verify_message}.")
        except OSError as wrong:
            return unreachable(wrong)
        handing()
        try:
            connection.request("POST", _target(parts), body, _headers(job, parts, body))
            answer = connection.getresponse()
            answer.read(_READ_BYTES)
        except InvalidURL:
            return Handed("failed", "Its address is none that takes a webhook.")
        except (OSError, HTTPException) as wrong:
            return broken(wrong)
        return by_status(answer.status, answer.getheader("Retry-After"))
    finally:
        connection.close()


def signature(body: bytes, secrets: tuple[str, ...]) -> str:
    """The value of the header for a body: each secret's, parted by commas."""
    return ",".join(f"v1={hmac.new(secret.encode(), body, sha256).hexdigest()}" for secret in secrets)


def _connection(parts: SplitResult, timeout_s: float) -> HTTPConnection:
    host = parts.hostname
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise ValueError(parts.scheme)
    if parts.scheme.lower() == "https":
        return HTTPSConnection(host, parts.port or 443, timeout=timeout_s, context=ssl.create_default_context())
    return HTTPConnection(host, parts.port or 80, timeout=timeout_s)


def _target(parts: SplitResult) -> str:
    target = quote(parts.path or "/", safe=_SAFE)
    return f"{target}?{quote(parts.query, safe=_SAFE)}" if parts.query else target


def _headers(job: Job, parts: SplitResult, body: bytes) -> dict[str, str]:
    message, route = job.message, job.route
    headers = {
        "Content-Type": "application/json", "User-Agent": route.agent, "Idempotency-Key": message.key,
        "ce-specversion": "1.0", "ce-id": message.key, "ce-source": route.source,
        "ce-type": f"opsbook.notification.{message.facts.get('purpose', 'page')}",
        "ce-time": str(message.facts.get("sent_at", "")), "Connection": "close",
    }  # fmt: skip
    if route.signers:
        headers["X-Opsbook-Signature"] = signature(body, route.signers)
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return {name: value for name, value in headers.items() if value}
