"""Accounts: who may sign in, how, for how long, and that everybody sees a change at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.usecases.world import PASSWORD, World

from opsbook.adapters.argon2_hasher import Argon2Hasher
from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ledger.event import shown_facts, verify
from opsbook.usecases.accounts import TryLater, WrongSignIn
from opsbook.usecases.credentials import new_token


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    assert verify(world.events()) == []
    world.close()


@pytest.fixture
def ada(world: World) -> World:
    """A world in which Ada is admin."""
    world.accounts.add("ada", "admin", PASSWORD, email="ada@example.org", actor="terminal:root")
    return world


def sign_in(world: World, name: str = "ada", password: str = PASSWORD, source: str = "192.0.2.1"):
    return world.accounts.sign_in(name, password, source=source, agent="Firefox")


# Signing in.


def test_a_session_tells_whose_it_is_until_it_is_over(ada):
    secret, actor = sign_in(ada)
    assert (actor.name, actor.role, actor.via, actor.email) == ("ada", "admin", "session", "ada@example.org")
    assert ada.accounts.actor_for_session(secret) == actor
    assert [session.id for session in ada.accounts.sessions("ada")] == [actor.credential]
    ada.later(hours=1)
    assert ada.accounts.actor_for_session(secret) is None
    assert ada.accounts.sessions("ada") == []


def test_a_session_is_seen_by_another_program_and_after_a_restart(ada):
    other = ada.elsewhere()
    assert other.actor_for_session("nothing") is None
    secret, actor = sign_in(ada)
    assert other.actor_for_session(secret) == actor == ada.elsewhere().actor_for_session(secret)


def test_a_session_that_another_program_ended_is_over_here(ada):
    secret, actor = sign_in(ada)
    ada.elsewhere().end_session(actor.credential, actor="ada")
    assert ada.accounts.actor_for_session(secret) is None


@pytest.mark.parametrize("secret", ["", "x", "ü\ud800", "0" * 5000])
def test_what_is_no_secret_is_nobodys(ada, secret):
    sign_in(ada)
    assert ada.accounts.actor_for_session(secret) is None
    assert ada.accounts.actor_for_token(secret) is None


def test_no_secret_is_in_the_ledger(ada):
    session, _ = sign_in(ada)
    token, _ = ada.accounts.issue_token("ada", ["read"], None, actor="ada")
    link = ada.accounts.issue_link("ada", "admin", actor="ada")
    with pytest.raises(WrongSignIn):
        sign_in(ada, password="my other password")
    ada.ledger.close()
    kept = b"".join(path.read_bytes() for path in ada.file.parent.iterdir())
    for secret in (session, token, link, PASSWORD, "my other password"):
        assert secret.encode() not in kept
    ada.ledger = ada.opened()


def test_no_hash_is_among_the_facts_that_are_shown(ada):
    sign_in(ada)
    ada.accounts.issue_token("ada", ["read"], None, actor="ada")
    ada.accounts.issue_link("ada", "admin", actor="ada")
    shown = " ".join(f"{name}={value}" for event in ada.events() for name, value in shown_facts(event).items())
    assert "hash" not in shown
    assert "argon2" not in shown


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong"), ("ada", ""), ("bo", PASSWORD), ("", ""), ("ada", "x" * 2000), ("ada", "\ud800" * 12), ("A" * 9999, "x")],
)  # fmt: skip
def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(ada, name, password):
    with pytest.raises(WrongSignIn, match=r"^The name or the password is wrong\.$"):
        sign_in(ada, name, password)
    assert ada.kinds()[-1] == "SignInFailed"


def test_a_name_that_nobody_has_is_not_kept(ada):
    with pytest.raises(WrongSignIn):
        sign_in(ada, "my-password-by-mistake")
    assert "my-password-by-mistake" not in str(ada.events())


def test_a_wrong_name_is_hashed_like_a_wrong_password(ada):
    asked: list[str] = []

    class Watched(Argon2Hasher):
        def matches(self, password_hash: str, password: str) -> bool:
            asked.append(password_hash)
            return super().matches(password_hash, password)

    ada.hasher = Watched(passes=1, memory_kib=64)
    ada.accounts.add("link-only", "viewer", None, actor="ada")
    accounts = ada.of(ada.ledger)
    for name in ("ada", "bo", "link-only"):
        with pytest.raises(WrongSignIn):
            accounts.sign_in(name, "wrong", source="")
    assert len(asked) == 3
    assert asked[1] == asked[2] == ada.hasher.nobody


def test_the_name_may_be_typed_in_upper_case_and_the_password_composed_otherwise(world):
    world.accounts.add("Zoë@example.org".replace("ë", "e"), "viewer", "pass\u00fcmlaut is long", actor="ada")
    assert sign_in(world, " ZOE@example.org ", "passu\u0308mlaut is long")[1].name == "zoe@example.org"


def test_a_hash_of_older_settings_is_made_anew_at_a_sign_in(ada):
    before = ada.accounts.find("ada").password_hash
    ada.hasher = Argon2Hasher(passes=2, memory_kib=64)
    accounts = ada.of(ada.ledger)
    kept, _ = sign_in(ada)
    accounts.sign_in("ada", PASSWORD, source="")
    assert before != accounts.find("ada").password_hash
    assert accounts.actor_for_session(kept) is not None
    accounts.sign_in("ada", PASSWORD, source="")
    assert ada.kinds().count("PasswordRehashed") == 1


# Wrong passwords.


def fail(world: World, times: int, name: str = "ada", source: str = "192.0.2.1") -> None:
    for _ in range(times):
        with pytest.raises(WrongSignIn):
            sign_in(world, name, "wrong", source)


def test_after_five_wrong_passwords_even_the_right_one_waits(ada):
    fail(ada, 5)
    with pytest.raises(TryLater, match="Try again in 30 seconds, at 03:10:30 UTC") as told:
        sign_in(ada, source="198.51.100.7")
    assert (told.value.wait_s, told.value.until) == (30, ada.at + timedelta(seconds=30))
    ada.later(seconds=30)
    sign_in(ada)


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(ada):
    waits = []
    fail(ada, 5)
    for _ in range(8):
        with pytest.raises(TryLater) as told:
            sign_in(ada)
        waits.append(told.value.wait_s)
        ada.later(seconds=told.value.wait_s)
        fail(ada, 1)
    assert waits[:6] == [30, 60, 120, 240, 480, 900]
    assert max(waits) == 900


def test_failures_outlive_a_restart_and_are_seen_by_another_program(ada):
    fail(ada, 5)
    with pytest.raises(TryLater):
        ada.elsewhere().sign_in("ada", PASSWORD, source="")


def test_failures_around_midnight_count_too(ada):
    ada.later(hours=20, minutes=49)
    fail(ada, 5)
    ada.later(seconds=70)
    fail(ada, 1)
    with pytest.raises(TryLater):
        ada.elsewhere().sign_in("ada", PASSWORD, source="")
    assert len(ada.ledger.streams("sign-in/")) == 2


def test_an_hour_without_failures_forgets_them(ada):
    fail(ada, 4)
    ada.later(hours=1)
    fail(ada, 4)
    sign_in(ada)


def test_a_right_password_and_a_new_one_end_the_waiting(ada):
    fail(ada, 4)
    sign_in(ada)
    fail(ada, 5)
    ada.accounts.set_password("ada", "another good one", actor="terminal:root")
    sign_in(ada, password="another good one")


def test_a_name_that_nobody_has_waits_like_one_that_somebody_has(ada):
    fail(ada, 5, "bo")
    with pytest.raises(TryLater):
        sign_in(ada, "bo", source="198.51.100.7")


@pytest.mark.parametrize(("first", "second"), [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::2:3:4")])
def test_one_address_may_not_try_many_names(ada, first, second):
    for number in range(20):
        fail(ada, 1, f"name{number}", first)
    with pytest.raises(TryLater):
        sign_in(ada, source=second)
    sign_in(ada, source="203.0.113.5")


def test_many_passwords_at_once_gain_nothing(ada):
    told: list[type[BaseException]] = []
    gate = threading.Barrier(12)

    class Slow(Argon2Hasher):
        def matches(self, password_hash: str, password: str) -> bool:
            gate.wait(30)
            return super().matches(password_hash, password)

    ada.hasher = Slow(passes=1, memory_kib=64)
    accounts = ada.of(ada.ledger)

    def attempt() -> None:
        try:
            accounts.sign_in("ada", "wrong", source="")
        except Refusal as wrong:
            told.append(type(wrong))
            if isinstance(wrong, TryLater):
                gate.wait(30)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(WrongSignIn) == 5
    assert told.count(TryLater) == 7


# Passwords.


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "at least 12 characters; this has 11"), ("x" * 1025, "at most 1024 bytes"),
        ("adaadaadaada", "hardly more than the name"), ("ada-1234567", "at least 12"), ("Ada-ada-1234", "hardly more"),
        ("\ud800" * 12, "not in UTF-8"),
    ],
)  # fmt: skip
def test_a_password_that_will_not_do_is_told_and_nothing_is_recorded(ada, password, why):
    before = ada.ledger.head()
    with pytest.raises(Refusal, match=why):
        ada.accounts.set_password("ada", password, actor="ada")
    assert ada.ledger.head() == before


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "ada is my best friend", "пароль пароль", "            "])
def test_nothing_is_asked_of_the_letters_of_a_password(ada, password):
    ada.accounts.set_password("ada", password, actor="ada")
    sign_in(ada, password=password)


def test_setting_a_password_ends_the_sessions_and_the_old_password(ada):
    secret, _ = sign_in(ada)
    ada.accounts.set_password("ada", "another good one", actor="terminal:root")
    assert ada.accounts.actor_for_session(secret) is None
    with pytest.raises(WrongSignIn):
        sign_in(ada)


def test_changing_ones_own_password_keeps_the_session_at_hand(ada):
    here, actor = sign_in(ada)
    there, _ = sign_in(ada)
    ada.accounts.change_own_password("ada", PASSWORD, "another good one", source="", keep=actor.credential)
    assert ada.accounts.actor_for_session(here) is not None
    assert ada.accounts.actor_for_session(there) is None


def test_changing_ones_own_password_needs_the_old_one_and_is_limited_too(ada):
    for _ in range(5):
        with pytest.raises(WrongSignIn):
            ada.accounts.change_own_password("ada", "wrong", "another good one", source="", keep="")
    with pytest.raises(TryLater):
        ada.accounts.change_own_password("ada", PASSWORD, "another good one", source="", keep="")


def test_a_password_that_is_changed_while_the_old_one_is_looked_at_lets_nobody_in(ada):
    class Changing(Argon2Hasher):
        def matches(self, password_hash: str, password: str) -> bool:
            ada.elsewhere().set_password("ada", "another good one", actor="terminal:root")
            return super().matches(password_hash, password)

    other = ada.hasher
    ada.hasher = Changing(passes=1, memory_kib=64)
    accounts = ada.of(ada.ledger)
    ada.hasher = other
    with pytest.raises(WrongSignIn):
        accounts.sign_in("ada", PASSWORD, source="")
    assert accounts.sessions("ada") == []


# Links.


def test_a_link_signs_in_once_and_adds_its_account(world):
    secret = world.accounts.issue_link("ada", "admin", actor="ada")
    assert world.accounts.people() == []
    _, actor = world.elsewhere().sign_in_by_link(secret, source="")
    assert (actor.name, actor.role) == ("ada", "admin")
    assert [account.name for account in world.accounts.people()] == ["ada"]
    with pytest.raises(WrongSignIn, match="was used"):
        world.accounts.sign_in_by_link(secret, source="")


def test_a_link_does_not_raise_the_role_of_an_account(world):
    world.accounts.add("bo", "viewer", None, actor="ada")
    secret = world.accounts.issue_link("bo", "admin", actor="ada")
    assert world.accounts.sign_in_by_link(secret, source="")[1].role == "viewer"


def test_a_link_is_over_after_ten_minutes_and_when_a_newer_one_is_issued(world):
    old = world.accounts.issue_link("ada", "admin", actor="ada")
    new = world.accounts.issue_link("ada", "admin", actor="ada")
    with pytest.raises(WrongSignIn):
        world.accounts.sign_in_by_link(old, source="")
    world.later(minutes=10)
    with pytest.raises(WrongSignIn, match="too old"):
        world.accounts.sign_in_by_link(new, source="")


def test_of_two_who_use_a_link_at_once_one_is_signed_in(world):
    secret = world.accounts.issue_link("ada", "admin", actor="ada")
    places, told = [world.elsewhere() for _ in range(6)], []

    def use(accounts) -> None:
        try:
            told.append(accounts.sign_in_by_link(secret, source="")[1].name)
        except WrongSignIn:
            told.append("refused")

    threads = [threading.Thread(target=use, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["ada"] + ["refused"] * 5


# A provider.


def vouched(world: World, subject: str = "1", name: str = "Ada", role="viewer", email: str = "ada@example.org"):
    where = {"issuer": "https://id.example.org", "subject": subject}
    return world.accounts.sign_in_external(**where, name=name, email=email, role=role, source="192.0.2.1")[1]


def test_whom_a_provider_vouches_for_is_known_by_its_subject(world):
    assert vouched(world).name == "ada"
    assert vouched(world, name="Ada Lovelace", email="new@example.org").email == "new@example.org"
    assert [account.external for account in world.accounts.people()] == [("https://id.example.org", "1")]


def test_a_provider_never_gives_the_account_of_somebody_else(ada):
    assert vouched(ada).name == "ada-2"
    assert vouched(ada, subject="2").name == "ada-3"
    assert vouched(ada).name == "ada-2"


def test_the_role_follows_the_provider(world):
    vouched(world)
    assert vouched(world, role="operator").role == "operator"
    assert vouched(world, role="viewer").role == "viewer"


@pytest.mark.parametrize(
    ("name", "email", "known"),
    [("Zoë Müller", "", "zoe-muller"), ("", "bo@example.org", "bo"), ("★", "", "person"), ("../x\n", "", "x"), ("\ud800", "\ud800@x", "person")],
)  # fmt: skip
def test_a_name_is_made_of_what_the_provider_says(world, name, email, known):
    assert vouched(world, name=name, email=email, subject="\ud800").name == known
    assert vouched(world, name=name, email=email, subject="\ud800").name == known


def test_a_disabled_account_is_not_let_in_by_its_provider(ada):
    vouched(ada)
    ada.accounts.disable("ada-2", actor="ada")
    with pytest.raises(WrongSignIn, match="is disabled"):
        vouched(ada)


# Tokens.


def test_a_token_may_do_what_it_is_for_until_it_expires(ada):
    secret, token = ada.accounts.issue_token("ada", ["read", "probe"], timedelta(days=1), label="ci\n", actor="ada")
    actor = ada.elsewhere().actor_for_token(secret)
    assert (actor.name, actor.via, actor.acts, actor.credential) == ("ada", "token", {"read", "probe"}, token.id)
    assert [(each.label, each.issued_by) for each in ada.accounts.tokens("ada")] == [("ci", "ada")]
    ada.later(days=1)
    assert ada.accounts.actor_for_token(secret) is None
    assert ada.accounts.tokens() == []


def test_a_revoked_token_is_over_everywhere(ada):
    other = ada.elsewhere()
    secret, token = ada.accounts.issue_token("ada", ["read"], None, actor="ada")
    assert other.actor_for_token(secret) is not None
    ada.accounts.revoke_token(token.id, actor="ada")
    assert other.actor_for_token(secret) is None
    with pytest.raises(Usage, match="no token"):
        other.revoke_token(token.id, actor="ada")


def test_somebody_elses_token_and_session_are_not_found_where_only_ones_own_may_be_ended(ada):
    ada.accounts.add("bo", "viewer", None, actor="ada")
    _, token = ada.accounts.issue_token("ada", ["read"], None, actor="ada")
    secret, actor = sign_in(ada)
    with pytest.raises(Usage):
        ada.accounts.revoke_token(token.id, actor="bo", of="bo")
    ada.accounts.end_session(actor.credential, actor="bo", of="bo")
    assert ada.accounts.actor_for_session(secret) is not None
    assert len(ada.accounts.tokens("ada")) == 1


@pytest.mark.parametrize(
    ("acts", "kind", "why"),
    [(["run"], Refusal, "this needs operator"), (["reed"], Usage, "Did you mean 'read'"), ([], Usage, "for something")],
)
def test_a_token_is_for_acts_that_its_account_may_do(ada, acts, kind, why):
    ada.accounts.add("bo", "viewer", None, actor="ada")
    with pytest.raises(kind, match=why):
        ada.accounts.issue_token("bo", acts, None, actor="ada")


def test_a_token_gives_no_token_that_may_do_more(ada):
    with pytest.raises(Refusal, match="This token is not for 'run'"):
        ada.accounts.issue_token("ada", ["run"], None, actor="ada", within={"own-account", "read"})
    ada.accounts.issue_token("ada", ["read"], None, actor="ada", within={"own-account", "read"})


def test_a_token_without_an_end_is_asked_for_and_one_that_has_ended_is_refused(ada):
    with pytest.raises(Usage, match="lasts for some time"):
        ada.accounts.issue_token("ada", ["read"], timedelta(), actor="ada")


def test_a_token_is_known_by_its_prefix_and_its_checksum(ada):
    secret, _ = ada.accounts.issue_token("ada", ["read"], None, actor="ada")
    assert secret.startswith("opsb_")
    assert len(secret) == 54
    swapped = secret[:10] + ("A" if secret[10] != "A" else "B") + secret[11:]
    assert ada.accounts.actor_for_token(swapped) is None
    assert new_token(lambda size: b"\xff" * size)[5:48] < "z" * 43


# People.


def test_an_account_is_added_once(ada):
    with pytest.raises(Conflict, match="There is an account 'ada' already"):
        ada.accounts.add("ADA", "viewer", PASSWORD, actor="x")


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "-a", "a\n", "terminal:root", "ä", "x" * 65, "\ud800"])
def test_what_can_be_no_name_is_told(world, name):
    with pytest.raises(Refusal, match="cannot be the name of an account"):
        world.accounts.add(name.rstrip("\n") + ("\nb" if "\n" in name else ""), "viewer", None, actor="x")


def test_a_name_that_is_not_there_is_told_with_a_guess(ada):
    with pytest.raises(Usage, match="Did you mean 'ada'"):
        ada.accounts.find("adda")
    with pytest.raises(Usage, match="There is no account"):
        ada.accounts.find("somebody")


def test_a_change_of_role_holds_at_once_for_sessions_that_are_open(ada):
    ada.accounts.add("bo", "viewer", PASSWORD, actor="ada")
    secret, _ = sign_in(ada, "bo")
    ada.elsewhere().change_role("bo", "operator", actor="ada")
    assert ada.accounts.actor_for_session(secret).role == "operator"


def test_the_last_admin_stays_one(ada):
    for change in (
        lambda: ada.accounts.change_role("ada", "viewer", actor="ada"),
        lambda: ada.accounts.disable("ada", actor="ada"),
    ):
        with pytest.raises(Refusal, match="the only admin"):
            change()
    ada.accounts.add("bo", "admin", None, actor="ada")
    ada.accounts.disable("ada", actor="bo")
    with pytest.raises(Refusal, match="the only admin"):
        ada.accounts.disable("bo", actor="bo")


def test_a_disabled_account_is_out_at_once_and_comes_back_without_its_sessions(ada):
    ada.accounts.add("bo", "admin", PASSWORD, actor="ada")
    session, _ = sign_in(ada, "bo")
    token, _ = ada.accounts.issue_token("bo", ["read"], None, actor="ada")
    link = ada.accounts.issue_link("bo", "admin", actor="ada")
    ada.accounts.disable("bo", actor="ada")
    assert ada.accounts.actor_for_session(session) is ada.accounts.actor_for_token(token) is None
    with pytest.raises(WrongSignIn, match="is disabled"):
        sign_in(ada, "bo")
    with pytest.raises(WrongSignIn, match=r"^The name or"):
        sign_in(ada, "bo", "wrong")
    with pytest.raises(WrongSignIn, match="not good any more"):
        ada.accounts.sign_in_by_link(link, source="")
    for refused in (
        lambda: ada.accounts.issue_link("bo", "admin", actor="ada"),
        lambda: ada.accounts.issue_token("bo", ["read"], None, actor="ada"),
    ):
        with pytest.raises(Refusal, match="is disabled"):
            refused()
    ada.accounts.enable("bo", actor="ada")
    assert ada.accounts.actor_for_session(session) is ada.accounts.actor_for_token(token) is None
    sign_in(ada, "bo")


def test_all_sessions_but_one_are_ended(ada):
    here, actor = sign_in(ada)
    there, _ = sign_in(ada)
    assert ada.accounts.revoke_sessions("ada", actor="ada", keep=actor.credential) == 1
    assert ada.accounts.actor_for_session(here) is not None
    assert ada.accounts.actor_for_session(there) is None
    assert ada.accounts.revoke_sessions("ada", actor="ada") == 1
    assert ada.accounts.revoke_sessions("ada", actor="ada") == 0


def test_what_changes_nothing_is_not_recorded(ada):
    before = ada.ledger.head()
    ada.accounts.change_role("ada", "admin", actor="ada")
    ada.accounts.enable("ada", actor="ada")
    ada.accounts.end_session("nothing", actor="ada")
    assert ada.ledger.head() == before


def test_every_change_is_recorded_with_who_made_it(ada):
    ada.accounts.add("bo", "viewer", None, actor="terminal:root")
    ada.accounts.change_role("bo", "operator", actor="ada")
    assert [(event.stream, event.kind, event.actor) for event in ada.events()[-2:]] == [
        ("account/bo", "AccountAdded", "terminal:root"), ("account/bo", "RoleChanged", "ada"),
    ]  # fmt: skip


def test_other_events_of_the_ledger_are_passed_over(ada):
    from opsbook.ledger.event import Draft

    secret, _ = sign_in(ada)
    ada.ledger.append("run/1", [Draft("RunStarted")] * 2500, expected=None, actor="ada", at=ada.at)
    assert ada.accounts.actor_for_session(secret) is not None
    assert ada.elsewhere().actor_for_session(secret) is not None
