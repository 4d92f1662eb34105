"""Messages reach real receivers, and what became of each attempt is told once, rightly and without a secret."""

from __future__ import annotations

import json
import os
import signal
import ssl
import threading
import time
from queue import SimpleQueue

import pytest
from tests.adapters.endpoints import free_port, write_certificate
from tests.adapters.receivers import mail_server, web_server

from opsbook.adapters import notifying
from opsbook.adapters.notifying import WorkerNotifier
from opsbook.adapters.notifying.routes import Routes, Settings
from opsbook.adapters.notifying.web import signature
from opsbook.ground.errors import Failure
from opsbook.usecases.alerting_ports import Handed, Message

TOKEN = "T0KEN-that-nobody-may-read"
SECRETS = {"env:SMTP_PASSWORD": "right-password", "env:HOOK": "first-secret", "env:NEXT": "second-secret"}


class Sending:
    """A notifier, and what it told."""

    def __init__(self, timeout_s: float = 5.0, most: int = 2, **settings) -> None:
        self.secrets = dict(SECRETS)
        routes = Routes(Settings(sender="Opsbook <opsbook@ops.example.org>", **settings), self.fetch)
        self.notifier = WorkerNotifier(routes, timeout_s=timeout_s, environment=dict(os.environ), most=most)
        self.told: SimpleQueue[Handed] = SimpleQueue()

    def fetch(self, name: str) -> str:
        if name not in self.secrets:
            raise Failure(f"The secret {name} cannot be had.", retryable=True)
        return self.secrets[name]

    def begin(self, kind: str, address: str, **given) -> None:
        facts = {"thread": "page/261126-031000-abcd", "purpose": "page", "service": "api", **given.pop("facts", {})}
        told = Message(f"261126-031000-abcd.1.{given.pop('attempt', 1)}", kind, given.pop("title", "P1 api: Ärger"),
                       "Erste Schritte: süß", "P1", facts=facts, **given)  # fmt: skip
        self.notifier.send(told, address, self.told.put)

    def send(self, kind: str, address: str, **given) -> Handed:
        self.begin(kind, address, **given)
        handed = self.told.get(timeout=20)
        assert TOKEN not in handed.reason and (address[:1] in ("", "#") or address not in handed.reason)
        return handed


@pytest.fixture(scope="module")
def web():
    with web_server() as web:
        yield web


@pytest.fixture(scope="module")
def box():
    with mail_server(auth_require_tls=False) as box:
        yield box


@pytest.fixture(scope="module")
def sending(web, box):
    made = Sending(
        smtp=f"smtp://ops@127.0.0.1:{box.port}", webhook_secret="env:HOOK env:NEXT",
        channels={
            "chat": f"json://user:{TOKEN}@127.0.0.1:{web.port}/{{address}}", "#ops": f"http://127.0.0.1:{web.port}/ops",
            "sms": f"json://127.0.0.1:{web.port}/sms/{{address}}", "#lost": "env:GONE", "#mail": "ops@example.org",
        },
    )  # fmt: skip
    yield made
    made.notifier.close()


@pytest.fixture(autouse=True)
def calm(web, box):
    web.answer, web.mood = (200, {}), "answers"
    box.refused.clear()
    box.at_data = "250 2.0.0 Ok: queued as 4F2A99"
    while not web.got.empty():
        web.got.get()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"])
def test_a_webhook_that_a_stranger_named_reaches_nothing_inside_whatever_its_name_leads_to(sending, web, host):
    handed = sending.send("webhook", f"http://{host}:{web.port}/hook", is_for_stranger=True)
    assert handed.state == "failed"
    assert "may not be reached" in handed.reason
    assert web.got.empty()
    assert sending.send("webhook", f"http://127.0.0.1:{web.port}/hook").state == "accepted"


def test_a_webhook_gets_the_facts_signed_by_each_secret_in_force(sending, web):
    handed = sending.send("webhook", f"http://127.0.0.1:{web.port}/hook?to=ada", facts={"sent_at": "2026-11-26T03:10"})
    path, headers, body = web.got.get(timeout=5)
    assert handed.state == "accepted" and handed.latency_ms < 5000
    assert path == "/hook?to=ada" and json.loads(body)["service"] == "api"
    assert headers["X-Opsbook-Signature"] == signature(body, ("first-secret", "second-secret"))
    assert headers["X-Opsbook-Signature"].count("v1=") == 2
    assert headers["Idempotency-Key"] == headers["ce-id"] == "261126-031000-abcd.1.1"
    assert (headers["ce-specversion"], headers["ce-type"]) == ("1.0", "opsbook.notification.page")


@pytest.mark.parametrize(
    ("answer", "state", "wait_s"),
    [((500, {}), "retrying", None), ((503, {"Retry-After": "9"}), "retrying", 9.0),
     ((429, {"Retry-After": "30"}), "retrying", 30.0), ((400, {}), "failed", None), ((410, {}), "failed", None),
     ((302, {"Location": "/elsewhere"}), "failed", None), ((204, {}), "accepted", None)],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["webhook", "chat"])
