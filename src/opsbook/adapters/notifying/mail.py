"""Hands a message in at a mail server, once, and reads its answer. Words nothing but headers.

Encrypted from the first byte, or by STARTTLS where that is offered. A password is shown only to a server whose
certificate is good, or to one on this machine.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from opsbook.adapters.notifying.jobs import Job, MailServer, broken, unreachable
from opsbook.adapters.notifying.mail_headers import MailPolicy
from opsbook.usecases.alerting_ports import Handed
from opsbook.usecases.contact_forms import is_mail

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAME = "localhost"  # what we call ourselves where our own address tells no domain
_PLAIN = MailPolicy(linesep="\r\n", cte_type="7bit", max_line_length=76)
_UTF8 = _PLAIN.clone(cte_type="8bit", utf8=True)


def send(job: Job, handing: Callable[[], None]) -> Handed:
    """Hands a message in; `handing` is called before the server could take it."""
    server = job.route.server
    if server is None:
        return Handed("failed", "No mail server is configured: 'notify.smtp' of opsbook.toml names one.")
    if not is_mail(job.route.address):
        return Handed("failed", "Its address is none that e-mail can be sent to.")
    mail = mail_of(job)
    try:
        door = _door(server, job.timeout_s)
    except smtplib.SMTPException as wrong:
        return _answered(wrong)
    except OSError as wrong:
        return unreachable(wrong)
    try:
        return _given(door, job, mail, handing)
    finally:
        door.close()


def mail_of(job: Job) -> EmailMessage:
    """The mail as it is sent."""
    message, server = job.message, job.route.server
    sender = server.sender if server is not None else ""
    mail = EmailMessage(_PLAIN)
    mail["From"] = _person(sender)
    mail["To"] = _person(job.route.address)
    mail["Subject"] = " ".join(message.title.split())
    mail["Date"] = formatdate()
    domain = _domain(sender)
    mail["Message-ID"] = f"<{_token(message.key)}@{domain}>"
    thread = str(message.facts.get("thread") or "")
    if thread:  # none of them is sent with this id: it is the root that all mails of one page share
        mail["In-Reply-To"] = mail["References"] = f"<{_token(thread)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.severity:  # customers are told none
        mail["X-Opsbook-Severity"] = message.severity
    mail["X-Opsbook-Key"] = message.key
    for header, fact in (("X-Opsbook-Service", "service"), ("X-Opsbook-Purpose", "purpose")):
        if message.facts.get(fact):
            mail[header] = " ".join(str(message.facts[fact]).split())[:200]
    leave = str(message.facts.get("unsubscribe") or "")
    if leave:  # RFC 2369, and RFC 8058 for the button that mail programs show
        mail["List-Unsubscribe"] = f"<{leave}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if message.severity in ("P0", "P1") and message.facts.get("purpose", "page") == "page":
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail.set_content(message.body)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    return mail


def _person(text: str) -> Address:
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or _NAME


def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", ".", text).strip(".") or "opsbook"


def _door(server: MailServer, timeout_s: float) -> smtplib.SMTP:
    """A connection to a mail server that has told what it can, encrypted where it can be."""
    name = _domain(server.sender)
    if server.is_tls:
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=timeout_s, context=_context(server))
    door = smtplib.SMTP(server.host, server.port, name, timeout=timeout_s)
    try:
        door.ehlo_or_helo_if_needed()
        if door.has_extn("starttls"):
            door.starttls(context=_context(server))
            door.ehlo()
    except BaseException:
        door.close()
        raise
    return door


def _context(server: MailServer) -> ssl.SSLContext:
    if server.user and server.host not in _LOOPBACK:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without a password to lose, encrypted to anybody is better
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # than not at all
    return context


def _given(door: smtplib.SMTP, job: Job, mail: EmailMessage, handing: Callable[[], None]) -> Handed:
    server = job.route.server
    assert server is not None
    has_begun = False
    try:
        if server.user:
            if server.host not in _LOOPBACK and not isinstance(door.sock, ssl.SSLSocket):
                return Handed("failed", "The mail server offers no encryption, so it is not shown the password.")
            door.login(server.user, job.route.password)
        address, options = mail["To"].addresses[0].addr_spec, []
        content = mail.as_bytes(policy=_PLAIN)
        if not address.isascii():
            if not door.has_extn("smtputf8"):
                return Handed("failed", "The mail server takes no address with other letters than ASCII.")
            options, content = ["SMTPUTF8", "BODY=8BITMIME"], mail.as_bytes(policy=_UTF8)
        for code, words in (
            door.mail(mail["From"].addresses[0].addr_spec, options), door.rcpt(address)
        ):
            if code >= 300:
                return _by_code(code, words)
        handing()
        has_begun = True
        code, words = door.data(content)
        if code >= 300:
            return _by_code(code, words)
        found = re.search(rb"queued as ([A-Za-z0-9]{4,40})", words)
        return Handed("accepted", f"The mail server took it ({code}).", provider_id=found[1].decode() if found else "")
    except smtplib.SMTPServerDisconnected as wrong:
        return broken(wrong) if has_begun else Handed("retrying", "The mail server closed the connection.")
    except smtplib.SMTPException as wrong:
        return _answered(wrong)
    except OSError as wrong:
        return broken(wrong) if has_begun else unreachable(wrong)


def _answered(wrong: smtplib.SMTPException) -> Handed:
    if isinstance(wrong, smtplib.SMTPResponseException):
        reply = wrong.smtp_error
        return _by_code(wrong.smtp_code, reply if isinstance(reply, bytes) else reply.encode("utf-8", "replace"))
    if isinstance(wrong, smtplib.SMTPServerDisconnected):
        return Handed("retrying", "The mail server closed the connection.")
    return Handed("failed", "The mail server knows no way to sign in that Opsbook knows.")


def _by_code(code: int, words: bytes) -> Handed:
    """What an answer of SMTP means; its words may hold the address, so only the codes are told."""
    found = re.search(rb"\b([245]\.\d{1,3}\.\d{1,3})\b", words)
    shown = f"{code} {found[1].decode()}" if found else str(code)
    if 400 <= code < 500 or code < 0:
        return Handed("retrying", f"The mail server answered {shown}: not now.")
    return Handed("failed", f"The mail server answered {shown}: it does not take the message.")
