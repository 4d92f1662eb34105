"""What is deployed: the files of a repository, the alert rules and the monitoring servers, read into one answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from opsbook.book.alert_rules import AlertRule
from opsbook.book.discovery.found import Found
from opsbook.book.discovery.reading import could_deploy, found_targets, joined, read_deployment
from opsbook.book.discovery.written import FoundAlert
from opsbook.ground.errors import Failure, Finding, Span
from opsbook.usecases.alert_files import gather
from opsbook.usecases.monitoring_ports import Monitored
from opsbook.usecases.ports import Alerting, RuleFiles, Unreadable

_NAMING = ("service", "job", "app", "application", "component", "deployment", "container")
_IN_EXPRESSION = re.compile(rf'\b(?:{"|".join(_NAMING)})\s*=~?\s*"([^"]*)"')


class DeploymentFiles(Protocol):
    """The files of a repository that could deploy something."""

    def files(
        self, paths: Sequence[str], is_wanted: Callable[[str], bool], told: Callable[[int], None] = ...
    ) -> Iterator[tuple[str, bytes | Unreadable]]:
        """Each wanted file with its bytes, by its path from the repository's root, in the order of its path. Raises
        Usage for a path outside of the repository."""
        ...


class Sought(Struct, frozen=True):
    """Where to look: folders and files (absolute; none: the whole repository), the alert rules, and the monitoring
    servers."""

    paths: tuple[str, ...] = ()
    alerting: Alerting = Alerting()
    servers: tuple[Monitored, ...] = ()


class Gathered(Struct, frozen=True):
    """What is deployed: each service once, the alerts, what could not be read, and how many files were."""

    found: tuple[Found, ...] = ()
    alerts: tuple[tuple[FoundAlert, tuple[str, ...]], ...] = ()  # each with the names it goes by
    findings: tuple[Finding, ...] = ()
    files: int = 0


def gathered(
    files: DeploymentFiles, rule_files: RuleFiles, sought: Sought, told: Callable[[int], None] = lambda seen: None
) -> Gathered:
    """Reads all that is sought. A file or server that cannot be read is a finding, and the rest counts."""
    found: list[Found] = []
    findings: list[Finding] = []
    count = 0
    for path, raw in files.files(sought.paths, could_deploy, told):
        count += 1
        if isinstance(raw, Unreadable):
            message = f"The file cannot be read: {raw.why}."
            findings.append(Finding("unreadable-deployment", "warning", Span(path, 1, 1), message))
            continue
        text = raw.decode("utf-8", "replace")
        read, wrong = read_deployment(path, text)
        found.extend(read)
        findings.extend(wrong)
    rules = gather(rule_files, sought.alerting) if sought.alerting.paths else None
    alerts = [(_of_rule(each), _names(each.expr, {k: v.text for k, v in each.labels.items()}))
              for each in (rules.rules if rules else ())]  # fmt: skip
    findings.extend(rules.findings if rules else ())
    for server in sought.servers:
        try:
            found.extend(_targets_of(server))
            alerts.extend(_rules_of(server))
        except Failure as wrong_now:
            findings.append(Finding("monitoring-away", "warning", Span(server.address, 1, 1), str(wrong_now)))
    first = {alert.name: (alert, names) for alert, names in reversed(alerts)}
    return Gathered(joined(found), tuple(reversed(first.values())), tuple(findings), count)


def _targets_of(server: Monitored) -> tuple[Found, ...]:
    targets = server.targets()
    return found_targets([(each.job, each.address, each.url, tuple(each.labels.items())) for each in targets])


def _rules_of(server: Monitored) -> Iterator[tuple[FoundAlert, tuple[str, ...]]]:
    place = Span(f"{server.address.rstrip('/')}/alerts", 1, 1)
    for each in server.rules():
        if each.kind == "alert":
            yield _alert(each.name, each.labels, each.annotations, place), _names(each.expression, each.labels)


def _of_rule(rule: AlertRule) -> FoundAlert:
    texts = {key: scalar.text for key, scalar in rule.annotations.items()}
    labels = {key: scalar.text for key, scalar in rule.labels.items()}
    return _alert(rule.name, labels, texts, Span(rule.path, rule.line, rule.column))


def _alert(name: str, labels: Mapping[str, str], texts: Mapping[str, str], place: Span) -> FoundAlert:
    dashboard = next((texts[key] for key in ("dashboard_url", "dashboard", "grafana_url") if texts.get(key)), "")
    return FoundAlert(
        name=name, summary=_told(texts.get("summary") or texts.get("message") or ""),
        description=_told(texts.get("description", "")), severity=labels.get("severity", ""),
        dashboard=dashboard if dashboard.startswith("http") else "", place=place,
    )  # fmt: skip


def _told(text: str) -> str:
    """What an annotation says, with what is filled in when it fires as the name of what is."""
    plain = re.sub(r"\{\{-?\s*\$labels\.(\w+)[^{}]*\}\}", r"(its \1)", text)
    return re.sub(r"\{\{.*?\}\}", "(its value)", plain, flags=re.S).strip()


def _names(expression: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The services that an alert may be about: what its labels name, before what its expression does."""
    named = [labels[key] for key in _NAMING if labels.get(key)]
    more = [word for found in _IN_EXPRESSION.findall(expression) for word in found.split("|")]
    return tuple(dict.fromkeys(named or more))
