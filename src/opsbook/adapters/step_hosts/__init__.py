"""The machines that steps are done on: this one, and those of the inventory over SSH."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from opsbook.adapters.step_hosts.inventory import Place, SshSettings, read_place
from opsbook.book.plan import LOCAL
from opsbook.ground.errors import Refusal
from opsbook.ground.guesses import closest

if TYPE_CHECKING:
    from opsbook.adapters.step_hosts.ssh_runner import SshConnections
    from opsbook.adapters.step_hosts.talk import ShimHost

# What hosts remember of runs: longer than any run is open, and our own record of outputs is kept by its own measure.
KEPT_DAYS = 30


class Machines:
    """The inventory: `hosts` are names with their addresses as they are written, `groups` names with their hosts.
    `folder` is where this machine remembers what it does. None is connected to before a step needs it."""

    def __init__(
        self, folder: str, hosts: Mapping[str, str], groups: Mapping[str, tuple[str, ...]], settings: SshSettings
    ) -> None:
        self._folder = folder
        self._hosts = hosts
        self._groups = groups
        self._settings = settings
        self._connections: SshConnections | None = None
        self._known: dict[str, ShimHost] = {}
        self._one_at_a_time = threading.Lock()

    def host(self, target: str) -> ShimHost:
        """The machine of that name, LOCAL for this one; raises Refusal, with a guess, where there is none."""
        with self._one_at_a_time:
            known = self._known.get(target)
            if known is None:
                known = self._known[target] = self._made(target)
            return known

    def members(self, group: str) -> tuple[str, ...] | None:
        """The hosts of a group, None where there is no such group."""
        return self._groups.get(group)

    def names(self) -> tuple[str, ...]:
        """All hosts."""
        return tuple(self._hosts)

    def close(self) -> None:
        """Lets go of connections and of what watches here; what runs goes on."""
        with self._one_at_a_time:
            for host in self._known.values():
                host.close()
            self._known.clear()
            if self._connections is not None:
                self._connections.close()
                self._connections = None

    def _made(self, target: str) -> ShimHost:
        # Imported when they are needed: who asks for names alone, or works on this machine alone, pays for no asyncssh.
        if target == LOCAL:
            from opsbook.adapters.step_hosts.shell_runner import local_host

            return local_host(self._folder)
        place = self._place(target)
        from opsbook.adapters.step_hosts.shim import preamble
        from opsbook.adapters.step_hosts.ssh_runner import SshConnections
        from opsbook.adapters.step_hosts.talk import ShimHost

        self._connections = self._connections or SshConnections(self._settings)
        begin = partial(self._connections.begin, place, preamble())
        return ShimHost(
            begin, self._settings.folder, name=target, patience_s=self._settings.patience_s, keep_days=KEPT_DAYS
        )

    def _place(self, target: str) -> Place:
        written = self._hosts.get(target)
        if written is None:
            near = closest(target, (*self._hosts, LOCAL))
            guess = f" Did you mean '{near}'?" if near else ""
            mend = f' Write {target} = "USER@ADDRESS:PORT" in [hosts] of opsbook.toml.' if not guess else ""
            raise Refusal(f"There is no host '{target}'.{guess}{mend}")
        place = read_place(target, written, self._settings.user)
        if place is None:
            raise Refusal(f"'{written}' is no address of the host '{target}'. Write such as \"deploy@10.0.0.7:22\".")
        return place
