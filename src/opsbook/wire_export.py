"""An export's part of the wiring: the folder it goes to, the assets it takes along, the workers that write it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from opsbook import __version__
from opsbook.config import Config
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.lint import Scope
from opsbook.wire import build_book, build_repository, lint_scope
from opsbook.wire_calendars import kept_calendars
from opsbook.wire_duties import verified_people
from opsbook.wire_ledger import practised

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Exported, Site

ASSETS = os.path.join(os.path.dirname(__file__), "entrypoints", "assets")


def export_site_to(config: Config, folder: str, base_url: str = "") -> Exported:
    """Has the whole book as a site in a folder. Raises Refusal where others' files lie there."""
    from opsbook.adapters.exported_folder import ExportedFolder
    from opsbook.adapters.forked_goes import ForkedGoes
    from opsbook.usecases.static_site import export_site

    site = site_of(config, base_url)
    scope = _scope(config, site.at.date())
    return export_site(build_book(config), scope, site, exporters=ForkedGoes(), out=ExportedFolder(folder))


def export_bundle_to(config: Config, file: str, *, with_contacts: bool = False) -> Exported:
    """Has the whole book as one file. Raises Refusal where the file is somebody else's."""
    from opsbook.adapters.exported_file import write_file
    from opsbook.usecases.static_site.bundle import GENERATOR

    done, html = bundle_of(config, with_contacts=with_contacts)
    return replace(done, changed=int(write_file(file, html, GENERATOR.encode())))


def export_pdf_to(config: Config, file: str, wanted: Sequence[str] = ()) -> Exported:
    """Has the book, or these pages of it, as PDF. Raises Usage for a page that is not there."""
    from opsbook.adapters.chromium import pdf_of
    from opsbook.adapters.exported_file import write_file
    from opsbook.adapters.exported_folder import ExportedFolder
    from opsbook.adapters.forked_goes import ForkedGoes
    from opsbook.usecases.static_site import export_print

    site = site_of(config)
    source, scope = build_book(config), _scope(config, site.at.date())
    with tempfile.TemporaryDirectory(prefix="opsbook-export-") as folder:
        done, html = export_print(
            source, scope, site, exporters=ForkedGoes(), scratch=ExportedFolder(folder), wanted=wanted
        )
    write_file(file, pdf_of(html), b"%PDF")
    return done


def install_hook(config: Config, *, site: str, bundle: str, program: str) -> list[str]:
    """Has git export again after each commit and merge; the files that do it. Raises Refusal where others' lie."""
    from opsbook.adapters.git_hooks import GitHooks

    return GitHooks(config.root).install(config.book, site=site, bundle=bundle, program=program)


def remove_hook(config: Config) -> list[str]:
    """Ends that; the files that were removed."""
    from opsbook.adapters.git_hooks import GitHooks

    return GitHooks(config.root).remove()


def bundle_of(config: Config, *, with_contacts: bool = False) -> tuple[Exported, bytes]:
    """The whole book as one file."""
    from opsbook.adapters.exported_folder import ExportedFolder
    from opsbook.adapters.forked_goes import ForkedGoes
    from opsbook.usecases.static_site import export_bundle

    site = site_of(config)
    source, scope = build_book(config), _scope(config, site.at.date())
    contacts = _private_contacts(config) if with_contacts else None
    with tempfile.TemporaryDirectory(prefix="opsbook-export-") as folder:
        return export_bundle(
            source, scope, site, exporters=ForkedGoes(), scratch=ExportedFolder(folder), contacts=contacts
        )


def _scope(config: Config, today: date) -> Scope:
    """What lint asks, with what the ledger says of practice and contacts where one can be read now: as pages are
    served."""
    scope = lint_scope(config, today)
    settings = replace(scope.settings, calendars=kept_calendars(config))
    with suppress(Refusal, Usage, Failure):  # what the ledger tells only helps
        settings = replace(settings, practised=practised(config), verified=verified_people(config, build_book(config)))
    return replace(scope, settings=settings)


def _private_contacts(config: Config) -> dict[str, list[tuple[str, str]]]:
    """How people told Opsbook alone that they are reached, by their names as compared."""
    from opsbook.alert_parts import build_contacts
    from opsbook.book.roster.values import plain_name
    from opsbook.usecases.duty_book import duty_book
    from opsbook.wire_ledger import build_ledger

    book = duty_book(build_book(config), with_services=False)
    ledger = build_ledger(config)
    try:
        people = build_contacts(ledger, lambda: book).people()
        return {
            plain_name(person.handle or person.name): [(each.kind, each.address) for each in person.contacts]
            for person in people
        }
    finally:
        ledger.close()


def site_of(config: Config, base_url: str = "") -> Site:
    """What a site of this configuration is made of besides the pages, now."""
    from opsbook.adapters.built_assets import read_assets
    from opsbook.usecases.static_site import Site

    changes = build_repository(config).history(build_book(config).book, 1)
    commit = changes[0].commit if changes else None
    return Site(
        read_assets(ASSETS), __version__, datetime.now(UTC), commit=commit, base_url=base_url,
        calendars=kept_calendars(config), catch_all=config.catch_all, severities=config.severities,
    )  # fmt: skip
