"""The description of the API as OpenAPI 3.1, made of what the operations declare. Answers nothing else."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import fields

from opsbook import __version__
from opsbook.entrypoints.api.models import Problem, SaveConflict
from opsbook.entrypoints.api.operation import OPERATIONS, PREFIX, Operation
from opsbook.entrypoints.problems import PROBLEM
from opsbook.usecases.authority import ACTS, PUBLIC

WHEN = {
    304: "The page is what If-None-Match names.",
    400: "A parameter or the body cannot be read; `detail` names which and why.",
    401: "Nobody in particular may do this, or the token is not good.",
    403: "The role or the token does not allow it, or a page of another site asked.",
    404: "There is nothing of that name.",
    405: "The address does not take the method.",
    409: "It cannot be done now; nothing has changed.",
    413: "The body is larger than Opsbook takes.",
    415: "The body is not of the type that is taken.",
    421: "The Host is none of this server's.",
    428: "The change does not say what it is based on.",
    502: "The book cannot be read or git refused.",
    503: "The ledger or the book does not answer for the moment, or as many streams are open as the server takes.",
}
PARAMETERS = {
    "path": "The path of a page from the root of the repository; slashes may stand in it as they are.",
    "service": "The name of a service, as GET /services lists it.",
    "run": "The id of a run, or the only beginning of one.",
    "alert": "The id of an alert, or the only beginning of one, or a name: the newest of that name is meant.",
    "silence": "The id of a silence, or the only beginning of one.",
    "number": "The number of a step, as the run has it: `2`, `2.1`, `verify.1`.",
    "calendar": "The id of a calendar's secret address, as GET /calendars lists it.",
    "name": "The name of an inlet, a heartbeat or a reading path, as their lists have it.",
    "kind": "`service` or `role`: what a reading path is for.",
    "id": "The id of what was received, as GET /bodies lists it.",
    "paged": "The id of a page that wakes people, or the only beginning of one; `last` is the one that began last.",
    "token": "The public id of an inlet's token, which is no secret.",
    "key": "The key of a probe, as GET /probes lists it.",
    "handle": "Somebody's handle, or `me` for whoever asks.",
    "contact": "The id of a contact, such as `email` or `own-sms`.",
    "incident": "The number of an incident (`14` or `INC-14`), or its id.",
    "digest": "The digest of a file, as the entry has it.",
    "task": "The number of a task, as the incident has it.",
    "action": "The number of an action item, as the incident has it.",
    "update": "The number of a status update, as the incident has it.",
    "subscription": "The id of a subscription, as GET /subscriptions lists it.",
    "maintenance": "The id of planned work, as GET /maintenances lists it, or the only beginning or end of one.",
    "proposal": "The id of a proposal, as GET /proposals lists it.",
    "drill": "The id of a drill, or the only beginning of one; `last` is the one that was planned last.",
}
ABOUT = (
    "Everything that the pages of Opsbook show. Reading is open on the machine that serves; everything else needs a"
    " token (`Authorization: Bearer …`) or the session of a browser, whose changes carry `X-CSRF-Token`."
)


@cache
def described() -> bytes:
    """The whole description as JSON."""
    return msgspec.json.encode(description())


def description() -> dict[str, Any]:
    """The whole description."""
    kinds = [kind for each in OPERATIONS for kind in (each.answer, each.body) if _is_struct(kind)]
    schemas, components = msgspec.json.schema_components(
        [*kinds, Problem, SaveConflict], ref_template="#/components/schemas/{name}"
    )
    references = dict(zip([*kinds, Problem, SaveConflict], schemas, strict=True))
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = _operation(each, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Opsbook", "version": __version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token of /account or POST /tokens."},
                "session": {"type": "apiKey", "in": "cookie", "name": "opsbook", "description": "A browser's session;"
                            " the cookie's name goes on with eight letters of its own for each server."},
            },
        },
        "tags": [{"name": name} for name in sorted({each.group for each in OPERATIONS})],
    }  # fmt: skip


def _operation(each: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{each.method.lower()}{re.sub(r'[^a-z]+', '_', each.path)}".rstrip("_"),
        "summary": each.summary,
        "tags": [each.group],
        "description": f"Needs the role {ACTS[each.act]}." if each.act in ACTS else "Open to everybody.",
        "parameters": [*_path_parameters(each), *_query_parameters(each), *_header_parameters(each)],
        "responses": _responses(each, references),
    }
    # An empty requirement says that nobody in particular may ask too, where reading is open.
    told["security"] = [{"token": []}, {"session": []}, *([{}] if each.act in ("read", PUBLIC) else [])]
    if each.body is not None:
        is_required = any(field.required for field in fields(each.body))
        content = {"application/json": {"schema": references[each.body]}}
        told["requestBody"] = {"required": is_required, "content": content}
    elif each.takes:
        told["requestBody"] = {"required": True, "content": {each.takes: {"schema": {"type": "string"}}}}
    return told


def _path_parameters(each: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", each.path)
    return [
        {"name": name, "in": "path", "required": True, "description": PARAMETERS[name],
         "schema": {"type": "string", "minLength": 1}}
        for name in names
    ]  # fmt: skip


def _query_parameters(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    schema = msgspec.json.schema(each.query)["$defs"][each.query.__name__]
    found = []
    for name, written in schema["properties"].items():
        about = {key: value for key, value in written.items() if key != "description"}
        described = written.get("description") or next(
            (part["description"] for part in written.get("anyOf", []) if "description" in part), ""
        )
        found.append({"name": name, "in": "query", "required": name in schema.get("required", []),
                      "description": described, "schema": _without_null(about)})  # fmt: skip
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    # What is optional is left out of an address; there is no way to write null in one.
    parts = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    plain = dict(parts[0]) if len(parts) == 1 else dict(schema)
    if "enum" in plain:
        plain["enum"] = [value for value in plain["enum"] if value is not None]
    plain.pop("description", None)
    return plain if plain.get("default", "") is not None else {k: v for k, v in plain.items() if k != "default"}


def _header_parameters(each: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
        for name, about in each.headers
    ]


def _responses(each: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    schema = references.get(each.answer, {"type": "string"})
    found: dict[str, Any] = {
        str(each.status): {"description": "As asked.", "content": {each.media: {"schema": schema}}}
    }
    for status in sorted({*_implied(each), *each.also}):
        if status == 304:
            found["304"] = {"description": WHEN[304]}
            continue
        kind = SaveConflict if status == 409 and each.method == "PUT" else Problem
        found[str(status)] = {"description": WHEN[status], "content": {PROBLEM: {"schema": references[kind]}}}
    return found


def _implied(each: Operation) -> set[int]:
    statuses = {401, 403, 421, 502, 503}
    if each.method == "GET":
        statuses.add(304)
    if each.query is not None or each.body is not None:
        statuses.add(400)
    if "{" in each.path:
        statuses |= {404}
        if each.method != "GET":
            statuses.add(400)  # a part of the address that names nothing of what is there
    if each.body is not None:
        statuses.add(415)
    if each.body is not None or each.takes:
        statuses |= {400, 413}
    return statuses


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
