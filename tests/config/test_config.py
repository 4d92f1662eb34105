"""Finding the book, and reading opsbook.toml."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.config import Config, authorities, load, variable_for_steps, wants_colour, wants_debug
from opsbook.config_file import FIELDS, read_settings
from opsbook.ground.errors import Usage


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with a book at docs/operations."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "docs" / "operations" / "runbooks").mkdir(parents=True)
    (tmp_path / "docs" / "operations" / "README.md").write_text("# Operations\n")
    return tmp_path


def at(here: Path, **asked) -> Config:
    """The Config as found from a folder, with an empty environment unless given."""
    return load(here=str(here), environ=asked.pop("environ", {}), **asked)


def test_the_nearest_docs_operations_at_or_above_is_the_book(repository):
    for here in (repository, repository / "docs", repository / "docs" / "operations" / "runbooks"):
        assert at(here).book == str(repository / "docs" / "operations")


def test_the_repository_is_the_nearest_parent_with_git(repository):
    assert at(repository).root == str(repository)


def test_without_git_the_book_is_its_own_root(tmp_path):
    (tmp_path / "page.md").write_text("# Page\n")
    assert at(tmp_path).root == str(tmp_path)


def test_a_git_file_of_a_worktree_is_git_too(tmp_path):
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "ops").mkdir()
    assert at(tmp_path, book="ops").root == str(tmp_path)


def test_a_given_book_wins_over_the_environment_and_that_over_the_nearest(repository):
    for name in ("a", "b"):
        (repository / name).mkdir()
    assert at(repository, book="a", environ={"OPSBOOK_BOOK": "b"}).book == str(repository / "a")
    assert at(repository, environ={"OPSBOOK_BOOK": "b"}).book == str(repository / "b")


def test_a_folder_with_pages_in_another_layout_is_a_book(tmp_path):
    (tmp_path / "team" / "runbooks").mkdir(parents=True)
    (tmp_path / "team" / "runbooks" / "db.md").write_text("# DB\n")
    assert at(tmp_path).book == str(tmp_path)


def test_a_folder_without_pages_is_no_book(tmp_path):
    with pytest.raises(Usage, match="opsbook init"):
        at(tmp_path)


@pytest.mark.parametrize(("named", "said"), [("nowhere", "no folder 'nowhere'"), ("page.md", "is a file")])
def test_a_named_book_must_be_a_folder(tmp_path, named, said):
    (tmp_path / "page.md").write_text("# Page\n")
    with pytest.raises(Usage, match=said):
        at(tmp_path, book=named)


def test_a_named_page_within_the_book_leaves_the_book_as_it_is(repository):
    assert at(repository, near="docs/operations/README.md").book == str(repository / "docs" / "operations")


def test_a_named_folder_outside_any_book_is_itself_the_book(repository):
    (repository / "examples").mkdir()
    config = at(repository, near="examples")
    assert (config.book, config.root) == (str(repository / "examples"), str(repository))


def test_the_ledger_lies_in_the_repository(repository):
    config = at(repository)
    assert config.db == f"sqlite:///{repository}/.opsbook/opsbook.db"
    assert config.state == f"{repository}/.opsbook"


def test_a_given_ledger_counts_from_the_working_directory(repository):
    config = at(repository / "docs", db="sqlite:///x/y.db")
    assert (config.db, config.state) == (f"sqlite:///{repository}/docs/x/y.db", f"{repository}/docs/x")


def test_a_ledger_on_postgresql_keeps_local_state_in_the_repository(repository):
    config = at(repository, environ={"OPSBOOK_DB": "postgresql://ops@db/ops"})
    assert (config.db, config.state) == ("postgresql://ops@db/ops", f"{repository}/.opsbook")


def test_a_node_may_be_named_by_its_environment(repository):
    assert at(repository).node == ""
    assert at(repository, environ={"OPSBOOK_NODE": " east-1 "}).node == "east-1"


@pytest.mark.parametrize("name", ["east/1", "a b", "x" * 101])
def test_a_name_that_cannot_be_part_of_a_lease_is_no_nodes(repository, name):
    with pytest.raises(Usage, match="no name of a node"):
        at(repository, environ={"OPSBOOK_NODE": name})


def test_a_refused_ledger_address_is_not_repeated_with_its_password(repository):
    with pytest.raises(Usage) as refused:
        at(repository, db="mysql://ops:hunter2@db/ops")
    assert "mysql" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_file_in_the_book_wins_over_the_one_in_the_repository(repository):
    (repository / "opsbook.toml").write_text("[lint]\nstale_days = 1\n")
    assert at(repository).stale_days == 1
    (repository / "docs" / "operations" / "opsbook.toml").write_text("[lint]\nstale_days = 2\n")
    config = at(repository)
    assert (config.stale_days, config.file) == (2, "docs/operations/opsbook.toml")


def test_the_file_may_name_the_book(repository):
    (repository / "ops").mkdir()
    (repository / "opsbook.toml").write_text('book = "ops"\n')
    assert at(repository / "docs").book == str(repository / "ops")


def test_a_ledger_in_the_file_counts_from_the_repository(repository):
    (repository / "opsbook.toml").write_text('db = "sqlite:///var/ops.db"\n')
    assert at(repository / "docs").db == f"sqlite:///{repository}/var/ops.db"


EVERYTHING = """
book = "ops"
db = "sqlite:///x.db"

