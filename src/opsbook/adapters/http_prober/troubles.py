"""What libcurl's errors mean for a probe: an outcome, and a sentence that a tired person understands."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pycurl

from opsbook.adapters.http_prober.certinfo import shown_certificate
from opsbook.book import unanswered
from opsbook.book.answer import shown_address
from opsbook.book.certificate import untrusted
from opsbook.book.excerpt import shown
from opsbook.book.probe import Probe
from opsbook.ledger.health import Outcome

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EACCES, errno.EPERM}
_TLS = {
    pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CIPHER, pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_ISSUER_ERROR, pycurl.E_SSL_INVALIDCERTSTATUS,
}  # fmt: skip


def reading_of_trouble(
    curl: pycurl.Curl, probe: Probe, trouble: tuple[int, str], forbidden: tuple[str, str] | None
) -> tuple[Outcome, str]:
    """The outcome and the reason; `trouble` is libcurl's code and words, `forbidden` an address it was kept from."""
    code, said = trouble
    if code == pycurl.E_URL_MALFORMAT:
        return "protocol", "The address is no web address. Mend it on the page."
    host, port = _asked(curl, probe)
    where = unanswered.endpoint(host, port, _text(curl, pycurl.PRIMARY_IP))
    if forbidden is not None and code == pycurl.E_COULDNT_CONNECT:
        return "forbidden", unanswered.forbidden(host, *forbidden)
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        return "dns", unanswered.unresolved(host)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return "timeout", unanswered.timed_out(where, probe.timeout_s, _stage(curl))
    if code == pycurl.E_COULDNT_CONNECT:
        return _unconnected(where, curl.getinfo(pycurl.OS_ERRNO))
    if code in _TLS:
        return "tls", _untrusted(curl, trouble, host, where)
    if code == pycurl.E_TOO_MANY_REDIRECTS:
        return (
            "redirect",
            f"{where} sends on again and again, lately to {shown_address(_text(curl, pycurl.REDIRECT_URL))}.",
        )
    return _other(curl, code, said, where)


def _other(curl: pycurl.Curl, code: int, said: str, where: str) -> tuple[Outcome, str]:
    if code == pycurl.E_UNSUPPORTED_PROTOCOL and curl.getinfo(pycurl.RESPONSE_CODE):
        leads = shown_address(_text(curl, pycurl.REDIRECT_URL)) or "another protocol"
        return "redirect", f"{where} sends on to {leads}, and only http and https are asked."
    if code == pycurl.E_UNSUPPORTED_PROTOCOL and not curl.getinfo(pycurl.CONNECT_TIME):
        return "protocol", "The address is not one of http or https, and only these are asked. Mend it on the page."
    if code == pycurl.E_GOT_NOTHING:
        return "protocol", unanswered.garbled(where, "it closed the connection without a word")
    if code == pycurl.E_PARTIAL_FILE:
        return "protocol", unanswered.garbled(where, "it closed the connection before its answer was whole")
    if code in (pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR) and curl.getinfo(pycurl.OS_ERRNO) == errno.ECONNRESET:
        return "protocol", unanswered.garbled(where, "it broke the connection off")
    return "protocol", unanswered.garbled(where, said or f"error {code}")


def _asked(curl: pycurl.Curl, probe: Probe) -> tuple[str, str]:
    """The host and port that were asked last, behind redirects."""
    try:
        parts = urlsplit(_text(curl, pycurl.EFFECTIVE_URL) or probe.address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return parts.hostname or "", str(port)
    except ValueError:
        return "", ""


def _unconnected(where: str, number: int) -> tuple[Outcome, str]:
    if number == errno.ECONNREFUSED:
        return "refused", unanswered.refused(where)
    if number == errno.ETIMEDOUT:
        return (
            "timeout",
            f"{where} did not answer: the system gave up connecting. Look at firewalls between here and there.",
        )
    if number in _UNREACHABLE:
        return "unreachable", unanswered.unreachable(where, os.strerror(number).lower())
    return "unreachable", unanswered.unreachable(where, os.strerror(number).lower() if number else "no connection")


def _stage(curl: pycurl.Curl) -> unanswered.Stage:
    if not curl.getinfo(pycurl.NAMELOOKUP_TIME):
        return "resolving"
    if not curl.getinfo(pycurl.CONNECT_TIME):
        return "connecting"
    if not curl.getinfo(pycurl.PRETRANSFER_TIME):
        return "greeting"
    return "reading" if curl.getinfo(pycurl.STARTTRANSFER_TIME) else "waiting"


def _untrusted(curl: pycurl.Curl, trouble: tuple[int, str], host: str, where: str) -> str:
    code, said = trouble
    if "wrong version number" in said or "record layer" in said:
        return f"{where} does not speak TLS: what listens there may be plain HTTP. Look at the scheme and the port."
    if code != pycurl.E_PEER_FAILED_VERIFICATION:
        return f"{where} and we do not agree on TLS: {shown(said)}. Look at its versions, ciphers and demands."
    verdict = curl.getinfo(pycurl.SSL_VERIFYRESULT)
    why = untrusted(shown_certificate(curl), verdict, where=where, host=host, now=datetime.now(UTC))
    return why or f"The certificate of {where} is not trusted: {shown(said)}."


def _text(curl: pycurl.Curl, what: int) -> str:
    try:
        return str(curl.getinfo(what) or "")
    except (UnicodeDecodeError, pycurl.error):
        return ""
