"""Calendars that others keep: where they come from, and where the last good copies are kept, by a Config."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opsbook.config import Config

if TYPE_CHECKING:
    from opsbook.adapters.calendars import CalendarFolder
    from opsbook.book.roster.values import Imported
    from opsbook.usecases.imported_calendars import ImportedCalendars

_FOLDER = "calendars"  # in the folder of state


def build_calendars(config: Config) -> ImportedCalendars:
    """What the calendars say that a book names, with the last good copies in the folder of state."""
    from opsbook.usecases.imported_calendars import ImportedCalendars
    from opsbook.usecases.watch import in_background

    return ImportedCalendars(_shelf(config), now=_now, in_background=in_background)


def kept_calendars(config: Config) -> Mapping[str, Imported]:
    """The last good copies alone; asks nobody."""
    return _shelf(config).load() if os.path.isdir(os.path.join(config.state, _FOLDER)) else {}


def _shelf(config: Config) -> CalendarFolder:
    from opsbook.adapters.calendars import CalendarFolder

    return CalendarFolder(config.root, os.path.join(config.state, _FOLDER))


def _now() -> datetime:
    return datetime.now(UTC)
