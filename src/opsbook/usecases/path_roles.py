"""What each role has to know, as data: which sections of which kinds of pages it reads. A role that a policy page names
and that is none of these gets a path of its own. Reads no page."""

from __future__ import annotations

import re

from msgspec import Struct

from opsbook.book.incident_roles import role_key
from opsbook.ground.pattern import Pattern
from opsbook.usecases.library import Book


class Part(Struct, frozen=True):
    """A part of a path: of pages of these kinds the sections whose headings have such words, or the whole page without
    words; or of every service's runbook these slots. `is_gravest` keeps the gravest reports alone."""

    title: str
    kinds: tuple[str, ...] = ()
    words: Pattern[str] | None = None
    slots: tuple[str, ...] = ()
    is_gravest: bool = False


class Role(Struct, frozen=True):
    """A role by its name in addresses."""

    name: str
    title: str
    about: str
    parts: tuple[Part, ...]


def _words(text: str) -> Pattern[str]:
    return Pattern(rf"\b(?:{text})", re.I)


_POLICY = ("policy",)
_PAST = Part("Past incidents", ("post-mortem", "incident"), is_gravest=True)

ROLES: tuple[Role, ...] = (
    Role("new-member", "New member", "What everybody who joins reads in the first week.", (
        Part("The book", ("index",)),
        Part("The services", slots=("overview", "architecture")),
        Part("How incidents go", _POLICY, _words(
            r"overview|purpose|severit|classification|roles?\b|who\b|process|response")),
        Part("People", _POLICY, _words(r"people|contacts?|teams?|on[- ]call|schedule|rota")),
        _PAST,
    )),
    Role("on-call-engineer", "On-call engineer", "What whoever carries the pager knows before the first night.", (
        Part("What is expected", _POLICY, _words(
            r"on[- ]call|severit|classification|response|acknowledg|escalat|process|steps?\b|hand[- ]?over|detect|"
            r"triage")),
        Part("How services are seen to be well", slots=("health-checks", "monitoring")),
        Part("What goes wrong", slots=("troubleshooting",)),
        Part("Whom to wake", slots=("emergency-contacts",)),
        Part("Alerts", ("alerts",)),
        Part("What is done", ("procedure",)),
        _PAST,
    )),
    Role("incident-commander", "Incident commander", "What whoever leads an incident knows by heart.", (
        Part("Leading", _POLICY, _words(
            r"commander|lead\b|roles?\b|responsib|severit|classification|declar|process|checklist|response|decision|"
            r"escalat|hand[- ]?over")),
        Part("Telling", _POLICY, _words(r"communicat|updates?\b|cadence|status page|channels?")),
        Part("Afterwards", _POLICY, _words(r"post[- ]?mortem|review|after|lessons|action items?|resol")),
        Part("The services", slots=("overview",)),
        _PAST,
    )),
    Role("communications-lead", "Communications lead", "What whoever speaks for everybody knows.", (
        Part("Telling", _POLICY, _words(
            r"communicat|updates?\b|cadence|status page|channels?|templates?|customers?|stakeholders?|public|wording")),
        Part("How grave it is", _POLICY, _words(r"severit|classification|impact|levels?\b")),
        Part("The services", slots=("overview",)),
        _PAST,
    )),
    Role("support", "Support", "What whoever answers customers knows.", (
        Part("The services", slots=("overview",)),
        Part("How grave it is", _POLICY, _words(r"severit|classification|impact|levels?\b")),
        Part("What customers are told", _POLICY, _words(r"communicat|status page|customers?|updates?\b|templates?")),
        Part("Whom to call", _POLICY, _words(r"escalat|contacts?|people|on[- ]call|channels?")),
        Part("What customers see", slots=("troubleshooting",)),
    )),
)  # fmt: skip
# The keys by which policy pages may call those above.
_COVERED = frozenset({"commander", "communications", "operator", "internal liaison"})


def role_paths(book: Book) -> tuple[Role, ...]:
    """Those above, and one for each further role that a policy page of the book names."""
    found = {role.name: role for role in ROLES}
    for _, facts in sorted(book.facts.items()):
        for written in facts.policy.roles if facts.policy else ():
            name = re.sub(r"[^a-z0-9]+", "-", written.name.lower()).strip("-")
            if not name or name in found or role_key(written.name) in _COVERED:
                continue
            found[name] = Role(name, written.name, written.does or f"What the {written.name} of an incident knows.", (
                Part("The role", _POLICY, _words(rf"{re.escape(written.name)}|roles?\b|responsib|checklist")),
                Part("How grave it is", _POLICY, _words(r"severit|classification")),
                _PAST,
            ))  # fmt: skip
    return tuple(found.values())
