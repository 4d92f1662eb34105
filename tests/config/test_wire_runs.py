"""What a configuration becomes for runs: the inventory, the machines, the sources of secrets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from opsbook.adapters.this_machine import node_name
from opsbook.book.grammar import Secret
from opsbook.config import Config, load
from opsbook.ground.errors import Failure, Refusal
from opsbook.run_parts import build_run_parts
from opsbook.wire_runs import build_hosts, build_inventory, build_secrets


def configured(folder: Path, text: str) -> Config:
    (folder / "a.md").write_text("# A\n")
    (folder / "opsbook.toml").write_text(text)
    return load(book=str(folder), environ={})


def test_who_runs_is_the_node_that_was_named_else_this_machine(tmp_path):
    def node(environ):
        with build_run_parts(load(book=str(tmp_path), environ=environ)) as parts:
            return parts.node, parts.owner.partition("/")[0]

    configured(tmp_path, "")
    assert node({"OPSBOOK_NODE": "east-1"}) == ("east-1", "east-1")
    assert node({}) == (node_name(), node_name())


def test_plans_know_the_hosts_groups_approvers_and_what_is_trusted(tmp_path):
    inventory = build_inventory(configured(tmp_path, """
[hosts]
web-1 = "10.0.0.7"
[groups]
web = ["web-1"]
[approvers]
sre = ["ada"]
[runs]
trusted = ["a.md#clean"]
"""))  # fmt: skip
    assert (inventory.hosts, inventory.groups) == (("web-1",), {"web": ("web-1",)})
    assert (inventory.approvers, inventory.trusted) == ({"sre": ("ada",)}, frozenset({"a.md#clean"}))


def test_secrets_come_from_the_environment_the_folder_and_programs(tmp_path, monkeypatch):
    monkeypatch.setenv("OPSBOOK_SECRET_TOKEN", "from-variable")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "pass").write_text("from-file\n")
    script = "import os, sys; print(sys.argv[1], os.environ.get('OPSBOOK_SECRET_TOKEN'))"
    secrets = build_secrets(configured(tmp_path, f"""
[runs]
secret_folder = "kept"
[secrets]
vault = ["{sys.executable}", "-c", "{script}"]
"""))  # fmt: skip
    fetched = [secrets.fetch(Secret("X", *which)) for which in (("env", "TOKEN"), ("file", "pass"), ("vault", "web/db"))]
    assert fetched == ["from-variable", "from-file", "web/db None"]
    assert secrets.mark("x") == build_secrets(configured(tmp_path, "")).mark("x")
    assert (tmp_path / ".opsbook" / ".gitignore").read_text() == "*\n"


def test_hosts_are_reached_as_configured_and_none_before_it_is_needed(tmp_path):
    hosts = build_hosts(configured(tmp_path, """
[hosts]
web-1 = "127.0.0.1:1"
[ssh]
known_hosts = "pinned"
"""))  # fmt: skip
    assert hosts.names() == ("web-1",)
    with pytest.raises(Refusal):
        hosts.host("web-2")
    with pytest.raises(Failure, match=rf"there is no such file, in {tmp_path}/pinned"):
        hosts.host("web-1").look("r1/1.1@web-1")
    hosts.close()


def test_what_steps_print_beside_a_ledger_in_a_folder_of_others_stays_out_of_their_git(tmp_path):
    config = configured(tmp_path, "")
    (tmp_path / "kept").mkdir()
    build_hosts(replace(config, state=str(tmp_path / "kept"))).close()
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["runs"]
    assert (tmp_path / "kept" / "runs" / ".gitignore").read_text() == "*\n"
