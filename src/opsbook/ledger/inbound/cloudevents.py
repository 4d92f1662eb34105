"""CloudEvents 1.0 as a batch, in the three ways of its HTTP binding: structured, batched and binary (cloudevents/spec,
http-protocol-binding.md). Never raises.

What is in an event's data is read as any JSON is. An event's own id tells deliveries apart and no alerts: the alert is
known by the key in its data, else by the subject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from opsbook.ledger.inbound import loose, shapes
from opsbook.ledger.inbound.fingerprints import key_of
from opsbook.ledger.inbound.words import action_in
from opsbook.ledger.signal import Action, Batch, Signal

FORMAT = "cloudevents-1.0"
HEADER = "ce-"
MOST_EVENTS = 20_000  # of one body
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
_REQUIRED = ("id", "source", "type")
_OWN = frozenset({"id", "source", "type", "specversion", "datacontenttype", "dataschema", "subject", "time", "data",
                  "data_base64"})  # fmt: skip
# Words of types that tell of a change rather than of trouble, such as CDEvents' dev.cdevents.service.deployed.0.2.0.
_CHANGES = frozenset({
    "deployed", "deployment", "upgraded", "rolledback", "published", "released", "release", "deploy",
    "change",
})  # fmt: skip


def parse(body: bytes, headers: Mapping[str, str]) -> Batch:
    """The batch that a body says; the names of `headers` are in lower case."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if f"{HEADER}id" in headers or f"{HEADER}specversion" in headers:
        attributes: dict[str, Any] = {
            name.removeprefix(HEADER): unquote(value) for name, value in headers.items() if name.startswith(HEADER)
        }
        return _read([{**attributes, "data": _content(body, kind)}], "body")
    value, why = loose.read_json(body)
    if why:
        return loose.nothing_read(FORMAT, why)
    if isinstance(value, list):
        return _read(value, "[{}]")
    return _read([value], "body")


def _read(events: list[Any], where: str) -> Batch:
    slips = loose.Slips()
    if len(events) > MOST_EVENTS:
        slips.add("body", f"Only the first {MOST_EVENTS} of {len(events)} events were read.")
    signals: list[Signal] = []
    for place, event in enumerate(events[:MOST_EVENTS]):
        signals += _signals(event, where.format(place), slips)
    return Batch(FORMAT, tuple(signals), slips.all())


def _signals(event: Any, where: str, slips: loose.Slips) -> list[Signal]:
    if not isinstance(event, dict):
        slips.add(where, "It is no event, but something else.")
        return []
    told = {name: loose.as_text(event.get(name)) for name in (*_REQUIRED, "subject", "specversion")}
    missing = [name for name in _REQUIRED if not told[name]]
    if missing:
        slips.add(where, f"An event needs {', '.join(missing)}.")
        return []
    if told["specversion"] != "1.0":
        slips.add(f"{where}.specversion", f"'{told['specversion'][:20]}' is not 1.0; it was read as if it were.")
    at, why = loose.as_time(event.get("time"))
    if why:
        slips.add(f"{where}.time", why)
    data = event.get("data")
    inner = shapes.read(data) if isinstance(data, dict | list) else Batch(FORMAT)
    found = inner.signals or (Signal("", "firing", {}, {}),)
    return [_signal(each, event, told, starts_at=each.starts_at or at) for each in found]


def _signal(inner: Signal, event: dict[str, Any], told: dict[str, str], *, starts_at: Any) -> Signal:
    further = {
        name: text for name, value in event.items()
        if name not in _OWN and _ATTRIBUTE.fullmatch(str(name)) and (text := loose.as_text(value))
    }  # fmt: skip
    data = event.get("data")
    has_key, has_title = shapes.names_itself(data)
    own = inner.labels if has_key or has_title else {**inner.labels, "alertname": told["type"]}
    labels = {"alertname": told["type"], "source": told["source"], "type": told["type"], **own}
    if told["subject"]:
        labels.setdefault("subject", told["subject"])
    said = data if isinstance(data, str) else ""
    summary = loose.clean(said) or " ".join(filter(None, (told["type"], told["subject"])))
    known_by = [told["source"], told["subject"]] if told["subject"] else [told["source"]]
    if inner.key and (has_key or (has_title and not told["subject"])):
        known_by.append(inner.key)
    elif not told["subject"]:
        known_by.append(told["id"])
    return msgspec.structs.replace(
        inner, key=key_of(*known_by), action=_action(inner.action, told["type"]), labels=labels,
        annotations={"summary": summary, **further, **inner.annotations}, starts_at=starts_at,
    )  # fmt: skip


def _action(inner: Action, kind: str) -> Action:
    words = [word for word in kind.lower().split(".") if not word.isdigit() and word not in ("v1", "v2")]
    if _CHANGES & set(words):
        return "change"
    if inner != "firing" or not words:
        return inner
    return action_in(words[-1]) or "firing"


def _content(body: bytes, kind: str) -> Any:
    if not body:
        return None
    if kind.endswith(("/json", "+json")) or not kind:
        value, why = loose.read_json(body)
        if not why:
            return value
    return loose.clean(body[: loose.LONGEST_TEXT].decode("utf-8", "replace"))
