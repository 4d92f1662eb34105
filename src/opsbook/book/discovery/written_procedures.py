"""How something is done to a service, as found, in the form of procedures that run. Chooses no heading for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from opsbook.book.discovery.found import Found, FoundOperation, FoundStep
from opsbook.book.discovery.written import ENVIRONMENTS, RUNS_BEHIND, TITLES, Part, Words, by, title_of
from opsbook.book.escapes import in_title, one_line


def deployments(found: Found, words: Words) -> Iterator[Part]:
    """How it is deployed, where that is told."""
    deploy = next((each for each in found.operations if each.operation == "deploy"), None)
    back = next((each for each in found.operations if each.operation == "rollback"), None)
    if deploy is None:
        return
    lines = [*_head(deploy, ""), f"- **{words.label('Environment')}:** {_environment(found)}"]
    lines += _phase(words.label("Deployment Process", "Deployment"), deploy.steps, deploy.verification)
    rollback = deploy.rollback or (back.steps if back is not None else ())
    lines += _phase(words.label("Rollback Process", "Rollback"), rollback)
    lines += _phase(words.label("Verification"), deploy.verification)
    title = _environment_title(found, words)
    yield Part(
        slot="deployment", title=title, text="\n".join(lines).strip(), places=(found.place,), operation="deploy"
    )


def _environment(found: Found) -> str:
    url = next((each.url for each in found.checks if each.url.startswith("http")), "")
    url = "/".join(url.split("/")[:3])
    where = f"`{found.where}` by {by(found)}" if found.where else by(found)
    return f"{where}, {url}" if url else where


def _environment_title(found: Found, words: Words) -> str:
    where = re.split(r"[^a-z]+", found.where.lower())
    for name, others in ENVIRONMENTS.items():
        if any(word in others for word in where):
            return words.headings.get(name, name.title())
    return in_title(found.where or by(found).removeprefix("a "))


def operations(found: Found, words: Words) -> Iterator[Part]:
    """Everything else that is done to it, in the order of the template."""
    for name in TITLES:
        for each in found.operations:
            if each.operation == name:
                yield Part(
                    slot="common-operations", title=title_of(each.operation, words),
                    text=_procedure(_proven(each, found), words), places=(found.place,), operation=each.operation,
                )  # fmt: skip
                break


def _proven(each: FoundOperation, found: Found) -> FoundOperation:
    """With what proves that the service runs, where it is to run behind it and nothing else is looked at."""
    if each.verification or any(step.check for step in each.steps) or each.operation not in RUNS_BEHIND:
        return each
    others = (other.verification for other in found.operations if other.operation in ("restart", "start", "deploy"))
    return replace(each, verification=next((found for found in others if found), ()))


def _procedure(each: FoundOperation, words: Words) -> str:
    lines = [*_head(each, ""), *_steps(each.steps, "", each.verification)]
    more = [
        *_phase(words.label("Verification"), each.verification),
        *_phase(words.label("Rollback Process", "Rollback"), each.rollback),
    ]
    return "\n".join([*lines, *([""] if more else []), *more]).strip()


def _head(each: FoundOperation, indent: str) -> list[str]:
    lines: list[str] = []
    if each.note:
        lines += [prose(each.note), ""]
    if each.parameters:
        lines += ["| Parameter | Type | Default | Description |", "| --- | --- | --- | --- |"]
        for name, kind, default, description in each.parameters:
            value = default if default in ("", "required") or default.startswith("`") else f"`{default}`"
            told = one_line(description, is_cell=True)
            cells = (f"`{name}`", _bars(kind or "string"), _bars(value or "required"), told)
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if each.danger:
        lines += [f"- **Danger:** {prose(each.danger)}", ""]
    return [indent + line if line else line for line in lines]


def _bars(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _phase(label: str, steps: Sequence[FoundStep], verified: Sequence[FoundStep] = ()) -> list[str]:
    return [f"- **{label}:**", *_steps(steps, "  ", verified)] if steps else []


def _steps(steps: Sequence[FoundStep], indent: str, verified: Sequence[FoundStep] = ()) -> list[str]:
    """The steps as a list; a check is a step of its own, but where the verification right behind is the same."""
    lines: list[str] = []
    number = 0
    for at, step in enumerate(steps):
        is_verified = at + 1 == len(steps) and step.check in [each.command for each in verified]
        for text, command in ((step.text, step.command), ("Check that it has worked.", step.check)):
            if text is step.text or (command and not is_verified):
                number += 1
                lead = f"{number}. "
                lines.append(f"{indent}{lead}{prose(text)}")
                if command:
                    lines.append(fenced(command, len(indent) + len(lead)))
    return lines


def prose(text: str) -> str:
    """Words in one line in which what stands between backticks is code, and nothing else is a mark."""
    parts = re.split(r"(`[^`\n]+`)", " ".join(text.split()))
    return "".join(part if at % 2 else _spaced(part) for at, part in enumerate(parts))


def _spaced(text: str) -> str:
    """Escaped, with the blanks at its ends."""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{one_line(text)}{after}" if text.strip() else text


def fenced(command: str, indent: int) -> str:
    """A command as a block that many columns in."""
    longest = max((len(found) for found in re.findall(r"`{3,}", command)), default=2)
    mark = "`" * (longest + 1)
    lines = [f"{mark}bash", *command.strip("\n").split("\n"), mark]
    return "\n".join(" " * indent + line if line else line for line in lines)


