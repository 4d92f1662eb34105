"""The subject of a mail is what was said, in any client, and no line of it is too long or blank."""

from __future__ import annotations

from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsbook.adapters.notifying.jobs import Job, MailServer, Route
from opsbook.adapters.notifying.mail import mail_of
from opsbook.usecases.alerting_ports import Message

LAGGING = "P1 LedgerLagging on ledger-writer: Ledger is 4 minutes behind — « ü 李 »"
LONG = "P0 " + ", ".join(f"HighErrorRate on checkout-{n}" for n in range(12))


def lines_of(title: str, **facts: str) -> dict[str, list[str]]:
    """The lines of each header, as they go over the wire, by its name."""
    message = Message("261126-031000-abcd.1.1", "email", title, "First steps", "P1", facts=facts)
    server = MailServer("127.0.0.1", 25, sender="Opsbook <opsbook@ops.example.org>")
    mail = mail_of(Job(message, Route("mail", "ada@example.org", server), 5.0))
    found: dict[str, list[str]] = {}
    for line in mail.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n"):
        name = list(found)[-1] if line[:1] in (" ", "\t") else line.partition(":")[0]
        found.setdefault(name, []).append(line)
    return found


def shown(lines: list[str]) -> str:
    """What a client shows of a header: unfolded, and its encoded words decoded."""
    return str(make_header(decode_header("".join(lines).partition(": ")[2])))


@pytest.mark.parametrize("title", [LAGGING, LONG, "P1 api: Ärger", "P2 " + "x" * 400, "李" * 90, "P1 =?utf-8 is no word"])
def test_a_subject_is_shown_as_it_was_said(title: str) -> None:
    assert shown(lines_of(title)["Subject"]) == title


@given(st.lists(st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1,
                        max_size=90), max_size=20))  # fmt: skip
@example(LAGGING.split())
@example(["x" * 70])
def test_no_line_of_a_subject_is_long_or_blank(words: list[str]) -> None:
    lines = lines_of(" ".join(words))["Subject"]
    assert max(map(len, lines)) <= 78
    assert not words or all(line.removeprefix("Subject:").strip() for line in lines)


def test_a_service_of_any_letters_is_told_whole() -> None:
    service = "зал 7 " * 20
    assert shown(lines_of("P1", service=service)["X-Opsbook-Service"]) == service.strip()
