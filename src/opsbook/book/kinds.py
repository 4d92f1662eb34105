"""What kind of page a page is, and what is expected of that kind. Decides from path, front matter, title, sections."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from opsbook.ground.pattern import Pattern

RUNBOOK_SLOTS = (
    "overview", "architecture", "health-checks", "deployment", "common-operations", "troubleshooting", "monitoring",
    "emergency-contacts",
)  # fmt: skip

ALERT_SLOTS = ("meaning", "impact", "diagnosis", "mitigation")


class Profile(Struct, frozen=True, gc=False):
    """What is expected of a kind: the slots that a whole page has, whether it needs an owner, whether it ages."""

    kind: str
    slots: tuple[str, ...] = ()
    has_owner: bool = False
    has_review: bool = False
    has_procedures: bool = False


PROFILES: dict[str, Profile] = {
    profile.kind: profile
    for profile in (
        Profile("runbook", RUNBOOK_SLOTS, has_owner=True, has_review=True, has_procedures=True),
        Profile("alert-runbook", ALERT_SLOTS, has_review=True, has_procedures=True),
        Profile("procedure", (), has_owner=True, has_review=True, has_procedures=True),
        Profile("incident", ("timeline", "impact", "root-cause", "resolution", "prevention", "lessons-learned")),
        Profile("post-mortem", ("timeline", "impact", "root-cause", "resolution", "prevention", "lessons-learned")),
        Profile("policy", has_owner=True, has_review=True),
        Profile("metrics", has_review=True),
        Profile("alerts", has_review=True),
        Profile("dashboards", has_review=True),
        Profile("template"),
        Profile("index"),
        Profile("page"),
    )
}
KINDS = tuple(PROFILES)

_BY_WORD = {
    "runbook": "runbook", "service-runbook": "runbook", "alert-runbook": "alert-runbook", "alert": "alert-runbook",
    "procedure": "procedure", "sop": "procedure", "how-to": "procedure", "howto": "procedure", "playbook": "procedure",
    "incident": "incident", "incident-report": "incident", "post-mortem": "post-mortem", "postmortem": "post-mortem",
    "retrospective": "post-mortem", "policy": "policy", "metrics": "metrics", "alerts": "alerts",
    "dashboards": "dashboards", "template": "template", "index": "index", "page": "page",
}  # fmt: skip
_INDEX_STEMS = frozenset({"readme", "index", "_index", "summary", "toc", "_sidebar"})
_FILE_KINDS = {"metrics": "metrics", "alerts": "alerts", "dashboards": "dashboards", "dashboard": "dashboards"}
_POLICY_STEMS = frozenset({
    "incident-response", "incident-management", "incident-policy", "severity", "severities", "severity-levels",
    "severity-matrix", "escalation", "escalation-policy", "escalation-policies", "on-call", "oncall", "on-call-policy",
    "people", "schedule", "schedules", "rota", "rotation", "rotation-schedule", "escalation-paths", "status-updates",
    "communication", "contacts", "roles", "status-page",
})  # fmt: skip
_POST_MORTEM = Pattern(r"post-?\s?mortem|retrospective|\brca\b|root[- ]cause[- ]analysis", re.I)
_RUNBOOK_TITLE = Pattern(r"\brun-?book\b", re.I)
_INCIDENT_TITLE = Pattern(r"^incident\b|\bincident report\b|\boutage\b", re.I)
_ALERT_NAME = Pattern(r"^(?=.*[a-z])[A-Z][a-z0-9]*(?:[A-Z]+[a-z0-9]*)+$")
_HUMP = Pattern(r"[A-Z][a-z]")
_TRANSCRIPT = Pattern(r"(?:^|/)runs/\d{6}-\d{6}-[0-9a-z]{4}\.md$")
_DATED = Pattern(r"^\d{4}-\d{2}(?:-\d{2})?[-_.]")
_ALERT_SLOTS = frozenset(ALERT_SLOTS)
_SERVICE_SLOTS = frozenset(RUNBOOK_SLOTS) - {"overview"}
_INCIDENT_SLOTS = frozenset({"timeline", "root-cause", "resolution", "prevention", "lessons-learned"})


DRILL_FOLDER = "drills"


def is_drill_path(path: str) -> bool:
    """Whether a page lies where drills are written: it tells what is to be drilled, and is about no alert itself."""
    return DRILL_FOLDER in path.split("/")[:-1]


class Clues(Struct, frozen=True, gc=False):
    """What the decision is made from. `declared` is the front matter's kind or type, `slots` those of all headings."""

    path: str
    title: str
    declared: str | None
    slots: frozenset[str]
    has_service: bool
    has_alert: bool
    has_steps: bool


def is_alert_name(title: str) -> bool:
    """Whether a title has the shape of an alert's name: one CamelCase word such as `KubePodCrashLooping`."""
    return _ALERT_NAME().match(title) is not None


