"""Reading paths by the API: all, one with one's own progress, a section read or not. Each is one verb."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar.exceptions import NotFoundException
from msgspec import Meta, Struct

from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import actor_of, desk_of
from opsbook.entrypoints.web.path_pages import path_of, readings_of
from opsbook.ground.errors import Usage
from opsbook.usecases.reading import may_see_others, progress, progress_model
from opsbook.usecases.reading_paths import ReadingPath, path_names

ONE = "/paths/{kind}/{name}"


class PathNameModel(Struct):
    """A path that there is."""

    kind: Literal["service", "role"]
    name: str
    title: str
    about: str


class PathList(Struct):
    """All that there are: roles first, then services by name."""

    paths: list[PathNameModel]


class PathSectionModel(Struct):
    """A section of a path; `changed`: it was read, and says something else since."""

    section: str
    path: str
    anchor: str | None
    title: str
    page: str
    part: str
    words: int
    minutes: int
    digest: str
    state: Literal["unread", "read", "changed"]
    read_at: str | None


class PathModel(Struct):
    """A path and how far whoever asks is along it; `finished` is null for whom it is no business."""

    kind: Literal["service", "role"]
    name: str
    title: str
    about: str
    owner: str | None
    minutes: int
    minutes_left: int
    read: int
    of: int
    changed: int
    next: str | None
    is_finished: bool
    drill: str | None
    finished: list[str] | None
    sections: list[PathSectionModel]


class ReadBody(Struct, forbid_unknown_fields=True):
    """Which section, by its PAGE#ANCHOR, its anchor, its number or its title; `is_read` false takes it back."""

    section: Annotated[str, Meta(max_length=2000)]
    is_read: bool = True


@operation("GET", "/paths", PathList, group="book")
def path_list(request: Asks) -> dict[str, Any]:
    """The reading paths of the book, for roles and for services"""
    names = path_names(desk_of(request).library.snapshot())
    return {"paths": [{"kind": e.kind, "name": e.name, "title": e.title, "about": e.about} for e in names]}


@operation("GET", ONE, PathModel, also=(404,), group="book")
def path_one(request: Asks) -> dict[str, Any]:
    """A reading path, and how far whoever asks is along it"""
    actor = actor_of(request)
    path, readings = _path(request), readings_of(desk_of(request))
    me, role = (actor.name, actor.role) if actor is not None else ("", "")
    finished = readings.finished(path) if may_see_others(path, me, role) else None
    return progress_model(progress(path, readings.marks(me)), finished)


@operation("POST", ONE, PathModel, act="own-account", body=ReadBody, also=(404,), group="book")
def path_read(request: Asks, body: ReadBody) -> dict[str, Any]:
    """Notes that one has read a section as it is now, or takes that back"""
    actor, path, readings = signed_in(request), _path(request), readings_of(desk_of(request))
    made = readings.mark(actor.name, path, body.section, is_read=body.is_read)
    return progress_model(made, readings.finished(path) if may_see_others(path, actor.name, actor.role) else None)


def _path(request: Asks) -> ReadingPath:
    given = request.path_params
    try:
        return path_of(desk_of(request), str(given["kind"]), str(given["name"]).replace("%2F", "/"))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


ROUTES = (path_list, path_one, path_read)
