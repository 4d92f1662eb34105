"""What the API answers, as types: for its description, and for the tests that hold every answer to them.

The answers themselves are made by the verbs as plain values; a model here may tell less of them than they hold.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from opsbook.ground.errors import Severity
from opsbook.ledger.health import Outcome, State
from opsbook.usecases.authority import Role


class Problem(Struct):
    """What went wrong, as RFC 9457 writes it: `detail` is a sentence for people."""

    type: str
    title: str
    status: int
    detail: str


class LastReading(Struct):
    """The last answer of a probed endpoint."""

    at: datetime
    outcome: Outcome
    is_ok: bool
    why: str
    latency_ms: float
    status: int | None


class ProbeState(Struct):
    """A probe of a page and its health: `since` when it is so, `why` in words."""

    probe: str
    service: str | None
    path: str
    line: int
    kind: str
    address: str
    name: str
    expects: str
    every_s: float
    state: State
    since: datetime | None
    why: str
    streak: int
    last: LastReading | None


class Probes(Struct):
    """Every probe of the book."""

    probes: list[ProbeState]


class Readings(Struct):
    """What a probe read: the last readings one by one, the newest first."""

    probe: str
    readings: list[LastReading]


class ReadingBucket(Struct):
    """The readings of one stretch of time, rolled up."""

    start: datetime
    length_s: float
    ok: int
    failed: int
    least_ms: float
    mean_ms: float
    most_ms: float


class ReadingBuckets(Struct):
    """What a probe read between two times, in stretches of one length; those without readings are left out."""

    probe: str
    start: datetime
    end: datetime
    buckets: list[ReadingBucket]


class Asked(Struct):
    """That a probe is asked now, besides its turn."""

    probe: str
    asked: bool


class ServiceBrief(Struct):
    """A service in a list: its runbook, its owner, and the worst health of its probes."""

    service: str
    name: str
    path: str
    owner: str | None
    last_updated: str | None
    health: Literal["unknown", "healthy", "unhealthy", "none"]
    why: str
    probes: int
    missing: list[str]
    score: float | None


class Services(Struct):
    """Every service of the book."""

    services: list[ServiceBrief]


class Service(Struct):
    """A service: its runbook as `show` tells it, and its probes."""

    service: str
    page: dict[str, Any]
    probes: list[ProbeState]


class PageBrief(Struct):
    """A page in the tree of the book."""

    path: str
    kind: str | None
    title: str | None
    service: str | None
    owner: str | None
    last_updated: str | None
    size_bytes: int
    findings: int


class Tree(Struct):
    """The pages of one whole state of the book."""

    number: int
    commit: str | None
    is_whole: bool
    book: str
    pages: list[PageBrief]


class PageModel(Struct):
    """A page as the command line's `show` tells it, with its digest and the pages that link to it."""

    path: str
    kind: str
    title: str
    service: str | None
    owner: str | None
    last_updated: str | None
    digest: str
    metadata: dict[str, Any]
    sections: list[dict[str, Any]]
    health_checks: list[dict[str, Any]]
    procedures: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    alerts: list[str]
    contacts: list[dict[str, Any]]
    links: list[dict[str, Any]]
    linked_from: list[str]


class SavedPage(Struct):
    """A page as it was saved: `commit` is null outside of git."""

    path: str
    digest: str
    commit: str | None


class SaveConflict(Problem):
    """That it was not saved; where the page is another meanwhile, with its digest and its text as they are now."""

    path: str = ""
    digest: str | None = None
    theirs: str | None = None


class ChangeModel(Struct):
    """A commit that touched a page."""

    commit: str
    author: str
    at: datetime
    subject: str


class History(Struct):
    """The last commits that touched a page, the newest first."""

    path: str
    changes: list[ChangeModel]


class Hit(Struct):
    """A section that was found."""

    path: str
    anchor: str
    page: str
    section: str
    snippet: str
    score: float


class Hits(Struct):
    """What was found, best first."""

    hits: list[Hit]
    matched: str
    mended: list[dict[str, str]]
    unknown: list[str]


class FindingModel(Struct):
    """What is wrong with a page, where, and how to mend it."""

    rule: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    fix: str | None


class Findings(Struct):
    """The findings of the book, in reading order, a part of them at a time."""

    pages: int
    is_whole: bool
    total: int
    offset: int
    findings: list[FindingModel]
    summary: dict[str, int]


class Me(Struct):
    """Who asks: null for nobody in particular, where reading is open."""

    name: str | None
    role: Role | None
    via: Literal["session", "token"] | None
    acts: list[str]


class SessionModel(Struct):
    """A sign-in that lasts."""

    id: str
    begun_at: datetime
    expires_at: datetime
    via: str
    source: str
    agent: str
    is_this: bool


class Sessions(Struct):
    """The sessions of whoever asks."""

    sessions: list[SessionModel]


class TokenModel(Struct):
    """A token without its secret."""

    id: str
    account: str
    label: str
    acts: list[str]
    issued_at: datetime
    issued_by: str
    expires_at: datetime | None


class Tokens(Struct):
    """The tokens of whoever asks."""

    tokens: list[TokenModel]


class NewToken(TokenModel):
    """A token that was just issued: `secret` is told this once."""

    secret: str


class AccountModel(Struct):
    """Somebody who may sign in."""

    name: str
    role: Role
    email: str
    is_enabled: bool
    added_at: datetime | None
    has_password: bool
    issuer: str | None
    sessions: int
    tokens: int


class AccountList(Struct):
    """Everybody who may sign in."""

    accounts: list[AccountModel]
