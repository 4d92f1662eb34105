"""What hands messages over, put together from a Config, with the secrets that it needs. Only whoever pages has it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from opsbook import __version__
from opsbook.config import Config, authorities, environment_of_programs
from opsbook.wire_runs import build_secrets

if TYPE_CHECKING:
    from opsbook.adapters.notifying import WorkerNotifier


def build_notifier(config: Config, address: str) -> WorkerNotifier:
    """The notifier of a configuration, with one worker ready; close it at the end. `address` is how people reach this
    server."""
    from opsbook.adapters.notifying import WorkerNotifier  # only whoever pages needs it
    from opsbook.adapters.notifying.routes import Routes, Settings
    from opsbook.book.grammar import Secret

    secrets = build_secrets(config)

    def fetch(name: str) -> str:
        source, _, path = name.partition(":")
        return secrets.fetch(Secret("of notifications", source, path))

    settings = Settings(
        smtp=config.smtp, sender=config.mail_from or f"opsbook@{socket.gethostname()}", channels=config.channels,
        webhook_secret=config.webhook_secret, allowed=config.probe_allow, sources=("env", "file", *config.secrets),
        source=config.public_url or address, agent=f"Opsbook/{__version__}",
    )  # fmt: skip
    trusted = authorities()  # Apprise's library brings its own authorities, and would not know those of this machine
    environment = {**environment_of_programs(), **({"REQUESTS_CA_BUNDLE": trusted} if trusted else {})}
    notifier = WorkerNotifier(
        Routes(settings, fetch), timeout_s=config.notify_timeout_s, environment=environment
    )
    notifier.warm()
    return notifier