@lru_cache(maxsize=8192)
def is_transcript(path: str) -> bool:
    """Whether a page is the transcript of a run, as it is kept beside a runbook: told by its folder and its name.

    It is a record: what was done stands in it as it would in a procedure, and must not be offered to be done again.
    """
    return _TRANSCRIPT().search(path) is not None


@lru_cache(maxsize=8192)
def _path_words(path: str) -> tuple[str, frozenset[str]]:
    parts = path.lower().split("/")
    stem = parts[-1].split(".")[0] or parts[-1]
    return stem, frozenset(parts[:-1])


def decide_kind(clues: Clues) -> str:
    """The kind of a page; what speaks first decides: declared, template by name, index, folder, title, sections."""
    stem, folders = _path_words(clues.path)
    declared = _BY_WORD.get((clues.declared or "").lower().replace("_", "-").replace(" ", "-"))
    if declared:
        return declared
    if is_transcript(clues.path):
        return "page"
    if "template" in stem or folders & {"_templates", "templates", "_template"}:
        return "template"
    if stem in _INDEX_STEMS:
        return "index"
    by_folder = _by_folder(stem, folders, clues)
    if by_folder:
        return by_folder
    return _by_title(stem, clues) or _by_sections(clues)


def _by_folder(stem: str, folders: frozenset[str], clues: Clues) -> str | None:
    if folders & {"incidents", "incident", "postmortems", "post-mortems", "outages"}:
        if stem in _POLICY_STEMS or ("response" in stem and not _DATED().match(stem)):
            return "policy"
        says_so = _POST_MORTEM().search
        if says_so(stem) or says_so(clues.title) or folders & {"postmortems", "post-mortems"}:
            return "post-mortem"
        return "incident"
    if folders & {"monitoring", "observability", "alerting"} and stem in _FILE_KINDS:
        return _FILE_KINDS[stem]
    if folders & {"monitoring", "observability", "alerting"} and (listed := folders & _FILE_KINDS.keys()):
        return _FILE_KINDS[min(listed)]
    if folders & {"procedures", "playbooks", "procedure", "sops", "how-to", "howto"}:
        return _alert_page(clues) or "procedure"
    if folders & {"runbooks", "runbook"}:
        return _alert_page(clues) or _runbook_or_procedure(clues)
    if folders & {"policies", "policy"} or (stem in _POLICY_STEMS and "runbooks" not in folders):
        return "policy"
    return None


def _alert_page(clues: Clues) -> str | None:
    meant = clues.slots & _ALERT_SLOTS
    if not clues.has_service and not clues.slots & _SERVICE_SLOTS and len(_HUMP().findall(clues.title)) > 2:
        # Three humps are no product's name (ClickHouse has two), so this is an alert's page that is barely begun.
        return "alert-runbook" if is_alert_name(clues.title) else None
    is_named = is_alert_name(clues.title) or clues.has_alert
    if len(meant) < 3 and not clues.has_alert and len(clues.slots & _SERVICE_SLOTS) > 1:
        return None  # a service whose name looks like an alert's, such as ClickHouse
    if len(meant) >= 3 or (meant and is_named) or (is_named and clues.has_alert):
        return "alert-runbook" if not clues.has_service or "meaning" in meant else None
    return None


def _runbook_or_procedure(clues: Clues) -> str:
    """A page in a runbooks folder is a service's, unless it has steps and nothing of the service template."""
    if clues.has_service or clues.slots & _SERVICE_SLOTS or not clues.has_steps:
        return "runbook"
    return "procedure"


def _by_title(stem: str, clues: Clues) -> str | None:
    if _POST_MORTEM().search(clues.title) or _POST_MORTEM().search(stem):
        return "post-mortem"
    if _RUNBOOK_TITLE().search(clues.title) or "runbook" in stem:
        return _alert_page(clues) or _runbook_or_procedure(clues)
    if _INCIDENT_TITLE().search(clues.title) and clues.slots & _INCIDENT_SLOTS:
        return "incident"
    return _alert_page(clues) if is_alert_name(clues.title) else None


def _by_sections(clues: Clues) -> str:
    slots = clues.slots
    if len(slots & _ALERT_SLOTS) >= 3 and "meaning" in slots:
        return "alert-runbook"
    if len(slots & _INCIDENT_SLOTS) >= 3:
        return "post-mortem" if "lessons-learned" in slots else "incident"
    if len(slots & _SERVICE_SLOTS) >= 4 or (clues.has_service and len(slots & _SERVICE_SLOTS) >= 2):
        return "runbook"
    if clues.has_steps and slots & {"steps", "rollback", "verification"} and "prerequisites" in slots:
        return "procedure"
    return "page"