def test_what_a_receiver_answers_decides_what_becomes_of_it(sending, web, kind, answer, state, wait_s):
    web.answer = answer
    handed = sending.send(kind, f"http://127.0.0.1:{web.port}/hook" if kind == "webhook" else "@ada")
    assert (handed.state, handed.retry_after_s) == (state, wait_s)
    assert web.got.qsize() == 1  # no redirect was followed


def test_a_receiver_that_breaks_off_leaves_nobody_knowing(sending, web):
    web.mood = "resets"
    assert sending.send("webhook", f"http://127.0.0.1:{web.port}/hook").state == "lost"
    assert sending.send("chat", "@ada").state == "lost"


def test_a_receiver_that_is_not_there_is_tried_again(sending):
    assert sending.send("webhook", f"http://127.0.0.1:{free_port()}/").state == "retrying"
    assert sending.send("push", f"json://127.0.0.1:{free_port()}/").state == "retrying"
    assert sending.send("webhook", "http://nowhere.invalid/").state == "retrying"


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0.0.0.0:9/"])
def test_what_probes_may_not_reach_no_message_reaches_either(sending, address):
    handed = sending.send("webhook", address)
    assert handed.state == "failed" and "may not be reached" in handed.reason
    assert sending.send("push", address.replace("http://", "json://")).state == "failed"


@pytest.mark.parametrize("address", ["http://", "http://[::1/", "http://host:99999999/", "http:///x", "http://a b/"])
def test_an_address_that_can_be_none_fails_for_good(sending, address):
    assert sending.send("webhook", address).state in ("failed", "retrying")


def test_a_mail_arrives_in_both_forms_with_what_threads_it(sending, box):
    handed = sending.send("email", "ada@example.org", html="<p>Erste Schritte: süß</p>")
    mail = box.mails.get(timeout=5)
    assert (handed.state, handed.provider_id) == ("accepted", "4F2A99")
    assert mail["Subject"] == "P1 api: Ärger" and mail["To"] == "ada@example.org"
    assert mail["Message-ID"] == "<261126-031000-abcd.1.1@ops.example.org>"
    assert mail["References"] == mail["In-Reply-To"] == "<page.261126-031000-abcd@ops.example.org>"
    assert (mail["Auto-Submitted"], mail["X-Opsbook-Severity"], mail["Importance"]) == ("auto-generated", "P1", "high")
    plain, html = mail.iter_parts()
    assert "süß" in plain.get_content() and "süß" in html.get_content()
    assert box.logins[-1] == "ops"


@pytest.mark.parametrize(("reply", "state"), [("550 5.1.1 no such user", "failed"), ("450 4.2.0 greylisted", "retrying")])
def test_a_mail_server_that_refuses_somebody_is_told_apart_from_one_that_is_busy(sending, box, reply, state):
    box.refused["ada@example.org"] = f"{reply} <ada@example.org>"
    handed = sending.send("email", "ada@example.org")
    assert handed.state == state and reply[:9] in handed.reason
    box.refused.clear()
    box.at_data = reply
    assert sending.send("email", "ada@example.org").state == state


@pytest.mark.parametrize("address", ["ada", "ada@", "a b@example.org", "ada@example.org\nBcc: eve@example.org", ""])
def test_no_mail_goes_to_what_is_no_address(sending, box, address):
    before = box.mails.qsize()
    assert sending.send("email", address).state == "failed"
    assert box.mails.qsize() == before


def test_a_wrong_password_fails_for_good(sending, box):
    sending.secrets["env:SMTP_PASSWORD"] = "wrong-password"
    handed = sending.send("email", "ada@example.org")
    sending.secrets["env:SMTP_PASSWORD"] = "right-password"
    assert handed.state == "failed" and "535" in handed.reason


def test_a_channel_leads_to_whatever_is_configured_for_it(sending, web, box):
    assert sending.send("channel", "#ops").state == "accepted"
    assert web.got.get(timeout=5)[0] == "/ops"
    assert sending.send("channel", "#mail").state == "accepted"
    assert sending.send("phone", "+45 5550 0101").state == "accepted"  # by what is configured for text messages
    assert web.got.get(timeout=5)[0] == "/sms/+4555500101"
    assert sending.send("channel", "#lost").state == "retrying"  # its secret cannot be had now
    assert sending.send("channel", "#opps").reason.endswith("Did you mean '#ops'?")


def test_an_address_of_a_person_cannot_change_the_address_of_the_provider(sending, web):
    assert sending.send("chat", "@ada/../x?to=eve&format=html#").state == "accepted"
    assert web.got.get(timeout=5)[0] == "/@ada%2F..%2Fx%3Fto=eve&format=html%23"  # one piece of a path


def test_why_nobody_can_be_reached_is_told_beforehand(sending):
    assert sending.notifier.why_not("email") == sending.notifier.why_not("webhook") == ""
    assert sending.notifier.why_not("ntfy://topic") == sending.notifier.why_not("phone") == ""
    assert "notify.channels" in sending.notifier.why_not("push")
    bare = Routes(Settings(), dict)
    assert "notify.smtp" in bare.why_not("email") and bare.why_not("#ops")


