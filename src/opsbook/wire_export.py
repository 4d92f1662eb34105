"""An export's part of the wiring: the folder it goes to, the assets it takes along, the workers that write it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opsbook import __version__
from opsbook.config import Config
from opsbook.wire import build_book, lint_scope
from opsbook.wire_calendars import kept_calendars

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Exported, Site

ASSETS = os.path.join(os.path.dirname(__file__), "entrypoints", "assets")


def export_site_to(config: Config, folder: str, base_url: str = "") -> Exported:
    """Has the whole book as a site in a folder. Raises Refusal where others' files lie there."""
    from opsbook.adapters.exported_folder import ExportedFolder
    from opsbook.adapters.forked_goes import ForkedGoes
    from opsbook.usecases.static_site import export_site

    site = site_of(config, base_url)
    scope = lint_scope(config, site.at.date())
    return export_site(build_book(config), scope, site, exporters=ForkedGoes(), out=ExportedFolder(folder))


def site_of(config: Config, base_url: str = "") -> Site:
    """What a site of this configuration is made of besides the pages, now."""
    from opsbook.adapters.built_assets import read_assets
    from opsbook.usecases.static_site import Site

    return Site(
        read_assets(ASSETS), __version__, datetime.now(UTC), base_url=base_url, calendars=kept_calendars(config),
        catch_all=config.catch_all, severities=config.severities,
    )  # fmt: skip
