"""What is found of a service, as the parts of its runbook in Markdown. Chooses no order and fills in no template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from opsbook.book.discovery.found import Found, FoundCheck, Operation
from opsbook.book.discovery.written import RUN_BY, Beside, Part, Words, by, title_of
from opsbook.book.discovery.written_procedures import deployments, fenced, operations, prose
from opsbook.book.escapes import in_lines, in_title, one_line
from opsbook.ground.errors import Span
from opsbook.ground.slugs import github_slug

_MOST_PLACES = 3  # that a part names


def parts_of_runbook(found: Found, beside: Beside, words: Words | None = None) -> tuple[Part, ...]:
    """The parts in the order of Opsbook's own template; what is not known makes no part."""
    words = words or Words()
    return tuple(
        part
        for part in (
            _overview(found),
            _architecture(found, beside),
            _checks(found, words),
            *deployments(found, words),
            *operations(found, words),
            *_issues(found, beside, words),
            _monitoring(found, beside, words),
            _contacts(found, beside),
        )
        if part is not None
    )


def _overview(found: Found) -> Part | None:
    told = in_lines(found.description).strip()
    if not told and found.origin in RUN_BY:
        what = f"`{found.image}`" if found.image else (one_line(found.technology) or "a program of its own")
        where = f" in `{found.where}`" if found.where else ""
        told = f"{in_title(found.title or found.name)} runs {what} by {by(found)}{where}."
    if not told:
        return None
    links = [f"- [{one_line(words)}](<{address}>)" for words, address in found.links]
    return Part(slot="overview", text="\n\n".join([told, "\n".join(links)]).strip(), places=(found.place,))


def _architecture(found: Found, beside: Beside) -> Part | None:
    lines = []
    if found.origin in RUN_BY:
        where = f", in `{found.where}`" if found.where else ""
        lines.append(f"- **Runs by:** {by(found)}{where}")
    if found.technology:
        lines.append(f"- **Technology:** {one_line(found.technology)}")
    if found.image:
        lines.append(f"- **Image:** `{found.image}`")
    if found.replicas is not None:
        lines.append(f"- **Replicas:** {found.replicas}")
    if found.ports:
        lines.append(f"- **Ports:** {', '.join(_port(*each) for each in found.ports)}")
    if found.needs:
        needed = (_page_link(each.text, beside) for each in found.needs)
        lines.append(f"- **Depends on:** {', '.join(dict.fromkeys(needed))}")
    if found.keeps:
        kept = (f"`{each.text}`" for each in found.keeps)
        lines.append(f"- **Keeps:** {', '.join(dict.fromkeys(kept))}")
    lines += [f"- **{one_line(name)}:** {prose(value)}" for name, value in found.facts]
    if not lines:
        return None
    places = (*(found.places or (found.place,)),)
    return Part(slot="architecture", text="\n".join(lines), places=_places(places))


def _port(reached: str, own: str) -> str:
    if not reached:
        return f"`{own}` within alone"
    return f"`{reached}`" + (f" (`{own}` within)" if own and own != reached else "")


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
        text += f"\n\nWhere it is deployed, this tells whether it is well:\n\n{fenced(check.command, 0)}"
    if not text.strip():
        return None
    return Part(slot="health-checks", text=text.strip(), places=_places(c.place for c in found.checks))


def _span_of(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if minutes and not rest else f"{seconds} seconds"


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


def _contacts(found: Found, beside: Beside) -> Part | None:
    owner = beside.owner or found.owner
    lines = [f"- **Owner:** {one_line(owner)}"] if owner else []
    if beside.escalation:
        lines += ["", f"Whom to call next, and when: [Incident Response]({beside.escalation})."]
    if not owner:
        return None
    return Part(slot="emergency-contacts", text="\n".join(lines), places=(found.place,))


def _places(places: Sequence[Span] | Iterator[Span], most: int = _MOST_PLACES) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(places))[:most]


def check_addresses(checks: Sequence[FoundCheck]) -> tuple[str, ...]:
    """The addresses that are asked."""
    return tuple(dict.fromkeys(check.url for check in checks if check.url))
