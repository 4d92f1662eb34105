"""Alerts by e-mail, sent by a real client to a real port."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from tests.usecases.inlet_world import SendersWorld

from opsbook.config import Config, load
from opsbook.entrypoints.mail_in import addressed, taking_mail
from opsbook.ground.errors import Failure
from opsbook.ledger.signal import batch_of, source_of


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def configured(folder: Path, **more: Any) -> Config:
    """A configuration that takes mail."""
    (folder / "docs" / "operations").mkdir(parents=True, exist_ok=True)
    config = load(book=str(folder / "docs" / "operations"), environ={})
    return msgspec.structs.replace(config, mail_port=free_port(), **more)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SendersWorld]:
    world = SendersWorld(tmp_path)
    yield world
    world.ledger.close()


def desk_of(world: SendersWorld) -> Any:
    return cast(Any, SimpleNamespace(inlets=world.inlets, receiving=world.receiving))


@pytest.fixture
def port(world: SendersWorld, tmp_path: Path) -> Iterator[int]:
    with taking_mail(configured(tmp_path), desk_of(world)) as port:
        yield port


def send(port: int, to: str, subject: str = "PROBLEM: Disk full", text: str = "93 %") -> None:
    """Sends a message; raises what the server refuses."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "nagios@example.org", to, subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message)


def test_a_message_is_recorded_when_it_is_answered_and_its_end_is_the_same_alert(world, port):
    send(port, "ops+db-1@localhost")
    send(port, "ops+db-1@localhost", "OK: Disk full")
    assert world.told() == [("db-1", "firing"), ("db-1", "resolved")]
    assert source_of(world.batches()[0]).name == "ops"
    assert batch_of(world.batches()[0]).signals[0].labels["alertname"] == "Disk full"


def test_a_kept_message_can_be_read_again_with_its_key(world, port):
    send(port, "ops+db-1@localhost")
    body = world.bodies.latest()[0]
    assert world.bodies.replay(body.id).signals == 1
    assert world.told()[-1] == ("db-1", "firing")


def test_a_token_may_stand_in_the_address_and_is_kept_nowhere(world, port):
    _, token = world.inlets.add("nagios", "email", "ada")
    send(port, f"{token}+db-1@localhost")
    assert source_of(world.batches()[0]).name == "nagios"
    body = world.bodies.find(world.batches()[0].stream)
    assert token.encode() not in body.raw and token not in str(world.batches()[0].facts)


def test_with_tokens_wanted_a_name_alone_is_refused(world, tmp_path):
    _, token = world.inlets.add("nagios", "email", "ada")
    with taking_mail(configured(tmp_path, inlet_tokens="always"), desk_of(world)) as port:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(port, "nagios@localhost")
        send(port, f"{token}@localhost")
    assert len(world.batches()) == 1


def test_a_ledger_that_cannot_take_it_is_451_so_that_it_is_sent_again(world, port):
    world.inlets.source_for("email", "", is_open=True)
    world.ledger.close()
    with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused)) as refused:
        send(port, "ops@localhost")
    assert "451" in str(refused.value)


def test_a_web_page_that_posts_to_the_port_is_sent_away(world, port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        head = "".join(f"X-{number}: a\r\n" for number in range(20))
        client.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        answers = b""
        while piece := client.recv(4096):
            answers += piece
    assert answers.splitlines()[-1].startswith(b"502") and world.batches() == []


def test_a_port_that_is_taken_is_told_with_its_place(world, tmp_path):
    config = configured(tmp_path)
    with (
        socket.create_server(("127.0.0.1", config.mail_port)),
        pytest.raises(Failure, match=r"opsbook.toml:1: mail cannot be taken"),
        taking_mail(config, desk_of(world)),
    ):
        pass


@pytest.mark.parametrize(
    ("address", "told"),
    [("ops@x", ("ops", "", "")), ("Ops+db-1@x", ("ops", "", "db-1")), ('"ops+a b"@x', ("ops", "", "a b")), ("", ("", "", ""))],
)
def test_an_address_names_an_inlet_and_a_key(address, told):
    assert addressed(address) == told