def test_a_secret_that_cannot_be_had_is_told_beforehand():
    routes = Routes(Settings(
        smtp="smtp://opsbook@mail.example.org", webhook_secret="env:HOOK, env:GONE",
        channels={"sms": "env:SMS", "#ops": "env:HOOK", "push": "ntfys://ntfy.example.org/ops"},
    ), Sending().fetch)  # fmt: skip
    assert routes.faults() == (
        "'notify.channels.sms' of opsbook.toml cannot work: The secret env:SMS cannot be had.",
        "'notify.channels.#ops' of opsbook.toml cannot work: the secret env:HOOK holds no address.",
        "'notify.webhook_secret' of opsbook.toml cannot work: The secret env:GONE cannot be had.",
    )


def test_what_hangs_is_ended_in_time_and_stops_nothing_else(web):
    sending = Sending(timeout_s=0.6)
    try:
        sending.send("webhook", f"http://127.0.0.1:{web.port}/")
        web.mood = "hangs"
        sending.begin("webhook", f"http://127.0.0.1:{web.port}/hangs")
        web.got.get(timeout=5), web.got.get(timeout=5)
        web.mood = "answers"
        assert sending.send("webhook", f"http://localhost:{web.port}/other").state == "accepted"
        hung = sending.told.get(timeout=10)
        assert hung.state == "lost" and hung.reason.startswith("It took longer than 0.6 seconds")
        assert sending.send("webhook", f"http://127.0.0.1:{web.port}/").state == "accepted"
    finally:
        web.release.set()
        sending.notifier.close()
        web.release.clear()


def test_a_worker_that_dies_is_told_and_replaced(web):
    sending = Sending(most=1)
    try:
        sending.send("webhook", f"http://127.0.0.1:{web.port}/")
        web.mood = "hangs"
        sending.begin("webhook", f"http://127.0.0.1:{web.port}/")
        web.got.get(timeout=5), web.got.get(timeout=5)
        (worker,) = sending.notifier._workers.values()
        os.kill(worker._process.pid, signal.SIGKILL)
        assert sending.told.get(timeout=10).state == "lost"
        web.mood = "answers"
        assert sending.send("webhook", f"http://127.0.0.1:{web.port}/").state == "accepted"
    finally:
        web.release.set()
        sending.notifier.close()
        web.release.clear()


def test_the_end_tells_what_was_under_way_and_what_had_not_begun(web):
    sending = Sending(most=1)
    sending.send("webhook", f"http://127.0.0.1:{web.port}/")
    web.got.get(timeout=5)
    web.mood = "hangs"
    for _ in range(2):
        sending.begin("webhook", f"http://127.0.0.1:{web.port}/")
    web.got.get(timeout=5)
    begun = time.monotonic()
    sending.notifier.close()
    assert sorted(sending.told.get(timeout=5).state for _ in range(2)) == ["lost", "retrying"]
    assert time.monotonic() - begun < 5
    assert sending.send("webhook", f"http://127.0.0.1:{web.port}/").state == "retrying"
    web.release.set()
    web.release.clear()


def test_many_at_once_are_each_told_once(sending, web):
    threads = [threading.Thread(target=sending.begin, args=("webhook", f"http://127.0.0.1:{web.port}/{n}"))
               for n in range(40)]  # fmt: skip
    for thread in threads:
        thread.start()
    assert {sending.told.get(timeout=20).state for _ in range(40)} == {"accepted"}
    assert sending.told.empty() and web.got.qsize() == 40


def test_what_one_worker_does_in_a_moment_starts_no_others(web, monkeypatch):
    monkeypatch.setattr(notifying, "_SOON_S", 5.0)
    sending = Sending()
    sending.notifier.warm()
    for number in range(6):
        sending.begin("webhook", f"http://127.0.0.1:{web.port}/{number}")
    assert {sending.told.get(timeout=20).state for _ in range(6)} == {"accepted"}
    assert len(sending.notifier._threads) == 1
    sending.notifier.close()


def test_what_waits_behind_one_that_hangs_gets_a_worker_of_its_own(web):
    sending = Sending()
    sending.send("webhook", f"http://127.0.0.1:{web.port}/")
    web.got.get(timeout=5)
    web.mood = "hangs"
    sending.begin("webhook", f"http://127.0.0.1:{web.port}/hangs")
    web.got.get(timeout=5)
    web.mood = "answers"
    sending.begin("webhook", f"http://127.0.0.1:{web.port}/next")
    assert sending.told.get(timeout=10).state == "accepted"
    web.release.set()
    sending.notifier.close()
    web.release.clear()


def test_mail_is_encrypted_where_the_server_offers_it(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(tmp_path, ["mail.example.org"]))
    with mail_server(tls_context=context, require_starttls=True) as box:
        sending = Sending(smtp=f"smtp://127.0.0.1:{box.port}")
        assert sending.send("email", "ada@example.org").state == "accepted"
        sending.notifier.close()