[kinds]
"alerts/*.md" = "alert-runbook"

[headings]
troubleshooting = ["Fehlersuche"]

[required]
runbook = ["overview", "rollback"]

[severities]
critical = "P0"

[links]
style = "site"
site_root = "source"

[alerts]
rules = ["rules"]
runbook_keys = ["runbook_url"]
group_by = ["alertname"]
flap_window = "2 minutes"
resolve_timeout = "1 minute"
keep_days = 3
keep_mb = 16
tokens = "always"
mail_port = 2525

[alerts.url_bases]
"https://runbooks.example/" = "ops/alerts"

[lint]
select = ["stale"]
ignore = ["orphan-page"]
fail_on = "warning"
stale_days = 90
practised_days = 30
secret_allow = ["AKIA*EXAMPLE"]

[lint.severity]
stale = "info"

[lint.ignore_in]
"archive/**" = ["stale"]

[hosts]
db-1 = "10.0.0.5"

[groups]
databases = ["db-1"]

[approvers]
sre-leads = ["alice", "bob"]

[probes]
every = "30 seconds"
timeout = "5s"
allow = ["169.254.10.0/24"]

[probes.rewrite]
"127.0.0.1:8000" = "self"

[serve]
hosts = ["ops.example"]
public_url = "https://ops.example"
trusted_proxies = ["10.0.0.1"]
session = "8 hours"

[runs]
trusted = ["docs/operations/runbooks/db.md#backup"]
branches = ["release"]
lease = "5s"
keep_days = 7
keep_mb = 64
secret_folder = "/etc/opsbook/secrets"

[secrets]
vault = ["vault", "kv", "get", "-field=value"]

[ssh]
user = "deploy"
keys = ["keys/deploy"]
known_hosts = "keys/known_hosts"
python = "/usr/bin/python3"

[notify]
smtp = "smtp://mail.example"
from = "ops@example.org"
timeout = "5s"
webhook_secret = "env:WEBHOOKS"

[notify.channels]
"#ops" = "env:OPS_CHAT"

[paging]
catch_all = ["@ada"]
ack_timeout = "1 hour"
quiet_severities = ["P3"]
lease = "5s"
dead_man = "https://watch.example/ping"
synthetic = ["@ada"]
synthetic_every = "1 day"

[prometheus]
url = "http://127.0.0.1:9090"
token = "env:PROMETHEUS_TOKEN"
timeout = "2s"

[grafana]
url = "https://grafana.example"
dashboards = ["dashboards"]

[drills]
sandbox = ["sandbox-1"]

[status]
url = "https://status.example"
export = "public/status"
every = "1 minute"
push = ["rsync-it", "--fast"]

[oidc]
issuer = "https://id.example"
client_id = "opsbook"
scopes = ["openid"]
role_claim = "roles"
default_role = "responder"

[oidc.roles]
sre = "admin"

