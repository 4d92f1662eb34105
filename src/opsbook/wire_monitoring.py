"""What asks the monitoring, from a Config."""

from __future__ import annotations

from opsbook.config import Config
from opsbook.usecases.monitoring_ports import Monitored


def build_monitored(config: Config) -> Monitored:
    """The Prometheus of a configuration; where none is configured, one whose `address` is empty. Asks nothing yet."""
    from opsbook.adapters.prometheus_server import PrometheusServer  # inside: few ask it

    return PrometheusServer(
        config.prometheus_url, token=lambda: _token(config), limit_s=config.prometheus_timeout_s
    )  # fmt: skip


def _token(config: Config) -> str:
    if not config.prometheus_token:
        return ""
    from opsbook.book.grammar import Secret
    from opsbook.wire_runs import build_secrets

    source, _, path = config.prometheus_token.partition(":")
    return build_secrets(config).fetch(Secret("of Prometheus", source, path))
