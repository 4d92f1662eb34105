"""Plans of small pages in a few words, for tests to compare: a line for each step, as an operator would read it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from opsbook.book.grammar import RunOn
from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import Page, read_page
from opsbook.book.plan import LOCAL, PlannedStep
from opsbook.book.planner import Known, Planning, planned, procedure_at, read_on
from opsbook.usecases.run_rules import HINDERING

HOSTS = ("web-1", "web-2", "db-1", "db-2")
GROUPS = {"web": ("web-1", "web-2"), "databases": ("db-1", "db-2"), "empty": ()}
APPROVERS = {"sre-leads": ("ada", "ben"), "dba": ("cleo",)}
HEAD = "# API Runbook\n\n"


def planning(
    text: str, where: str = "do", *, values: Mapping[str, str] | None = None, others: Mapping[str, str] | None = None,
    on: str | None = None, path: str = "runbooks/api.md",
) -> Planning:  # fmt: skip
    """The planning of the procedure at an anchor of a page; `others` are pages that links lead to, by their address."""
    pages = {name: read_page(f"runbooks/{name}", each.encode()) for name, each in (others or {}).items()}

    def linked(_page: Page, href: str) -> Page | None:
        return page if href.startswith("api.md") else pages.get(href.partition("#")[0])

    page = read_page(path, text.encode())
    found = procedure_at(page, where)
    assert found is not None, "the page has no such procedure"
    read = read_on(on) if on else None
    assert read is None or isinstance(read, RunOn)
    known = Known(HOSTS, GROUPS, APPROVERS, linked)
    return planned(
        page, *found, known, given=values or {}, on=read, around=Around(date.min, LintSettings()), checks=HINDERING
    )


def told(found: Planning) -> list[str]:
    """Every step: `2 manual: Look`, `3@web-1,web-2: Do $ do`, `verify.1 ask: …`; with what is not by default."""
    return [line(step) for step in found.plan.steps]


def line(step: PlannedStep) -> str:
    """One step."""
    kind = "" if step.kind == "command" else f" {step.kind}"
    where = "" if step.targets == (LOCAL,) else "@" + ",".join(step.targets)
    script = f" $ {step.script.text}" if step.script else ""
    undoes = f" (undoes {step.undoes})" if step.undoes else ""
    return f"{step.number}{kind}{where}: {step.text}{script}{undoes}"


def wrong(found: Planning) -> list[str]:
    """What keeps it from being run, without the path."""
    return [str(each).partition(":")[2] for each in found.hindrances]


def step(found: Planning, number: str) -> PlannedStep:
    """The step of that number."""
    made = found.plan.step(number)
    assert made is not None, told(found)
    return made
