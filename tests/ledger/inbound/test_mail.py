"""E-mail: what a subject says, and what an alert is known by."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from opsbook.ledger.inbound import mail


@pytest.mark.parametrize(
    ("subject", "title", "action", "severity"),
    [
        ("Disk full on db-1", "Disk full on db-1", "firing", ""),
        ("[RESOLVED] Disk full on db-1", "Disk full on db-1", "resolved", ""),
        ("[FIRING:1] Disk full on db-1", "Disk full on db-1", "firing", ""),
        ("OK: Disk full", "Disk full", "resolved", ""),
        ("Re: Fwd: Recovered: Disk full", "Disk full", "resolved", ""),
        ("[P1] CRITICAL: db down", "db down", "firing", "P1"),
        ("Problem: High CPU", "High CPU", "firing", ""),
        ("Resolved in 5m: High CPU", "High CPU", "resolved", ""),
        ("High CPU (resolved)", "High CPU", "resolved", ""),
        ("** PROBLEM Service Alert: web/HTTP is CRITICAL **", "Service Alert: web/HTTP", "firing", ""),
        ("** RECOVERY Service Alert: web/HTTP is OK **", "Service Alert: web/HTTP", "resolved", ""),
        ("Up to date?", "Up to date?", "firing", ""),
        ("[OK]", "[OK]", "firing", ""),
        ("", "", "firing", ""),
    ],
)
def test_a_subject_says_what_it_is_about_and_whether_it_is_over(subject, title, action, severity):
    assert mail.read_subject(subject) == (title, action, severity)


def written(subject: str, text: str = "It is full.", **headers: str) -> bytes:
    """A message."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Zed <zed@example.org>", "ops@localhost", subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def test_a_message_is_an_alert():
    (signal,) = mail.parse(written("Störung: Disk full", "It is\nfüll.")).signals
    assert signal.labels == {"alertname": "Störung: Disk full", "sender": "example.org"}
    assert signal.annotations["description"] == "It is\nfüll."


def test_a_recovery_is_the_same_alert_as_its_problem():
    fired, over = (mail.parse(written(subject)).signals[0] for subject in ("PROBLEM: Disk full", "[Resolved] Disk full"))
    assert fired.key == over.key and (fired.action, over.action) == ("firing", "resolved")


def test_what_stands_behind_the_plus_is_the_key():
    assert mail.parse(written("A"), {mail.DEDUP: "db-1"}).signals[0].key == "db-1"
    assert mail.parse(written("A", X_Dedup_Key="db-2")).signals[0].key == "db-2"


def test_the_address_of_a_person_is_in_no_label():
    assert "zed" not in str(mail.parse(written("A")).signals[0])


def test_html_is_read_as_text_without_its_styles():
    message = EmailMessage()
    message["Subject"] = "A"
    message.set_content("<style>b{}</style><p>It is <b>full</b> &amp; hot</p><script>x()</script>", subtype="html")
    (signal,) = mail.parse(message.as_bytes()).signals
    assert signal.annotations["description"] == "It is full & hot"


def test_an_unknown_encoding_costs_no_alert():
    raw = b"Subject: A\r\nContent-Type: text/plain; charset=klingon\r\n\r\nhello"
    batch = mail.parse(raw)
    assert batch.signals[0].annotations["description"] == "hello" and len(batch.slips) == 1


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\n"])
def test_nothing_at_all_is_a_slip(raw):
    batch = mail.parse(raw)
    assert batch.signals == () and len(batch.slips) == 1
