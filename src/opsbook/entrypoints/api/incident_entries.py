"""What is written down during an incident, by the API: entries, files, tasks, action items. Each is one verb."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import ClientException, NotFoundException

from opsbook.entrypoints.api import incident_models as models
from opsbook.entrypoints.api.incident_answer import (
    ChatAnswer,
    EntryModel,
    IncidentModel,
    TimelineModel,
    answer,
    timeline_answer,
)
from opsbook.entrypoints.api.incidents import ONE, by, incidents_of, named
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.figured import zone_asked
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.incident import stream_of
from opsbook.usecases.chat_import import entries_of, read_chat
from opsbook.usecases.incident_shown import entry_model


@operation("GET", ONE + "/timeline", TimelineModel, query=models.TimelineQuery, group="incidents")
def timeline(request: Asks, query: models.TimelineQuery) -> dict[str, Any]:
    """Entries of an incident, the newest first"""
    return timeline_answer(request, named(request), query)


@operation("GET", ONE + "/entry", EntryModel, query=models.EntryQuery, group="incidents")
def entry(request: Asks, query: models.EntryQuery) -> dict[str, Any]:
    """One entry by its key, with what it said before it was corrected"""
    incident = named(request)
    found = desk_of(request).incident_desk.timelines.entry(incident, query.key)
    if found is None:
        raise NotFoundException(f"The timeline of {incident.name} has no entry '{query.key[:80]}'.")
    return entry_model(found)


@operation("POST", ONE + "/chat", ChatAnswer, act="respond", body=models.ChatBody, also=(409, 413), group="incidents")
def chat(request: Asks, body: models.ChatBody) -> dict[str, Any]:
    """Writes each message of a copied chat where it happened; those that are there already are passed over"""
    incident, zone = named(request), zone_asked(body.time_zone)
    day = body.day or (incident.started_at or incident.declared_at).astimezone(zone).date()
    read = read_chat(body.text, day, zone)
    if not read.messages:
        raise Usage("Nothing of it could be read: a message begins with a time and a name, as in [03:12] ada: …")
    said = [] if body.only_look else list(entries_of(read))
    after = incidents_of(request).import_chat(incident.id, by(request), said) if said else incident
    keys = {key for _, _, key in said}
    news = desk_of(request).ledger.read(stream_of(incident.id), incident.version) if said else []
    return {
        "messages": [{"at": each.at, "who": each.who, "text": each.text, "line": each.line} for each in read.messages],
        "left_out": [{"line": line, "text": text} for line, text in read.left_out], "is_cut": read.is_cut,
        "added": sum(1 for each in news if each.facts.get("key") in keys), "version": after.version,
    }  # fmt: skip


@operation("POST", ONE + "/notes", IncidentModel, act="respond", body=models.NoteBody, also=(409,), group="incidents")
def note(request: Asks, body: models.NoteBody) -> dict[str, Any]:
    """Writes an entry"""
    return answer(request, incidents_of(request).note(
        named(request).id, by(request), body.text, kind=body.kind, happened_at=body.happened_at, link=body.link,
        key=body.key,
    ))  # fmt: skip


@operation("POST", ONE + "/files", IncidentModel, act="respond", query=models.FileQuery,
           takes="application/octet-stream", also=(409, 413), group="incidents")  # fmt: skip
def add_file(request: Asks, query: models.FileQuery, body: bytes) -> dict[str, Any]:
    """Keeps a file or picture as an entry; the body is the file, of the type that its header says"""
    media_type = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
    if not body:
        raise ClientException("The body is the file, and it is empty.")
    return answer(request, incidents_of(request).note(
        named(request).id, by(request), query.text or query.name, kind="file",
        files=[(query.name, media_type, body)],
    ))  # fmt: skip


@operation("GET", ONE + "/files/{digest}", bytes, media="application/octet-stream", group="incidents")
def read_file(request: Asks) -> Response[bytes]:
    """A file of an entry, to be kept and not to be shown"""
    named(request)
    content = incidents_of(request).file(str(request.path_params["digest"]))
    if content is None:
        raise NotFoundException("There is no such file, or it is not kept any more.")
    return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": "attachment"})


@operation("POST", ONE + "/corrections", IncidentModel, act="respond", body=models.CorrectBody, also=(409,),
           group="incidents")  # fmt: skip
def correct(request: Asks, body: models.CorrectBody) -> dict[str, Any]:
    """Puts an entry right; what it said stays to be seen"""
    return answer(request, incidents_of(request).correct(
        named(request).id, by(request), body.entry, body.why, text=body.text, happened_at=body.happened_at,
        is_struck=body.is_struck,
    ))  # fmt: skip


@operation("POST", ONE + "/pins", IncidentModel, act="respond", body=models.PinBody, also=(409,), group="incidents")
def pin(request: Asks, body: models.PinBody) -> dict[str, Any]:
    """Puts an entry on top, or back to its place"""
    return answer(request, incidents_of(request).pin(named(request).id, by(request), body.entry, body.is_pinned))


@operation("POST", ONE + "/tasks", IncidentModel, act="respond", body=models.TaskBody, also=(409,), group="incidents")
def add_task(request: Asks, body: models.TaskBody) -> dict[str, Any]:
    """One more thing to do"""
    return answer(request, incidents_of(request).add_task(
        named(request).id, by(request), body.text, role=body.role, owner=body.owner
    ))  # fmt: skip


@operation("POST", ONE + "/tasks/{task}", IncidentModel, act="respond", body=models.TaskStateBody, also=(404, 409),
           group="incidents")  # fmt: skip
def set_task(request: Asks, body: models.TaskStateBody) -> dict[str, Any]:
    """A task is done, open again, dropped, or somebody's"""
    return answer(request, incidents_of(request).set_task(
        named(request).id, by(request), number(request, "task"), body.state, owner=body.owner, why=body.why
    ))  # fmt: skip


@operation("POST", ONE + "/actions", IncidentModel, act="respond", body=models.ActionBody, also=(409,),
           group="incidents")  # fmt: skip
def add_action(request: Asks, body: models.ActionBody) -> dict[str, Any]:
    """An action item, which goes into the report"""
    return answer(request, incidents_of(request).promise(
        named(request).id, by(request), body.text, owner=body.owner, due=body.due, kind=body.kind, proof=body.proof
    ))  # fmt: skip


@operation("POST", ONE + "/actions/{action}", IncidentModel, act="respond", body=models.ActionStateBody,
           also=(404, 409), group="incidents")  # fmt: skip
def set_action(request: Asks, body: models.ActionStateBody) -> dict[str, Any]:
    """What became of an action item"""
    told = {name: value for name, value in (("owner", body.owner), ("due", body.due)) if value is not None}
    return answer(request, incidents_of(request).set_promise(
        named(request).id, by(request), number(request, "action"), body.state, why=body.why, **told
    ))  # fmt: skip


def number(request: Asks, name: str) -> int:
    """The number that the address names; raises Usage where it is none."""
    word = str(request.path_params[name])
    if not word.isdecimal() or len(word) > 9:
        raise Usage(f"'{word[:40]}' is no number; each {name} has one.")
    return int(word)


ROUTES = (timeline, entry, chat, note, add_file, read_file, correct, pin, add_task, set_task, add_action, set_action)
