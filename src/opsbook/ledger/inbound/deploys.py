"""What GitHub and GitLab say of deploys, as changes that stand beside alerts and wake nobody. Never raises."""

from __future__ import annotations

from typing import Any

from opsbook.ledger.inbound import loose
from opsbook.ledger.inbound.fingerprints import key_of
from opsbook.ledger.signal import Signal


def read_github(value: dict[str, Any], where: str, slips: loose.Slips) -> Signal | None:
    """The change that a `deployment` or `deployment_status` of GitHub tells of."""
    repository, deployment = _table(value, "repository"), _table(value, "deployment")
    status = _table(value, "deployment_status")
    name = loose.as_text(repository.get("full_name") or repository.get("name"))
    environment = loose.as_text(deployment.get("environment") or status.get("environment"))
    state = loose.as_text(status.get("state")) or "created"
    commit, reference = loose.as_text(deployment.get("sha"))[:12], loose.as_text(deployment.get("ref"))
    at, _ = loose.as_time(status.get("created_at") or deployment.get("created_at"))
    url = loose.as_text(status.get("log_url") or status.get("target_url") or repository.get("html_url"))
    if not name or not deployment:
        slips.add(where, "It is a deployment without a repository, or of none.")
        return None
    return _change(
        key_of("github", name, loose.as_text(deployment.get("id")), state), name,
        f"Deployment of {reference or commit or name} to {environment or 'nowhere named'}: {state}",
        labels={"environment": environment, "state": state, "commit": commit}, at=at, url=url,
        by=loose.as_text(_table(value, "sender").get("login")),
    )  # fmt: skip


def read_gitlab(value: dict[str, Any], where: str, slips: loose.Slips) -> Signal | None:
    """The change that a deployment or release of GitLab tells of."""
    project, kind = _table(value, "project"), loose.as_text(value["object_kind"])
    name = loose.as_text(project.get("path_with_namespace") or project.get("name"))
    state = loose.as_text(value.get("status") or value.get("action")) or "created"
    environment = loose.as_text(value.get("environment"))
    what = loose.as_text(value.get("ref") or value.get("tag") or value.get("short_sha"))
    if not name:
        slips.add(where, f"It is a {kind} of no project.")
        return None
    at, _ = loose.as_time(value.get("status_changed_at") or value.get("released_at"))
    return _change(
        key_of("gitlab", name, kind, loose.as_text(value.get("deployment_id") or value.get("id")), state), name,
        f"{kind.capitalize()} of {what or name}{f' to {environment}' if environment else ''}: {state}",
        labels={"environment": environment, "state": state}, at=at,
        url=loose.as_text(value.get("deployable_url") or value.get("url")),
        by=loose.as_text(_table(value, "user").get("name")),
    )  # fmt: skip


def _change(
    key: str, name: str, summary: str, *, labels: dict[str, str], at: Any, url: str, by: str
) -> Signal:
    service = name.rpartition("/")[2]
    told = {"alertname": "Deployment", "service": service, "repository": name, **labels}
    return Signal(
        key, "change", {each: text for each, text in told.items() if text}, {"summary": summary}, at, generator=url,
        by=by,
    )  # fmt: skip


def _table(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
