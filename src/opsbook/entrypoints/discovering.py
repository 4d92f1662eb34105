"""What the verbs of discovery on the command line share: gathering, writing new pages, proposing changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from opsbook.entrypoints.options import Shared

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.proposal import Proposal
    from opsbook.usecases.discovery import Discovery
    from opsbook.usecases.monitoring_ports import Monitored


class Asked(Struct, frozen=True):
    """Folders and files (absolute), addresses of Prometheus, paths of rule files."""

    paths: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def discovered(config: Config, asked: Asked, *, is_told: bool = False) -> Discovery:
    """What is deployed, against the book; with `is_told` a long walk says on standard error how far it is."""
    from datetime import date

    from opsbook.entrypoints.linting import alerting_of
    from opsbook.usecases.discovery import discover
    from opsbook.usecases.gathering import Sought, gathered
    from opsbook.wire import build_book, build_deployment_files, build_seed, lint_settings

    source = build_book(config)
    servers = tuple(_monitored(config, address) for address in asked.servers or _configured(config))
    sought = Sought(asked.paths, alerting_of(config, asked.rules, {}), servers)

    def told(seen: int) -> None:
        if is_told:
            click.echo(f"{seen} files and folders looked at …", err=True)

    known = gathered(build_deployment_files(config), source, sought, told)
    return discover(source, build_seed(), known, lint_settings(config), today=date.today())


def _configured(config: Config) -> tuple[str, ...]:
    return (config.prometheus_url,) if config.prometheus_url else ()


def _monitored(config: Config, address: str) -> Monitored:
    """The Prometheus at an address; the secret of the configured one is given to no other."""
    from msgspec.structs import replace

    from opsbook.wire import build_monitored

    token = config.prometheus_token if address == config.prometheus_url else ""
    return build_monitored(replace(config, prometheus_url=address, prometheus_token=token))


def write_new(config: Config, found: Discovery) -> tuple[str, ...]:
    """Writes the runbooks that are not there, all or none, and gives the paths of those that were written."""
    from opsbook.wire import build_file_maker

    pages = {os.path.relpath(os.path.join(config.root, each.path), config.book).replace(os.sep, "/"): each
             for each in found.services if each.is_new}  # fmt: skip
    created = build_file_maker(config.book).create({path: each.after for path, each in pages.items()})
    return tuple(pages[path].path for path in created)


def propose_changes(shared: Shared, found: Discovery) -> tuple[Proposal, ...]:
    """Puts each change of a page that is there on a branch of its own; one that is proposed already stays as it is."""
    from opsbook.entrypoints.incident_terminal import incident_terminal
    from opsbook.entrypoints.people import who_acts
    from opsbook.usecases.discovery_proposals import proposed

    with incident_terminal(shared) as terminal:
        by = who_acts(terminal.config, terminal.ledger, "edit-page")
        terminal.only_online("A change of a page cannot be proposed")
        return tuple(proposed(terminal.desk.proposals, found, by=by, author=terminal.author(by)))

