"""What is found of a service, as the parts of its runbook in Markdown. Chooses no order and fills in no template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from opsbook.book.discovery.found import Found, FoundCheck, FoundOperation, FoundStep, Operation
from opsbook.book.escapes import in_lines, in_title, one_line
from opsbook.ground.errors import Span
from opsbook.ground.slugs import github_slug

_MOST_PLACES = 3  # that a part names


class FoundAlert(Struct, frozen=True, kw_only=True):
    """An alert of a service, as its rule tells it."""

    name: str
    summary: str = ""
    description: str = ""
    severity: str = ""
    dashboard: str = ""
    place: Span


class Beside(Struct, frozen=True, kw_only=True):
    """What is known beside what is found of the service itself: its alerts, the runbooks of what it needs by name (as
    links from its page), who owns it, where the book tells whom to call next, and how to get from the page's folder to
    the repository's root."""

    alerts: tuple[FoundAlert, ...] = ()
    pages: Mapping[str, str] = {}
    owner: str = ""
    escalation: str = ""
    up: str = ""


class Part(Struct, frozen=True, kw_only=True):
    """A part of a runbook: its slot, the heading below the slot's own (empty: none), the text, the places that tell it.
    `operation` and `alert` say what it is about."""

    slot: str
    title: str = ""
    text: str
    places: tuple[Span, ...] = ()
    operation: Operation | None = None
    alert: str = ""


class Words(Struct, frozen=True):
    """The words of the book's own template: labels by their plain names, headings by the operation or environment that
    they mean."""

    labels: Mapping[str, str] = {}
    headings: Mapping[str, str] = {}

    def label(self, *names: str) -> str:
        """The template's word for the first of these that it has, else the first."""
        return next((self.labels[name.lower()] for name in names if name.lower() in self.labels), names[0])


_TITLES: dict[str, str] = {
    "status": "Show Status", "logs": "Show Logs", "restart": "Restart Service", "start": "Start", "stop": "Stop",
    "scale-up": "Scale Up", "scale-down": "Scale Down", "scale-vertically": "Scale Vertically", "backup": "Backup",
    "restore": "Restore",
}  # fmt: skip
# By which words a heading of a page is known to be about an operation.
MEANT: dict[str, re.Pattern[str]] = {
    "status": re.compile(r"\bstatus\b|\bstate\b", re.I),
    "logs": re.compile(r"\blogs?\b", re.I),
    "restart": re.compile(r"\brestart", re.I),
    "start": re.compile(r"^start\b", re.I),
    "stop": re.compile(r"^stop\b|\bshut ?down\b", re.I),
    "scale-up": re.compile(r"\bscal(?:e|ing)\b.*\b(?:up|out)\b|^scal(?:e|ing)(?: the)?(?: service| \w+)?$", re.I),
    "scale-down": re.compile(r"\bscal(?:e|ing)\b.*\b(?:down|in)\b|^scal(?:e|ing)(?: the)?(?: service| \w+)?$", re.I),
    "scale-vertically": re.compile(r"\bscal(?:e|ing)\b.*\bvertical|\bvertical.*\bscal|\bresize\b", re.I),
    "backup": re.compile(r"\bback(?:ing)?[ -]?up\b|\bbackup", re.I),
    "restore": re.compile(r"\brestor", re.I),
}
_ENVIRONMENTS = {
    "staging": ("staging", "stage", "test", "qa"), "production": ("production", "prod", "live"),
}  # fmt: skip
_ORIGINS = {
    "compose": "Docker Compose", "kubernetes": "Kubernetes", "helm": "Helm", "systemd": "systemd",
    "procfile": "a Procfile", "backstage": "Backstage", "nomad": "Nomad", "prometheus": "Prometheus",
}  # fmt: skip
_RUN_BY = frozenset({"compose", "kubernetes", "helm", "systemd", "procfile", "nomad"})


