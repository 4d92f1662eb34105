"""This machine keeps the contract of hosts, and what only this one can be asked."""

from __future__ import annotations

import pytest
from tests.adapters.step_hosts.step_host_contract import *  # noqa: F403

from opsbook.adapters.step_hosts.shell_runner import local_host


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def host(runs):
    host = local_host(str(runs))
    yield host
    host.close()
