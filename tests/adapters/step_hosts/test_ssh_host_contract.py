"""A machine behind SSH keeps the contract of hosts, over one connection to a real sshd."""

from __future__ import annotations

import sys

import pytest
from tests.adapters.step_hosts.step_host_contract import *  # noqa: F403

from opsbook.adapters.step_hosts import Machines
from opsbook.adapters.step_hosts.inventory import SshSettings


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("there") / "runs"


@pytest.fixture(scope="module")
def host(sshd, runs):
    settings = SshSettings(sshd.known_hosts, (sshd.key,), python=sys.executable, folder=str(runs))
    machines = Machines(str(runs.parent / "here"), {"there": sshd.address}, {}, settings)
    yield machines.host("there")
    machines.close()