def parts_of_runbook(found: Found, beside: Beside, words: Words | None = None) -> tuple[Part, ...]:
    """The parts in the order of Opsbook's own template; what is not known makes no part."""
    words = words or Words()
    return tuple(
        part
        for part in (
            _overview(found),
            _architecture(found, beside),
            _checks(found, words),
            *_deployments(found, words),
            *_operations(found, words),
            *_issues(found, beside, words),
            _monitoring(found, beside, words),
            _contacts(found, beside, words),
        )
        if part is not None
    )


def title_of(operation: Operation, words: Words) -> str:
    """The heading of an operation."""
    return words.headings.get(operation, _TITLES.get(operation, operation.title()))


def has_words_of(operation: str, title: str) -> bool:
    """Whether a heading of a page is about an operation."""
    return operation in MEANT and MEANT[operation].search(title.strip()) is not None


def _overview(found: Found) -> Part | None:
    told = in_lines(found.description).strip()
    if not told and found.origin in _RUN_BY:
        what = f"`{found.image}`" if found.image else (one_line(found.technology) or "a program of its own")
        where = f" in `{found.where}`" if found.where else ""
        told = f"{in_title(found.title or found.name)} runs {what} by {_ORIGINS[found.origin]}{where}."
    if not told:
        return None
    links = [f"- [{one_line(words)}](<{address}>)" for words, address in found.links]
    return Part(slot="overview", text="\n\n".join([told, "\n".join(links)]).strip(), places=(found.place,))


def _architecture(found: Found, beside: Beside) -> Part | None:
    lines = []
    if found.origin in _RUN_BY:
        where = f", in `{found.where}`" if found.where else ""
        lines.append(f"- **Runs by:** {_ORIGINS[found.origin]}{where}")
    if found.technology:
        lines.append(f"- **Technology:** {one_line(found.technology)}")
    if found.image:
        lines.append(f"- **Image:** `{found.image}`")
    if found.replicas is not None:
        lines.append(f"- **Replicas:** {found.replicas}")
    if found.ports:
        ports = (f"`{reached}`" + (f" (`{own}` within)" if own and own != reached else "")
                 for reached, own in found.ports)  # fmt: skip
        lines.append(f"- **Ports:** {', '.join(ports)}")
    if found.needs:
        needed = (_page_link(each.text, beside) for each in found.needs)
        lines.append(f"- **Depends on:** {', '.join(dict.fromkeys(needed))}")
    if found.keeps:
        kept = (f"`{each.text}`" for each in found.keeps)
        lines.append(f"- **Keeps:** {', '.join(dict.fromkeys(kept))}")
    if not lines:
        return None
    places = (found.place, *(each.place for each in (*found.needs, *found.keeps)))
    return Part(slot="architecture", text="\n".join(lines), places=_places(places, most=1))


def _page_link(name: str, beside: Beside) -> str:
    path = beside.pages.get(name)
    return f"[{one_line(name)}]({path})" if path else f"`{name}`"


def _checks(found: Found, words: Words) -> Part | None:
    lines: list[str] = []
    for check in found.checks:
        if not check.url:
            continue
        lines.append(f"- **{words.label('Health Check URL', 'Health URL', 'Health Check')}:** {check.url}")
        if check.expected:
            lines.append(f"- **{words.label('Expected Response', 'Expected')}:** {check.expected}")
        if check.every_s:
            frequency = words.label("Check Frequency", "Frequency", "Check Interval", "Interval")
            lines.append(f"- **{frequency}:** {_span_of(check.every_s)}")
    commands = [check for check in found.checks if not check.url and check.command]
    text = "\n".join(lines)
    for check in commands:
        text += f"\n\nWhere it is deployed, this tells whether it is well:\n\n{_fence(check.command, 0)}"
    if not text.strip():
        return None
    return Part(slot="health-checks", text=text.strip(), places=_places(c.place for c in found.checks))


