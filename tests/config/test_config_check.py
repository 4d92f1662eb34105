"""What is configured and cannot work is told at the start, with its line and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.config import Config, environment_of_programs, load, secret_variables
from opsbook.config_check import check_probing, check_running, check_serving
from opsbook.ground.errors import Usage
from opsbook.ground.host_port import host_and_port

OIDC = '[oidc]\nissuer = "https://id.example.org"\n'


def configured(folder: Path, text: str) -> Config:
    (folder / "a.md").write_text("# A\n")
    (folder / "opsbook.toml").write_text(text)
    return load(book=str(folder), environ={})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OIDC, "2: 'oidc.issuer' is set and 'oidc.client_id' is not"),
        ('[oidc]\nclient_id = "opsbook"\n', "2: 'oidc.client_id' is set and 'oidc.issuer' is not"),
        ('[oidc]\nclient_id = "o"\nissuer = "http://id.example.org/x"\n', "3: 'oidc.issuer' is not https.*'https://id.example.org/x'"),
        ('[oidc]\nclient_id = "o"\nissuer = "id.example.org"\n', "3: 'oidc.issuer' is no address.*'https://id.example.org'"),
        ('[serve]\npublic_url = "ops.example.org"\n', "2: 'serve.public_url' is no address.*mean 'https://ops.example.org'"),
        ('[serve]\npublic_url = "https://"\n', "2: 'serve.public_url' is no address.*Write such as"),
        ('[serve]\npublic_url = "https:///x"\n', "2: 'serve.public_url' is no address"),
        ('[serve]\npublic_url = "https://o.example/x"\n', "2: 'serve.public_url' has more .*'https://o.example'"),
        ('[serve]\nhosts = ["https://ops.example.org/"]\n', "2: 'https://ops.example.org/' is no name.*'ops.example.org'"),
        ('[serve]\nhosts = ["a b"]\n', "2: 'a b' is no name of a host"),
        ('[serve]\ntrusted_proxies = ["proxy"]\n', "2: 'proxy' is neither an address nor a network"),
        ('[notify]\nsmtp = "mail.example.org:25"\n', "2: 'notify.smtp' is no address of a mail server"),
        ('[notify]\nsmtp = "smtp://mail.example.org:99999999"\n', "2: 'notify.smtp' is no address of a mail server"),
        ('[notify]\nsmtp = "smtp://a:hush@mail.example.org"\n', "2: 'notify.smtp' holds a password"),
        ('[notify]\nfrom = "opsbook"\n', "2: 'notify.from' is no address"),
        ('[notify]\nwebhook_secret = "hush hush"\n', "2: 'notify.webhook_secret' names no secret"),
        ('[notify.channels]\nsns = "env:SMS"\n', "2: 'sns' in .* Did you mean 'sms'"),
        ('[notify.channels]\n"#ops" = "vault:ops"\n', "2: What .* says of '#ops' is neither"),
        ('[probes]\nallow = ["metadata"]\n', "2: 'metadata' is neither an address nor a network"),
        ('[probes.rewrite]\n"a.example" = "b:1"\n', "2: 'a.example' in .* is not host:port.*'a.example:443'"),
        ('[probes.rewrite]\n"a:1" = "http://b:2/"\n', "2: 'http://b:2/' in .* is neither .*'b:2'"),
        ('[probes]\nrewrite = {"a:1" = "selv"}\n', "2: 'selv' in .* is neither host:port nor"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_told_with_its_line_and_how_to_mend_it(tmp_path, text, said):
    with pytest.raises(Usage, match=f"^opsbook.toml:{said}"):
        check_serving(configured(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        OIDC + 'client_id = "opsbook"\n',
        '[oidc]\nissuer = "http://localhost:8080/realms/x"\nclient_id = "o"\n',
        '[serve]\npublic_url = "https://ops.example.org:8443/"\nhosts = ["ops", "ops.example.org:80", "::1", "[fe80::1]"]\n',
        '[serve]\ntrusted_proxies = ["10.0.0.0/8", "::1"]\n[probes]\nallow = ["169.254.169.254"]\n',
        '[probes.rewrite]\n"shop.example.org:443" = "[::1]:8443"\n"127.0.0.1:8000" = "self"\n',
    ],
)
def test_what_can_work_is_taken(tmp_path, text):
    check_serving(configured(tmp_path, text))


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path):
    text = '[serve]\npublic_url = "x y"\nhosts = ["a/b", "c d"]\n[probes]\nallow = ["m"]\n' + OIDC
    with pytest.raises(Usage) as told:
        check_serving(configured(tmp_path, text))
    assert [line.split(":")[1] for line in str(told.value).splitlines()] == ["2", "3", "3", "5", "7"]


def test_probing_asks_nothing_of_what_only_a_server_needs(tmp_path):
    check_probing(configured(tmp_path, OIDC))
    with pytest.raises(Usage, match="probes.rewrite"):
        check_probing(configured(tmp_path, '[probes.rewrite]\n"a" = "b"\n'))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ops.example.org", ("ops.example.org", None)), ("10.0.0.7:80", ("10.0.0.7", 80)), ("[::1]:8", ("::1", 8)),
        ("a:0", None), ("a:65536", None), ("a:", None), ("a:b", None), ("a@b", None), ("a:1@b", None), ("[x]", None),
        ("[::1", None), ("a b", None), ("", None), ("a..b", None), ("a/b", None), ("a\n", None),
    ],
)  # fmt: skip
def test_a_host_and_its_port_are_read_or_refused_whole(text, found):
    assert host_and_port(text) == found


@given(st.text())
def test_whatever_is_written_is_a_host_or_none(text):
    found = host_and_port(text)
    assert found is None or found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[hosts]\nweb-1 = "ssh://web-1"\n', "2: 'ssh://web-1' is no address of the host 'web-1'.*Write such as"),
        ('[hosts]\nweb-1 = "-oProxyCommand=x"\n', "2: '-oProxyCommand=x' is no address"),
        ('[hosts]\n"a/b" = ""\n', "2: 'a/b' in .hosts. cannot be the name of a host"),
        ('[hosts]\nlocal = "10.0.0.7"\n', "2: 'local' in .* is the machine where a run was started"),
        ('[groups]\nlocal = []\n', "2: 'local' in .* is the machine where a run was started"),
        ('[hosts]\nweb-1 = ""\n[groups]\nweb = ["web-1", "wbe-1"]\n', "4: The group 'web' has the host 'wbe-1', .*'web-1'"),
        ('[groups]\nweb = ["x"]\n', '2: The group .web. has the host .x., which is not .*Write x = ""'),
        ('[hosts]\nweb = ""\n[groups]\nweb = ["web"]\n', "4: 'web' is the name of a group and of a host"),
        ('[ssh]\nkeys = ["no/key"]\n', "2: There is no file 'no/key'"),
        ('[ssh]\nknown_hosts = "no/file"\n', "2: There is no file 'no/file', so no host could be trusted"),
        ("[ssh]\npython = \"python3 -c 'x'\"\n", "2: 'ssh.python' is no name or path"),
        ('[secrets]\nvault = []\n', "2: The source of secrets 'vault' has no program"),
        ('[secrets]\nenv = ["printenv"]\n', "2: 'env' in .secrets. is always there"),
        ('[secrets]\nVault = ["vault"]\n', "2: No page could name the source of secrets 'Vault'"),
        ('[runs]\nsecret_folder = "no/folder"\n', "2: There is no folder 'no/folder'"),
    ],
)  # fmt: skip
def test_what_no_step_could_be_run_with_is_told_before_the_first(tmp_path, text, said):
    for check in (check_running, check_serving):
        with pytest.raises(Usage, match=f"^opsbook.toml:{said}"):
            check(configured(tmp_path, text))


def test_what_steps_can_be_run_with_is_taken(tmp_path):
    for name in ("key", "known_hosts"):
        (tmp_path / name).write_text("")
    check_running(configured(tmp_path, f"""
[hosts]
web-1 = "deploy@web-1.example.org:2222"
"web-2.example.org" = ""
db-1 = "2001:db8::7"
[groups]
web = ["web-1", "web-2.example.org"]
none = []
[ssh]
keys = ["key", "{tmp_path}/key"]
known_hosts = "known_hosts"
python = "/usr/bin/python3.11"
[secrets]
vault = ["vault", "kv", "get", "-field=value"]
[runs]
secret_folder = "."
"""))  # fmt: skip
    check_running(configured(tmp_path, ""))


def test_secrets_of_the_environment_are_in_no_config(tmp_path):
    environ = {"OPSBOOK_SECRET_TOKEN": "s3cret-token", "OPSBOOK_DB": "sqlite:///x", "HOME": "/root"}
    assert secret_variables(environ) == {"TOKEN": "s3cret-token"}
    assert environment_of_programs(environ) == {"HOME": "/root"}
    (tmp_path / "a.md").write_text("# A\n")
    assert "s3cret" not in repr(load(book=str(tmp_path), environ=environ))
