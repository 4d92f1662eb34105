"""What an entry of the timeline says in a report: as a person would write it down, with who did it by the name that the
team knows. The timeline itself says more; what only it needs is left out. Reads no ledger.
"""

from __future__ import annotations

import re

from opsbook.ledger.incident import Incident, stream_of
from opsbook.usecases.timeline_entry import TimelineEntry
from opsbook.usecases.timeline_words import LIVE_FIELDS

# Whoever else does something is a person, or somebody's program that has a name.
PROGRAMS = frozenset({"", "alerts", "engine", "health", "opsbook", "pager", "policy", "public", "router", "runner"})
_PERSON = re.compile(r"\bterminal:(?=\w)")  # who typed it on a command line; a report names the person
_OPENED = re.compile(r"(Incident|Drill) INC-\d+ declared(?P<how> by policy, from alerts| from a run| from health)?: ")
_RATED_SO = re.compile(r" \((?P<severity>P\d)(?:, [^\n]*)?\)(?=\n|$)")
_MOVED = re.compile(r"(?:[A-Z]\w+(?: \(\w+\))? → )?(?P<word>[A-Z]\w+)(?: \((?P<finer>\w+)\))?(?P<rest>: .*|\.?)", re.S)
_SEVERITY = re.compile(r"Severity (?P<severity>P\d)(?: \(the matrix says P\d\))?(?P<rest>: .*|\.?)", re.S)
_BY_PAGE = re.compile(r": By \S+:\d+ it is P\d\b.*", re.S)  # the explanation of the matrix, which the policy page is
_ACKED = re.compile(r"Acknowledged by [^:()]*(?: \([^()]*\))?(?P<rest>: .*|\.?)", re.S)
_STEP = re.compile(r"(?P<step>Step \S+ “.*”) done(?: \([^()]*\))?(?P<rest>: .*|\.?)", re.S)
_SETTLED = re.compile(r"(?P<who>.+?) (?P<did>said yes to|approved|settled) (?P<step>Step \S+ “.*)", re.S)
_RUN = re.compile(r"Run of “(?P<title>.*)” (?P<did>started|succeeded)\.?", re.S)
_FINER = {"identified": "The cause is known", "monitoring": "It works again, and is being watched",
          "closed": "Closed", "cancelled": "Cancelled"}  # fmt: skip


def spoken(entry: TimelineEntry, incident: Incident, before: str = "") -> tuple[str, str]:
    """What it says, and who did it (empty where a program did, or where the words name them); `before` is how grave it
    was until then. Empty words where a report need not tell it."""
    text, actor = _PERSON.sub("", entry.text).strip(), "" if entry.actor in PROGRAMS else entry.actor
    if entry.said:  # somebody put it right, in words that are theirs
        return text, actor
    if entry.kind in ("decision", "note", "command"):
        return text, entry.actor
    if entry.key.startswith("run/"):
        return _of_run(text, actor)
    if not entry.key.startswith(f"{stream_of(incident.id)}:"):
        return text, ""
    teller = _OWN.get(entry.kind)
    return teller(text, actor, incident, before) if teller is not None else (text, "")


def severity_in(entry: TimelineEntry) -> str:
    """How grave it is from this entry on, as the entry says; empty where it says nothing of it."""
    if entry.said or entry.kind not in ("declared", "severity"):
        return ""
    found = _RATED_SO.search(entry.text) if entry.kind == "declared" else _SEVERITY.fullmatch(entry.text)
    return found["severity"] if found is not None else ""


def _declared(text: str, actor: str, incident: Incident, before: str) -> tuple[str, str]:
    opened = _OPENED.match(text)
    found = _RATED_SO.search(text, opened.end()) if opened is not None else None
    if opened is None or found is None:
        return text, ""
    how = {" from a run": " after a run failed", " from health": " after a health check failed"}
    by = how.get(opened["how"] or "", opened["how"] or "")
    share = incident.impact.users_pct
    title = text[opened.end() : found.start()]
    is_told = share is not None and found["severity"] == incident.severity and not re.search(r"\d ?%|users", title)
    hit = f" for {share:g} % of users" if is_told else ""
    drill = "Drill declared" if text.startswith("Drill") else "Declared"
    return f"{drill} as {found['severity']}{by}: {title}{hit}", "" if opened["how"] else actor


def _moved(text: str, actor: str, incident: Incident, before: str) -> tuple[str, str]:
    if any(text.startswith(f"{name}: ") for name in LIVE_FIELDS.values()):
        return "", ""  # a field was filled in: the report has what it says in its place
    found = _MOVED.fullmatch(text)
    if found is None:
        return text, actor
    return f"{_FINER.get(found['finer'] or '', found['word'])}{found['rest']}", actor


def _rated(text: str, actor: str, incident: Incident, before: str) -> tuple[str, str]:
    found = _SEVERITY.fullmatch(text)
    if found is None:
        return text, actor
    severity = found["severity"]
    verb = "Severity" if before in ("", severity) else "Raised to" if severity < before else "Lowered to"
    return f"{verb} {severity}{_BY_PAGE.sub('', found['rest'])}", actor


def _acknowledged(text: str, actor: str, incident: Incident, before: str) -> tuple[str, str]:
    found = _ACKED.fullmatch(text)
    return (f"Acknowledged{found['rest']}", actor) if found is not None and actor else (text, "")


def _of_run(text: str, actor: str) -> tuple[str, str]:
    run, step, settled = _RUN.fullmatch(text), _STEP.fullmatch(text), _SETTLED.fullmatch(text)
    if run is not None:
        is_begun = run["did"] == "started"
        return (f"Began “{run['title']}”", actor) if is_begun else (f"“{run['title']}” succeeded", "")
    if step is not None:
        return f"{step['step'].removesuffix('”').rstrip(':')}” done{step['rest']}", ""
    if settled is not None and actor:
        did = settled["did"].capitalize()
        return f"{did} {settled['step'][:1].lower()}{settled['step'][1:]}", actor
    return text, ""


_OWN = {"declared": _declared, "status": _moved, "severity": _rated, "ack": _acknowledged}