def _span_of(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if minutes and not rest else f"{seconds} seconds"


def _deployments(found: Found, words: Words) -> Iterator[Part]:
    deploy = next((each for each in found.operations if each.operation == "deploy"), None)
    back = next((each for each in found.operations if each.operation == "rollback"), None)
    if deploy is None:
        return
    lines = [*_head(deploy, ""), f"- **{words.label('Environment')}:** {_environment(found)}"]
    lines += _phase(words.label("Deployment Process", "Deployment"), deploy.steps)
    rollback = deploy.rollback or (back.steps if back is not None else ())
    lines += _phase(words.label("Rollback Process", "Rollback"), rollback)
    lines += _phase(words.label("Verification"), deploy.verification)
    title = _environment_title(found, words)
    yield Part(
        slot="deployment", title=title, text="\n".join(lines).strip(), places=(found.place,), operation="deploy"
    )


def _environment(found: Found) -> str:
    url = next((each.url for each in found.checks if each.url.startswith("http")), "")
    where = f"`{found.where}` by {_ORIGINS[found.origin]}" if found.where else _ORIGINS[found.origin]
    return f"{where}, {url}" if url else where


def _environment_title(found: Found, words: Words) -> str:
    where = re.split(r"[^a-z]+", found.where.lower())
    for name, others in _ENVIRONMENTS.items():
        if any(word in others for word in where):
            return words.headings.get(name, name.title())
    return in_title(found.where or _ORIGINS[found.origin].removeprefix("a "))


def _operations(found: Found, words: Words) -> Iterator[Part]:
    for name in _TITLES:
        for each in found.operations:
            if each.operation == name:
                yield Part(
                    slot="common-operations", title=title_of(each.operation, words),
                    text=_procedure(each, words), places=(found.place,), operation=each.operation,
                )  # fmt: skip
                break


def _procedure(each: FoundOperation, words: Words) -> str:
    lines = [*_head(each, ""), *_steps(each.steps, "")]
    more = [
        *_phase(words.label("Verification"), each.verification),
        *_phase(words.label("Rollback Process", "Rollback"), each.rollback),
    ]
    return "\n".join([*lines, *([""] if more else []), *more]).strip()


def _head(each: FoundOperation, indent: str) -> list[str]:
    lines: list[str] = []
    if each.note:
        lines += [in_lines(each.note), ""]
    if each.parameters:
        lines += ["| Parameter | Type | Default | Description |", "| --- | --- | --- | --- |"]
        for name, kind, default, description in each.parameters:
            value = default if default in ("", "required") or default.startswith("`") else f"`{default}`"
            told = one_line(description, is_cell=True)
            cells = (f"`{name}`", _bars(kind or "string"), _bars(value or "required"), told)
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if each.danger:
        lines += [f"- **Danger:** {one_line(each.danger)}", ""]
    return [indent + line if line else line for line in lines]


def _bars(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _phase(label: str, steps: Sequence[FoundStep]) -> list[str]:
    return [f"- **{label}:**", *_steps(steps, "  ")] if steps else []


def _steps(steps: Sequence[FoundStep], indent: str) -> list[str]:
    lines: list[str] = []
    number = 0
    for step in steps:
        for text, command in ((step.text, step.command), ("Check that it has worked", step.check)):
            if text is step.text or command:
                number += 1
                lead = f"{number}. "
                lines.append(f"{indent}{lead}{one_line(text)}")
                if command:
                    lines.append(_fence(command, len(indent) + len(lead)))
    return lines


def _fence(command: str, indent: int) -> str:
    longest = max((len(found) for found in re.findall(r"`{3,}", command)), default=2)
    mark = "`" * (longest + 1)
    lines = [f"{mark}bash", *command.strip("\n").split("\n"), mark]
    return "\n".join(" " * indent + line if line else line for line in lines)


def _issues(found: Found, beside: Beside, words: Words) -> Iterator[Part]:
    steps = _what_to_do(found, words)
    for alert in beside.alerts:
        symptoms = in_lines(alert.summary or alert.description) or f"The alert `{alert.name}` fires."
        lines = [f"**{words.label('Symptoms')}:** {symptoms.splitlines()[0]}"]
        if alert.summary and alert.description and alert.description != alert.summary:
            lines += ["", in_lines(alert.description)]
        lines += _solution(steps, words)
        yield Part(
            slot="troubleshooting", title=f"Issue: {in_title(alert.name)}", text="\n".join(lines),
            places=(alert.place,), alert=alert.name,
        )  # fmt: skip
    if not beside.alerts and steps and found.checks:
        lines = [f"**{words.label('Symptoms')}:** The health check of {in_title(found.name)} fails."]
        yield Part(
            slot="troubleshooting", title="Issue: The Health Check Fails",
            text="\n".join([*lines, *_solution(steps, words)]), places=(found.checks[0].place,),
        )  # fmt: skip


def _solution(steps: Sequence[str], words: Words) -> list[str]:
    return ["", f"**{words.label('Solution')}:**", "", *steps] if steps else []


def _what_to_do(found: Found, words: Words) -> list[str]:
    """The service's own operations in the order in which they are of use; each a link to it, and so a step."""
    there = {each.operation for each in found.operations}
    wanted: list[tuple[Operation, str]] = [
        ("status", "See whether it runs"), ("logs", "Read what it says"), ("restart", "Restart it"),
    ]  # fmt: skip
    kept = [(operation, text) for operation, text in wanted if operation in there]
    return [
        f"{number}. [{text}](#{github_slug(title_of(operation, words))})"
        for number, (operation, text) in enumerate(kept, 1)
    ]


def _monitoring(found: Found, beside: Beside, words: Words) -> Part | None:
    lines = []
    dashboards = dict.fromkeys(alert.dashboard for alert in beside.alerts if alert.dashboard)
    dashboards |= dict.fromkeys(address for name, address in found.links if re.search("dashboard|grafana", name, re.I))
    if dashboards:
        label = words.label("Metrics Dashboard", "Dashboard", "Dashboards")
        lines.append(f"- **{label}:** {', '.join(f'<{each}>' for each in dashboards)}")
    if found.logs:
        told = ", ".join(one_line(each.text) if " " in each.text else f"`{each.text}`" for each in found.logs)
        lines.append(f"- **{words.label('Logs')}:** {told}")
    elif any(each.operation == "logs" for each in found.operations):
        title = title_of("logs", words)
        lines.append(f"- **{words.label('Logs')}:** [{title}](#{github_slug(title)})")
    if beside.alerts:
        links = (f"[{one_line(a.name)}](#{github_slug(f'Issue: {a.name}')})" for a in beside.alerts)
        lines.append(f"- **{words.label('Alerts')}:** {', '.join(links)}")
    if found.jobs:
        lines.append(f"- **Scraped as:** {', '.join(f'`{job}`' for job in found.jobs)}")
    if not lines:
        return None
    places = [*(each.place for each in found.logs), *(each.place for each in beside.alerts), found.place]
    return Part(slot="monitoring", text="\n".join(lines), places=_places(places, most=2))


def _contacts(found: Found, beside: Beside, words: Words) -> Part | None:
    owner = beside.owner or found.owner
    lines = [f"- **Owner:** {one_line(owner)}"] if owner else []
    if beside.escalation:
        lines.append(f"- **{words.label('Escalation')}:** [Incident Response]({beside.escalation})")
    if not owner:
        return None
    return Part(slot="emergency-contacts", text="\n".join(lines), places=(found.place,))


def _places(places: Sequence[Span] | Iterator[Span], most: int = _MOST_PLACES) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(places))[:most]


def check_addresses(checks: Sequence[FoundCheck]) -> tuple[str, ...]:
    """The addresses that are asked."""
    return tuple(dict.fromkeys(check.url for check in checks if check.url))
