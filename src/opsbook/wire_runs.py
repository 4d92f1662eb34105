"""What runs need of the world, from a Config: machines, secrets, and the inventory that plans are made with."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from opsbook.config import Config, environment_of_programs, secret_variables
from opsbook.usecases.run_ports import Inventory

if TYPE_CHECKING:
    from opsbook.adapters.secret_sources import Secrets
    from opsbook.adapters.step_hosts import Machines


def build_inventory(config: Config) -> Inventory:
    """What plans need to know of a configuration."""
    return Inventory(tuple(config.hosts), config.groups, config.approvers, frozenset(config.run_trusted))


def build_hosts(config: Config) -> Machines:
    """The machines that steps are done on; none is connected to before a step needs it. Close them at the end."""
    from opsbook.adapters.step_hosts import Machines  # this and the next: only a runner has steps done
    from opsbook.adapters.step_hosts.inventory import SshSettings

    runs = os.path.join(config.state, "runs")
    _make_state_folder(config.state)
    if not os.path.exists(os.path.join(config.state, ".gitignore")):
        _make_state_folder(runs)  # a ledger beside what is somebody else's: what steps print stays out of their git
    settings = SshSettings(
        known_hosts=config.path(config.ssh_known_hosts or "~/.ssh/known_hosts"),
        keys=tuple(config.path(key) for key in config.ssh_keys), user=config.ssh_user, python=config.ssh_python,
    )  # fmt: skip
    return Machines(runs, config.hosts, config.groups, settings)


def build_secrets(config: Config) -> Secrets:
    """Where secrets come from, as configured and as the environment has them now."""
    from opsbook.adapters.secret_sources import Secrets  # only runs and plans with secrets need them

    _make_state_folder(config.state)
    return Secrets(
        secret_variables(), config.path(config.secret_folder) if config.secret_folder else "", config.secrets,
        environment=environment_of_programs(), key_file=os.path.join(config.state, "secret-marks.key"),
    )  # fmt: skip


def _make_state_folder(folder: str) -> None:
    """Makes the folder where it can: whoever writes there tells on its own why it cannot."""
    from opsbook.adapters.state_folder import make_state_folder

    with suppress(OSError):
        make_state_folder(folder)