[alerts.reconcile]
main = "http://prometheus:9090"
"""


def test_every_setting_reaches_the_config(repository):
    (repository / "ops").mkdir()
    (repository / "opsbook.toml").write_text(EVERYTHING)
    config = at(repository)
    plain = at(repository, book="docs/operations")  # the same file, so the same settings
    assert plain.kinds == config.kinds == {"alerts/*.md": "alert-runbook"}
    assert config.headings == {"troubleshooting": ("Fehlersuche",)}
    assert config.required == {"runbook": ("overview", "rollback")}
    assert config.severities == {"critical": "P0"}
    assert (config.hosts, config.groups) == ({"db-1": "10.0.0.5"}, {"databases": ("db-1",)})
    assert config.approvers == {"sre-leads": ("alice", "bob")}
    assert (config.link_style, config.site_root) == ("site", "source")
    assert (config.rule_paths, config.runbook_keys) == (("rules",), ("runbook_url",))
    assert config.url_bases == {"https://runbooks.example/": "ops/alerts"}
    assert (config.select, config.ignore) == (("stale",), ("orphan-page",))
    assert (config.fail_on, config.stale_days) == ("warning", 90)
    assert config.practised_days == 30
    assert config.secret_allow == ("AKIA*EXAMPLE",)
    assert config.rule_severity == {"stale": "info"}
    assert config.ignore_in == {"archive/**": ("stale",)}
    assert (config.probe_every_s, config.probe_timeout_s, config.probe_allow) == (30.0, 5.0, ("169.254.10.0/24",))
    assert config.probe_rewrite == {"127.0.0.1:8000": "self"}
    assert (config.serve_hosts, config.public_url) == (("ops.example",), "https://ops.example")
    assert (config.trusted_proxies, config.session_s) == (("10.0.0.1",), 28_800.0)
    assert (config.run_trusted, config.run_branches) == (("docs/operations/runbooks/db.md#backup",), ("release",))
    assert (config.run_lease_s, config.run_keep_days, config.run_keep_mb) == (5.0, 7, 64)
    assert (config.group_by, config.flap_window_s, config.resolve_timeout_s) == (("alertname",), 120.0, 60.0)
    assert (config.raw_keep_days, config.raw_keep_mb) == (3, 16)
    assert (config.inlet_tokens, config.mail_port) == ("always", 2525)
    assert config.reconcile == {"main": "http://prometheus:9090"}
    assert (config.smtp, config.mail_from) == ("smtp://mail.example", "ops@example.org")
    assert config.channels == {"#ops": "env:OPS_CHAT"}
    assert (config.notify_timeout_s, config.webhook_secret) == (5.0, "env:WEBHOOKS")
    assert (config.catch_all, config.ack_timeout_s, config.quiet_severities) == (("@ada",), 3600.0, ("P3",))
    assert (config.paging_lease_s, config.dead_man) == (5.0, "https://watch.example/ping")
    assert (config.synthetic, config.synthetic_every_s) == (("@ada",), 86_400.0)
    assert (config.prometheus_url, config.prometheus_token) == ("http://127.0.0.1:9090", "env:PROMETHEUS_TOKEN")
    assert (config.prometheus_timeout_s, config.grafana_url) == (2.0, "https://grafana.example")
    assert (config.dashboard_paths, config.drill_sandbox) == (("dashboards",), ("sandbox-1",))
    assert (config.status_url, config.status_export) == ("https://status.example", "public/status")
    assert (config.status_every_s, config.status_push) == (60.0, ("rsync-it", "--fast"))
    assert config.secrets == {"vault": ("vault", "kv", "get", "-field=value")}
    assert config.secret_folder == "/etc/opsbook/secrets"
    assert (config.ssh_user, config.ssh_keys) == ("deploy", ("keys/deploy",))
    assert (config.ssh_known_hosts, config.ssh_python) == ("keys/known_hosts", "/usr/bin/python3")
    assert (config.oidc_issuer, config.oidc_client_id) == ("https://id.example", "opsbook")
    assert (config.oidc_scopes, config.oidc_role_claim) == (("openid",), "roles")
    assert (config.oidc_roles, config.oidc_default_role) == ({"sre": "admin"}, "responder")


def test_every_field_is_one_of_config_and_read_by_the_test_above():
    settings, _ = read_settings(EVERYTHING.encode(), "opsbook.toml")
    assert set(settings) == {field.into for field in FIELDS}
    assert set(settings) <= set(Config.__struct_fields__)


def test_a_key_knows_its_line(repository):
    (repository / "ops").mkdir()
    (repository / "opsbook.toml").write_text(EVERYTHING)
    config = at(repository)
    assert config.place("lint.stale_days") == "opsbook.toml:39"
    assert config.place("lint.ignore_in.archive/**") == "opsbook.toml:47"
    assert config.place("kinds.alerts/*.md") == "opsbook.toml:6"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lnt = 1", "f:1: There is no setting 'lnt'. Did you mean 'lint'?"),
        ("[lint]\n\nigonre = []", "f:3: There is no setting 'igonre' in [lint]. Did you mean 'ignore'?"),
        ("lint = 1", "f:1: 'lint' is a table: write [lint] on a line of its own."),
        ("[lint]\nstale_days = '6 months'", "f:2: 'lint.stale_days' is a whole number of days, such as 180."),
        ("[lint]\nstale_days = true", "f:2: 'lint.stale_days' is a whole number of days, such as 180."),
        ("[lint]\nfail_on = 'eror'", "f:2: 'lint.fail_on' cannot be 'eror'. Did you mean 'error'?"),
        ("[lint]\nselect = 'stale'", "f:2: 'lint.select' is a list of texts, such as [\"…\"]."),
        ("[kinds]\n'a.md' = 'runbok'", "f:2: 'a.md in [kinds]' cannot be 'runbok'. Did you mean 'runbook'?"),
        ("kinds = 3", "f:1: 'kinds' is a table: write [kinds] on a line of its own."),
        (
            "[severities]\ncritical = 'bad'",
            "f:2: 'critical in [severities]' cannot be 'bad'. It is one of P0, P1, P2, P3.",
        ),
        ("[required]\nrunboks = []", "f:2: [required] has no entry 'runboks'. Did you mean 'runbook'?"),
        ("[headings]\noverview = 'x'", "f:2: 'overview in [headings]' is a list of texts, such as [\"…\"]."),
        ("book = 3", "f:1: 'book' is a text in quotation marks."),
        ("[lint\n", "f:1:6: This is not TOML: "),
        ("a = " + "[" * 5000, "f:1: This file nests its values too deeply to be read."),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_a_guess(text, message):
    with pytest.raises(Usage) as refused:
        read_settings(text.encode(), "f")
    assert str(refused.value).startswith(message)


def test_everything_that_is_wrong_is_told_at_once_in_order():
    with pytest.raises(Usage) as refused:
        read_settings(b"[lint]\nfail_on = 'eror'\nstale_day = 3\n[link]\n", "f")
    assert [line.partition(": ")[0] for line in str(refused.value).split("\n")] == ["f:2", "f:3", "f:4"]


def test_a_byte_order_mark_and_windows_lines_are_read():
    settings, lines = read_settings(b"\xef\xbb\xbf[lint]\r\nstale_days = 7\r\n", "f")
    assert (settings, lines["lint.stale_days"]) == ({"stale_days": 7}, 2)


@given(st.binary(max_size=300) | st.text(alphabet="[]\"'=.#\n abklint0159{},", max_size=80).map(str.encode))
def test_reading_a_file_ends_in_settings_or_in_usage(content):
    try:
        settings, _ = read_settings(content, "f")
    except Usage as refused:
        assert str(refused).startswith("f:")
    else:
        assert set(settings) <= {field.into for field in FIELDS}


def test_a_file_that_vanishes_while_it_is_looked_for_is_told(repository, monkeypatch):
    file = repository / "opsbook.toml"
    monkeypatch.setattr(os.path, "isfile", lambda path: path == str(file))
    with pytest.raises(Usage, match=r"opsbook.toml cannot be read: No such file"):
        at(repository)


def test_what_the_environment_says_of_colour():
    assert wants_colour({}) is None
    assert wants_colour({"NO_COLOR": "1", "FORCE_COLOR": "1"}) is False
    assert wants_colour({"NO_COLOR": ""}) is None
    assert wants_colour({"TERM": "dumb"}) is False
    assert wants_colour({"FORCE_COLOR": "1"}) is True


def test_debugging_is_asked_for_in_the_environment():
    assert [wants_debug({"OPSBOOK_DEBUG": value}) for value in ("", "0", "1")] == [False, False, True]


def test_the_trusted_certificates_are_those_of_the_environment_else_the_systems():
    assert authorities({"SSL_CERT_FILE": "/etc/ours.pem"}) == "/etc/ours.pem"
    assert authorities({}) == "" or Path(authorities({})).is_file()


def test_a_step_never_gets_what_is_meant_for_opsbook_alone():
    environ = {"OPSBOOK_TOKEN": "x", "PROXY": "here"}
    assert [variable_for_steps(name, environ) for name in ("PROXY", "OPSBOOK_TOKEN", "NONE")] == ["here", None, None]
